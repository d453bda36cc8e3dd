"""Why a bucket is what it is: from facts to exactly one reason. Pure; its words are in
`monitor.domain.words`.

Facts are what a shard and the story know of one series at one time. `explain` asks the questions below in
their order, and the first that is answered is the reason:

1. has the bucket been judged? its verdict; "muted" where that is an anomaly that a window keeps out of
   incidents;
2. did the silence there make an anomaly? that anomaly;
3. is there a grid? else "no cadence";
4. is the bucket final? else "not final", or "not arrived" where nothing can have come yet;
5. did only late samples come for it? "late";
6. had the series begun, and is that part of history kept? else "before the first sample", "not kept";
7. then nothing came: "missing".

There are no imputed values in the system yet, hence no reason for them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np

from monitor.domain.anomaly import Anomaly, AnomalyKind, Verdict
from monitor.domain.past import Past
from monitor.domain.told_band import told_band
from monitor.domain.units import Way, percent_of

POLARITIES: Mapping[str, int] = {"both": 0, "up": 1, "down": -1}
OPENS = 100.0 * 5.0 / 9.0
"""The score from which on a bucket opens an anomaly; as in `learners.score`, which a test compares."""

_SILENT = (AnomalyKind.NO_DATA, AnomalyKind.ENDED)


class Reason(StrEnum):
    """The one terminal reason for what came, or did not come, of a series at a time."""

    IN_BAND = "in band"
    LEARNING = "learning"
    ANOMALY = "anomaly"
    BELOW_MIN_CHANGE = "below minimum change"
    STATIC_BOUND = "static bound"
    QUIETED = "quieted"
    MUTED = "muted"
    MISSING = "missing"
    LATE = "late"
    NOT_FINAL = "not final"
    NOT_ARRIVED = "not arrived"
    NO_CADENCE = "no cadence"
    BEFORE_FIRST = "before the first sample"
    NOT_KEPT = "not kept"


_OF_INCIDENTS = (Reason.ANOMALY, Reason.STATIC_BOUND)


class Ground(StrEnum):
    """What made a bucket part of an anomaly."""

    OUTSIDE = "outside the band"
    LEANING = "leaning"
    STILL = "standing still"
    SILENT = "silent"
    BOUND = "beyond a bound"
    GOING_ON = "going on"
    NEW_LEVEL = "at a new level"


_OF_VERDICT: Mapping[Verdict, Reason] = {
    Verdict.IN_BAND: Reason.IN_BAND,
    Verdict.LEARNING: Reason.LEARNING,
    Verdict.ANOMALY: Reason.ANOMALY,
    Verdict.SHIFTED: Reason.ANOMALY,
    Verdict.BELOW_MIN_CHANGE: Reason.BELOW_MIN_CHANGE,
    Verdict.STATIC_BOUND: Reason.STATIC_BOUND,
    Verdict.QUIETED: Reason.QUIETED,
    Verdict.MISSING: Reason.MISSING,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What was declared, as far as it decides what counts: the smallest change in units and as a share of the
    expectation, the bad side (+1 up, -1 down, 0 both), and fixed bounds."""

    min_absolute: float = 0.0
    min_relative: float = 0.0
    polarity: int = 0
    static_lower: float = -math.inf
    static_upper: float = math.inf

    @staticmethod
    def of(declared: Mapping[str, Any]) -> Rule:
        """
        >>> Rule.of({"polarity": "down", "static_upper": 3.0, "unit": "ms"}).polarity
        -1
        """
        lower, upper = declared.get("static_lower"), declared.get("static_upper")
        return Rule(
            declared.get("min_change_absolute") or 0.0,
            declared.get("min_change_relative") or 0.0,
            POLARITIES[declared.get("polarity") or "both"],
            -math.inf if lower is None else lower,
            math.inf if upper is None else upper,
        )

    def least(self, expected: float) -> float:
        """The smallest change from ``expected`` that counts."""
        return max(self.min_absolute, self.min_relative * abs(expected))


