"""A receiver that writes a line into the server's log."""

from __future__ import annotations

import logging
from typing import Literal

from monitor.alerting.receivers.kind import Kind, Strict
from monitor.alerting.secrets import Secrets
from monitor.domain.notice import Notice

logger = logging.getLogger("watchkeeper.notices")


class LogSettings(Strict):
    level: Literal["info", "warning", "error"] = "warning"


class LogReceiver:
    """One line a notice. What a sender wrote is shown, never obeyed: no line can look like another."""

    def __init__(self, level: int) -> None:
        self._level = level

    def deliver(self, notice: Notice) -> None:
        title = notice.title or (notice.incident.title if notice.incident is not None else "")
        said = "; ".join((title, *notice.changed))
        logger.log(self._level, "%s %s: %s", notice.kind.value, notice.key, printable(said))

    def close(self) -> None:
        pass


def printable(text: str) -> str:
    """
    >>> printable("a\\nb\\x1b[0m")
    'a\\ufffdb\\ufffd[0m'
    """
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _make(settings: LogSettings, _secrets: Secrets) -> LogReceiver:
    return LogReceiver(logging.getLevelNamesMapping()[settings.level.upper()])


KIND = Kind("log", LogSettings, _make, per_s=100.0)
