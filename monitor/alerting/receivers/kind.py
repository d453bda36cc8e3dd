"""What a kind of receiver is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from monitor.alerting.outbound import Outbound
from monitor.domain.notice import Receiver


@dataclass(frozen=True, slots=True)
class Kind:
    """``settings``: the strict dataclass of a kind's settings, with secrets already read. ``build``: from one
    of those, and the way out, to a receiver; opens no connection. ``per_s``: notices that begin to be sent in
    a second, at most. ``digests``: can it take a digest; ``re_sent``: must open incidents be delivered anew
    every few minutes; ``pictures``: can it carry charts, which cost half a second each."""

    name: str
    settings: type[Any]
    build: Callable[[Any, Outbound], Receiver]
    per_s: float = 1.0
    digests: bool = True
    re_sent: bool = False
    pictures: bool = False

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of settings that are secret."""
        return tuple(one.name for one in fields(self.settings) if "SecretStr" in str(one.type))
