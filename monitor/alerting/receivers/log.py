"""A receiver that writes a line into the server's log."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic.dataclasses import dataclass

from monitor.alerting.outbound import Outbound
from monitor.alerting.receivers.config import STRICT
from monitor.alerting.text import shown
from monitor.domain.notice import Notice, Receiver

logger = logging.getLogger("watchkeeper.notices")


@dataclass(config=STRICT, frozen=True, kw_only=True)
class LogSettings:
    level: Literal["info", "warning", "error"] = "warning"


class LogReceiver:
    """One line a notice. What a sender wrote is shown, never obeyed: no line can look like another."""

    def __init__(self, level: int) -> None:
        self._level = level

    def deliver(self, notice: Notice) -> None:
        title = notice.title or (notice.incident.title if notice.incident is not None else "")
        said = shown("; ".join((title, *notice.changed)), 1_000)
        logger.log(self._level, "%s %s: %s", notice.kind.value, shown(notice.key), said)

    def close(self) -> None:
        """Nothing is kept open."""


def build(settings: LogSettings, _outbound: Outbound) -> Receiver:
    return LogReceiver(logging.getLevelNamesMapping()[settings.level.upper()])
