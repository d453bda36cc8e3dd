"""How well anomalies match labels: both as spans of one series, compared as events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Span:
    """Event times in UTC milliseconds, both ends included."""

    series: int
    start_ms: int
    end_ms: int

    def touches(self, other: Span) -> bool:
        return self.series == other.series and self.start_ms <= other.end_ms and other.start_ms <= self.end_ms


@dataclass(frozen=True, slots=True)
class Judgement:
    """``precision``: share of anomalies that touch a labelled span; ``recall``: share of labelled spans
    that an anomaly touches; ``delay_ms``: median time from the start of a found span to its first
    anomalous sample. None where there is nothing to take a share of."""

    labelled: int
    anomalies: int
    precision: float | None
    recall: float | None
    delay_ms: float | None

    @property
    def f1(self) -> float | None:
        if self.precision is None or self.recall is None:
            return None
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def judge(anomalies: Sequence[Span], labels: Sequence[Span]) -> Judgement:
    """
    >>> found = judge([Span(1, 30, 40), Span(1, 90, 95)], [Span(1, 20, 50), Span(2, 20, 50)])
    >>> found.precision, found.recall, found.f1, found.delay_ms
    (0.5, 0.5, 0.5, 10)
    """
    by_series: dict[int, list[Span]] = {}
    for anomaly in anomalies:
        by_series.setdefault(anomaly.series, []).append(anomaly)
    right: set[Span] = set()
    delays: list[int] = []
    for label in labels:
        hits = [anomaly for anomaly in by_series.get(label.series, []) if anomaly.touches(label)]
        right.update(hits)
        if hits:
            delays.append(max(0, min(hit.start_ms for hit in hits) - label.start_ms))
    return Judgement(
        labelled=len(labels),
        anomalies=len(anomalies),
        precision=len(right) / len(set(anomalies)) if anomalies else None,
        recall=len(delays) / len(labels) if labels else None,
        delay_ms=median(delays) if delays else None,
    )


def runs(series: Sequence[int], ts_ms: Sequence[int], marks: Sequence[int]) -> list[Span]:
    """Spans of equal non-zero marks per series; rows in time order within each series.

    >>> [(s.series, s.start_ms, s.end_ms) for s in runs([1, 1, 2, 1], [0, 1, 1, 2], [0, 7, 7, 7])]
    [(1, 1, 2), (2, 1, 1)]
    """
    found: list[Span] = []
    last: dict[int, tuple[int, int]] = {}
    for one, at_ms, mark in zip(series, ts_ms, marks, strict=True):
        before, place = last.get(one, (0, -1))
        if mark and mark == before:
            found[place] = Span(one, found[place].start_ms, at_ms)
        elif mark:
            place = len(found)
            found.append(Span(one, at_ms, at_ms))
        last[one] = (mark, place)
    return sorted(found, key=lambda span: (span.series, span.start_ms))