@dataclass(frozen=True, slots=True)
class Judged:
    """One final bucket as it was judged; NaN is none."""

    value: float
    expected: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    score: float = 0.0
    verdict: Verdict = Verdict.IN_BAND
    n: float = math.nan

    def told(self, way: Way) -> Judged:
        """With the band as it is told (`monitor.domain.told_band`)."""
        lower, upper = self.within(way, self.lower, self.upper)
        return replace(self, lower=lower, upper=upper)

    def within(self, way: Way, lower: float, upper: float) -> tuple[float, float]:
        """A band around what was expected, as it is told."""
        columns = map(np.atleast_1d, (self.value, self.expected, lower, upper))
        least, most = told_band(way, *columns)
        return float(least[0]), float(most[0])


@dataclass(frozen=True, slots=True)
class Late:
    """A sample that came after its bucket was final."""

    ts_ms: int
    value: float
    arrival_ms: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A label that has a say about a series: said of ``span``, in event time, of the series itself or of a
    sibling. ``side`` as of its shape; ``quieter``: a false alarm, else confirmed."""

    label_id: str
    user: str
    at_ms: int
    span: tuple[int, int]
    side: int
    quieter: bool
    own: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a series at ``at_ms``. Starts of buckets, None where there is none: ``bucket_ms`` that
    of ``at_ms`` (none without a cadence), ``final_ms`` the newest final one, ``newest_ms`` the newest that
    has begun, ``previous_ms`` the newest observed one at or before the time; before ``kept_ms`` history may
    be gone. ``waiting``: values in the bucket that are not final; ``held``: the series waits for a learning
    pass. ``anomaly``: the one that covers the bucket. ``labels``: the newest that have a say now. ``model``:
    the family that is in force now, None while there is none."""

    at_ms: int
    bucket_ms: int | None = None
    cadence_ms: int = 0
    final_ms: int | None = None
    newest_ms: int | None = None
    previous_ms: int | None = None
    kept_ms: int | None = None
    held: bool = False
    damaged: bool = False
    waiting: tuple[float, ...] = ()
    judged: Judged | None = None
    late: tuple[Late, ...] = ()
    anomaly: Anomaly | None = None
    past: Past | None = None
    labels: tuple[Spoken, ...] = ()
    rule: Rule = field(default_factory=Rule)
    way: Way = field(default_factory=Way)
    model: str | None = None

    @property
    def muted(self) -> bool:
        """Does the bucket lie in a window that keeps its anomaly out of incidents?"""
        until_ms = None if self.anomaly is None else self.anomaly.muted_until_ms
        at_ms = self.at_ms if self.bucket_ms is None else self.bucket_ms
        return until_ms is not None and at_ms < until_ms


@dataclass(frozen=True, slots=True)
class Explanation:
    """The reason with its numbers. ``size`` is value minus expected, ``percent`` the same of the expectation;
    ``normal`` the range in which a value would have been no anomaly by itself. None where there is none."""

    reason: Reason
    ground: Ground | None
    size: float | None
    percent: float | None
    normal: tuple[float, float] | None


def explain(facts: Facts) -> Explanation:
    """The one reason for what a series shows at a time, and the numbers behind it. For any facts."""
    reason, judged = reason_of(facts), facts.judged
    if judged is None:
        ground = Ground.SILENT if reason in (Reason.ANOMALY, Reason.MUTED) else None
        return Explanation(reason, ground, None, None, None)
    size, percent = size_of(judged.value, judged.expected, judged.lower, judged.upper)
    ground = None
    if reason in (*_OF_INCIDENTS, Reason.MUTED):
        ground = ground_of(judged, facts.anomaly, facts.rule)
    return Explanation(reason, ground, size, percent, normal_range(judged, facts.rule, facts.way))


def reason_of(facts: Facts) -> Reason:
    """See the module for the order of questions."""
    reason = _reason_of(facts)
    return Reason.MUTED if reason in _OF_INCIDENTS and facts.muted else reason


