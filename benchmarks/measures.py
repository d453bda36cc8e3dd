"""What flagged points are worth against labelled spans: the same measures for every detector.

- *event*: flagged points at most `APART` apart. True if it begins in a span or at most `APART` points before
  one, neither true nor false if it begins in the time after one in which a series settles again (`SETTLING`
  points), else false. What counts is that somebody is told then: an alarm that never ends meets every span
  and has found none.
- *precision*: true of true and false events; *recall*: spans met; *event F1*: their harmonic mean.
- *delay-F1*: a span is found if one of its first k + 1 = 8 points is flagged, then all its points are true
  positives, else all are misses; other flagged points are false positives.
- *delay*: points from the start of a span to the first flagged point of the event that found it.
- *false alarms*: false events, per 10,000 points and per series and week.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from monitor.domain.durations import WEEK_MS

APART = 5
DELAY_K = 7
SETTLING = 60


@dataclass(frozen=True, slots=True)
class Span:
    """Points ``start`` to ``end - 1`` are part of a labelled anomaly."""

    start: int
    end: int


@dataclass(slots=True)
class Tally:
    """Counts that add up over series; ``weeks`` of series; ``delays`` in points."""

    points: int = 0
    weeks: float = 0.0
    spans: int = 0
    met: int = 0
    true_events: int = 0
    false_events: int = 0
    true_points: int = 0
    missed_points: int = 0
    false_points: int = 0
    delays: list[int] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @staticmethod
    def of(tallies: Iterable[Tally]) -> Tally:
        total = Tally()
        for one in tallies:
            total.add(one)
        return total

    @property
    def precision(self) -> float:
        """1 where nothing was flagged."""
        return _share(self.true_events, self.true_events + self.false_events, 1.0)

    @property
    def recall(self) -> float:
        return _share(self.met, self.spans, 0.0)

    @property
    def event_f1(self) -> float:
        return _share(2.0 * self.precision * self.recall, self.precision + self.recall, 0.0)

    @property
    def delay_f1(self) -> float:
        wrong = self.missed_points + self.false_points
        return _share(2.0 * self.true_points, 2.0 * self.true_points + wrong, 0.0)

    @property
    def false_per_week(self) -> float:
        return _share(self.false_events, self.weeks, 0.0)

    @property
    def false_per_10k(self) -> float:
        return _share(10_000.0 * self.false_events, self.points, 0.0)

    def delay(self, quantile: float) -> float:
        """NaN where nothing was found."""
        return float(np.quantile(self.delays, quantile)) if self.delays else float("nan")


def _share(part: float, whole: float, otherwise: float) -> float:
    return part / whole if whole > 0.0 else otherwise


def tally(
    flagged: NDArray[np.bool_],
    spans: Sequence[Span],
    cadence_ms: int,
    settling: int = SETTLING,
    early: int = APART,
) -> Tally:
    """One series: ``flagged`` bool, one a point; points are ``cadence_ms`` apart. ``early``: points before a
    span at which an alarm may begin to have found it (0 for planted faults, whose start is exact).

    >>> flags = np.zeros(100, bool)
    >>> flags[[20, 23, 60]] = True
    >>> told = tally(flags, [Span(20, 30), Span(80, 90)], 60_000, settling=5)
    >>> told.true_events, told.false_events, told.recall, told.delays
    (1, 1, 0.5, [0])
    >>> tally(np.ones(100, bool), [Span(20, 30), Span(80, 90)], 60_000).event_f1
    0.0
    """
    label, settles = np.zeros(len(flagged), np.bool_), np.zeros(len(flagged), np.bool_)
    one = Tally(points=len(flagged), weeks=len(flagged) * cadence_ms / WEEK_MS, spans=len(spans))
    found = events(flagged)
    onsets = np.array([start for start, _ in found], np.int64)
    for span in spans:
        label[max(span.start - early, 0) : span.end] = True
        settles[span.start : span.end + settling] = True
        at = onsets[(onsets >= span.start - early) & (onsets < span.end)]
        one.met += bool(len(at))
        one.delays += np.maximum(at[:1] - span.start, 0).tolist()
        in_time = bool(flagged[span.start : span.end][: DELAY_K + 1].any())
        one.true_points += (span.end - span.start) * in_time
        one.missed_points += (span.end - span.start) * (not in_time)
    for start, _ in found:
        if label[start]:
            one.true_events += 1
        elif not settles[start]:
            one.false_events += 1
    one.false_points = int(np.count_nonzero(flagged & ~settles))
    return one


def events(flagged: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Events as (first point, first point after).

    >>> events(np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1], bool))
    [(0, 6), (12, 13)]
    """
    at = np.flatnonzero(flagged)
    if not len(at):
        return []
    cut = np.flatnonzero(np.diff(at) > APART)
    firsts, lasts = np.concatenate([at[:1], at[cut + 1]]), np.concatenate([at[cut], at[-1:]])
    return [(int(a), int(b) + 1) for a, b in zip(firsts, lasts, strict=True)]


def spans_of(label: NDArray[np.bool_]) -> list[Span]:
    """Runs of labelled points.

    >>> spans_of(np.array([0, 1, 1, 0, 1], bool))
    [Span(start=1, end=3), Span(start=4, end=5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], label, [False]]).astype(np.int8)))
    return [Span(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def budget(scores: NDArray[np.float64], share: float = 0.001) -> float:
    """The threshold that flags ``share`` of warm-up ``scores``; above it is an alarm."""
    known = scores[np.isfinite(scores)]
    return float(np.quantile(known, 1.0 - share)) if len(known) else float("inf")
