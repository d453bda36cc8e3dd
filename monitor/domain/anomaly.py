"""An anomaly: a span of one series with a high score, with an onset, a peak and an end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from monitor.domain.series import Identity


class AnomalyKind(StrEnum):
    SPIKE = "spike"
    DIP = "dip"
    LEVEL_SHIFT = "level shift"
    FLAT_LINE = "flat line"
    NO_DATA = "no data"
    ENDED = "ended"
    ABSORBED_DRIFT = "absorbed drift"


class Change(StrEnum):
    """What happened to an anomaly at one log position."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


class Verdict(IntEnum):
    """The one terminal reason for a sample's outcome; stored beside each observation."""

    IN_BAND = 0
    LEARNING = 1
    ANOMALY = 2
    BELOW_MIN_CHANGE = 3
    STATIC_BOUND = 4
    MISSING = 5
    SHIFTED = 6
    QUIETED = 7


FLAGGED = (int(Verdict.ANOMALY), int(Verdict.STATIC_BOUND))
"""Verdicts of buckets that are anomalous by themselves."""
ANOMALOUS = (*FLAGGED, int(Verdict.SHIFTED))
"""Verdicts of buckets that are part of an anomaly, those too that are as expected at its new level."""
SURPRISING = (*ANOMALOUS, int(Verdict.QUIETED))
"""And of those that labels keep quiet."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """All times are event times in UTC milliseconds, at the start of their bucket.

    ``id`` is made of the fingerprint and the onset, so it is the same in live, replay and back-test.
    ``end_ms`` is the end of the last anomalous bucket (exclusive), None while open. ``value``,
    ``expected``, ``lower`` and ``upper`` are those at the peak. ``direction``: +1 up, -1 down, 0 none.
    ``team``: that of its series when it began; empty if none. ``weight``: what is declared of its metric.
    Absorbed drift has its onset where the level was known to be usual, weeks before its peak, the report.
    ``muted_until_ms``: the end of the window that keeps it out of incidents (`monitor.domain.windows`).
    ``heard_ms``: how far its series had come when it was told last, where that was long over by then (history
    that was read in): the clock does not go for it. None where it does. It is of the telling and not of the
    anomaly, which is the same whenever it is told.
    """

    id: str
    series: Identity
    kind: AnomalyKind
    direction: int
    onset_ms: int
    peak_ms: int
    last_ms: int
    end_ms: int | None
    score: float
    value: float
    expected: float
    lower: float
    upper: float
    buckets: int
    cadence_ms: int
    team: str = ""
    weight: float = 1.0
    muted_until_ms: int | None = None
    heard_ms: int | None = field(default=None, compare=False, repr=False)

    @property
    def begin_ms(self) -> int:
        """When it counts as begun beside other anomalies: at its onset, but absorbed drift at its report.
        What happens to fall into the weeks before has nothing to do with it. What is muted begins at the end
        of its window."""
        if self.muted_until_ms is not None:
            return self.muted_until_ms
        return self.peak_ms if self.kind is AnomalyKind.ABSORBED_DRIFT else self.onset_ms

    @property
    def unmuted(self) -> Anomaly:
        return replace(self, muted_until_ms=None)

    @staticmethod
    def id_of(fingerprint: int, onset_ms: int, kind: AnomalyKind) -> str:
        letter = {"no data": "n", "flat line": "f", "ended": "e", "absorbed drift": "d"}.get(kind.value, "a")
        return f"{fingerprint:016x}-{onset_ms:x}-{letter}"


@dataclass(frozen=True, slots=True)
class AnomalyEvent:
    """One change of one anomaly. ``(shard, position, sequence)`` is unique and increasing;
    ``at_ms`` is the event time at which it became known."""

    shard: int
    position: int
    sequence: int
    change: Change
    at_ms: int
    anomaly: Anomaly