def _reason_of(facts: Facts) -> Reason:
    bucket_ms, anomaly = facts.bucket_ms, facts.anomaly
    if facts.judged is not None and facts.judged.verdict is not Verdict.MISSING:
        return _OF_VERDICT[facts.judged.verdict]
    if anomaly is not None and anomaly.kind in _SILENT:
        return Reason.ANOMALY
    if bucket_ms is None:
        return Reason.NO_CADENCE
    if facts.final_ms is None or bucket_ms > facts.final_ms:
        begun = facts.newest_ms is not None and bucket_ms <= facts.newest_ms
        return Reason.NOT_FINAL if begun or facts.waiting else Reason.NOT_ARRIVED
    if facts.late:
        return Reason.LATE
    if facts.previous_ms is None:
        gone = facts.kept_ms is not None and bucket_ms < facts.kept_ms
        return Reason.NOT_KEPT if gone else Reason.BEFORE_FIRST
    return Reason.MISSING


def size_of(value: float, expected: float, lower: float, upper: float) -> tuple[float | None, float | None]:
    """Value minus expected, and that in percent; None where there is none.

    >>> size_of(180.0, 100.0, 90.0, 110.0), size_of(1.0, float("nan"), 0.0, 1.0)
    ((80.0, 80.0), (None, None))
    """
    size = value - expected
    if not math.isfinite(size):
        return None, None
    return size, percent_of(size, expected, (upper - lower) / 2)


def ground_of(judged: Judged, anomaly: Anomaly | None, rule: Rule) -> Ground:
    """What made a bucket part of an anomaly, as far as value, band and score tell."""
    if judged.verdict is Verdict.STATIC_BOUND:
        return Ground.BOUND
    if anomaly is not None and anomaly.kind in _SILENT:
        return Ground.SILENT
    if anomaly is not None and anomaly.kind is AnomalyKind.FLAT_LINE:
        return Ground.STILL
    if judged.verdict is Verdict.SHIFTED:
        return Ground.NEW_LEVEL
    if judged.score < OPENS:
        return Ground.GOING_ON
    if judged.lower <= judged.value <= judged.upper:
        beyond = judged.value < rule.static_lower or judged.value > rule.static_upper
        return Ground.BOUND if beyond else Ground.LEANING
    return Ground.OUTSIDE


def normal_range(judged: Judged, rule: Rule, way: Way) -> tuple[float, float] | None:
    """Values that would have been no anomaly by themselves: the band, widened by what is declared not to
    matter, as far as there are such values, and cut at fixed bounds. None without a forecast.

    >>> normal_range(Judged(9.0, 5.0, 4.0, 6.0), Rule(min_absolute=2.0), Way())
    (3.0, 7.0)
    >>> normal_range(Judged(9.0, 5.0, 4.0, 6.0), Rule(polarity=-1, static_upper=8.0), Way())
    (4.0, 8.0)
    >>> from monitor.domain.units import Manner
    >>> normal_range(Judged(0.9, 0.1, 0.0, 0.2), Rule(min_absolute=0.3), Way(Manner.SHARE))
    (0.0, 0.4)
    """
    if math.isnan(judged.expected) or math.isnan(judged.lower) or math.isnan(judged.upper):
        return None
    least = rule.least(judged.expected)
    lower = min(judged.lower, judged.expected - least)
    upper = max(judged.upper, judged.expected + least)
    lower, upper = judged.within(way, lower, upper)
    lower = -math.inf if rule.polarity > 0 else lower
    upper = math.inf if rule.polarity < 0 else upper
    return max(lower, rule.static_lower), min(upper, rule.static_upper)


def covers(
    anomaly: Anomaly, bucket_ms: int, *, newest_ms: int, clock_ms: int, previous_ms: int | None
) -> bool:
    """Is the bucket part of the anomaly? "No data" goes on up to ``newest_ms``, the newest bucket that has
    begun. That a series has ended is said of all up to ``clock_ms``, until something comes again:
    ``previous_ms`` is the newest observation at or before the bucket."""
    if bucket_ms < anomaly.onset_ms:
        return False
    if anomaly.kind is AnomalyKind.ENDED:
        return bucket_ms <= clock_ms and (previous_ms is None or previous_ms < anomaly.onset_ms)
    if anomaly.end_ms is not None:
        return bucket_ms < anomaly.end_ms
    return bucket_ms <= newest_ms or anomaly.kind is not AnomalyKind.NO_DATA
