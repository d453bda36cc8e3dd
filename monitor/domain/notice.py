"""A notice: what one receiver is told of one step in an incident's life, and how it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from monitor.domain.incident import Incident


class NoticeKind(StrEnum):
    """``digest``: many incidents in one notice, of a day or a week; it opens and closes nothing."""

    OPENED = "opened"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as PNG, and what it shows in words for those who cannot see it."""

    name: str
    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Notice:
    """``key`` is the same for all notices of an incident at every receiver (at most 255 characters);
    ``sequence`` rises within it, so (key, sequence) is the notice's own and a repeat can be told.
    ``at_ms``: event time of the step. ``changed``: what is new, in plain words. ``url``: the incident's
    page. ``labels``: from the label's name to the signed link that shows it before setting it.
    ``chart``: signed address of its picture, for services that fetch it themselves; may be empty.
    ``digest``: the incidents of a digest, whose ``incident`` is None.
    """

    key: str
    sequence: int
    kind: NoticeKind
    at_ms: int
    incident: Incident | None
    changed: tuple[str, ...] = ()
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    chart: str = ""
    digest: tuple[Incident, ...] = ()
    title: str = ""


class Undelivered(Exception):
    """Not taken, and worth another try; not before ``retry_after_s`` where the receiver named it."""

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class Rejected(Exception):
    """Not taken, and the same will never be: wrong address, wrong secret, wrong shape."""


class Receiver(Protocol):
    """Where notices go. One call is one try; blocking, from a thread of the receiver's own."""

    def deliver(self, notice: Notice) -> None:
        """Returns when the receiver has taken it. Raises `Undelivered` or `Rejected`, whose words carry
        no secret."""

    def close(self) -> None: ...
