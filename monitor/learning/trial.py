"""Is a new champion worse than the one before it? Asked once, of the first stretch it lived through.

Three of its own figures stand beside those of its predecessor: how often there were anomalies, how often
values lay outside the band (of both, `LONG` buckets in a row are one case at most), and the share of false
alarms among labelled anomalies. One is worse beyond chance where, of the cases of both together, so many
would fall to the new one in one of a thousand drawings (hypergeometric). The world may have become wilder,
too: so the predecessor, as it was when it was replaced, is let run over the same values, and must have found
news in them at most half as often. What people confirmed does not count against anybody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.grade import ASKED, place
from learners.lowpass import step
from learners.lowpass import surprise as lean_surprise
from learners.residual import normal_score
from learners.score import L_OPEN
from learners.single import Model
from monitor.domain.anomaly import ANOMALOUS
from monitor.domain.durations import DAY_MS

CHANCE = 1e-3
LONG = 16
STRETCH_MIN = 256
"""Final buckets of a first stretch, at least."""
BARRED_DAYS = 14
BARRED_BUCKETS_MIN = 1_024
"""How long a family that was rolled back stays away: two weeks, or four passes."""

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cases of anomalies and of values outside the band; ``false`` of ``labelled`` anomalies were false
    alarms."""

    buckets: int
    anomalous: int
    outside: int
    labelled: int = 0
    false: int = 0


def stretch_of(columns: Mapping[str, NDArray[Any]], confirmed: Spans, harmless: Spans) -> Stretch:
    """``columns``: ts_ms, value, lower, upper, verdict of one model's judged buckets; spans in event time."""
    ts_ms = columns["ts_ms"]
    if not len(ts_ms):
        return Stretch(0, 0, 0)
    first, end = int(ts_ms[0]), int(ts_ms[-1]) + 1
    real, false = (
        sum(from_ms < end and to_ms > first for from_ms, to_ms in of) for of in (confirmed, harmless)
    )
    kept = outside_of(ts_ms, confirmed)
    value, lower, upper = (columns[name][kept] for name in ("value", "lower", "upper"))
    return Stretch(
        buckets=int(np.count_nonzero(kept)),
        anomalous=_cases(np.isin(columns["verdict"][kept], ANOMALOUS)),
        outside=_cases((value < lower) | (value > upper)),
        labelled=real + false,
        false=false,
    )


def outside_of(ts_ms: NDArray[np.int64], spans: Spans) -> NDArray[np.bool_]:
    """Which times lie in none of the spans."""
    kept = np.ones(len(ts_ms), np.bool_)
    for from_ms, to_ms in spans:
        kept[np.searchsorted(ts_ms, from_ms) : np.searchsorted(ts_ms, to_ms)] = False
    return kept


def news_to(
    model: Model, lowpass: tuple[float, float], t: NDArray[np.int64], y: NDArray[np.float64], cadence_ms: int
) -> int:
    """Cases of values that would be news to ``model``, by themselves or as a lean of many; it learns from the
    others. ``lowpass``: of residuals, and its scale. Some 20 µs a value."""
    asked = float(ASKED[place(cadence_ms)])
    lean, scale = lowpass
    news = np.zeros(len(t), np.bool_)
    for i, (at, value) in enumerate(zip(t.tolist(), y.tolist(), strict=True)):
        residual, surprise = model.surprise_one(value, at)
        if surprise < L_OPEN:
            lean = step(lean, normal_score(surprise, residual), 1.0)
        news[i] = surprise >= asked or lean_surprise(lean, scale) >= asked
        if not news[i]:
            model.learn_one(value, at)
    return _cases(news)


def worse(before: Stretch, after: Stretch) -> tuple[str, ...]:
    """In what the new champion is worse beyond chance, a line each; empty if in nothing.

    >>> worse(Stretch(1_800, 2, 8), Stretch(288, 9, 4))
    ('anomalies: 9 times in 288 buckets, before 2 times in 1800',)
    >>> worse(Stretch(1_800, 2, 8, 9, 1), Stretch(288, 1, 2, 8, 8))
    ('of 8 labelled anomalies 8 were false alarms, before 1 of 9',)
    >>> worse(Stretch(1_800, 2, 8), Stretch(288, 3, 4))
    ()
    """
    if not (before.buckets and after.buckets):
        return ()
    found = [
        f"{what}{new} times in {after.buckets} buckets, before {old} times in {before.buckets}"
        for what, old, new in (
            ("anomalies: ", before.anomalous, after.anomalous),
            ("outside the band: ", before.outside, after.outside),
        )
        if by_chance((old, before.buckets), (new, after.buckets)) < CHANCE
    ]
    if by_chance((before.false, before.labelled), (after.false, after.labelled)) < CHANCE:
        found.append(
            f"of {after.labelled} labelled anomalies {after.false} were false alarms,"
            f" before {before.false} of {before.labelled}"
        )
    return tuple(found)


def by_chance(first: tuple[int, int], second: tuple[int, int]) -> float:
    """Given two counts, each of so many, how probable it is that at least as many of both together fall to
    the ``second`` where it makes no difference.

    >>> round(by_chance((0, 10), (1, 10)), 6), by_chance((5, 5), (0, 5)), round(by_chance((0, 5), (5, 5)), 5)
    (0.5, 1.0, 0.00397)
    """
    (few, of_first), (many, of_second) = first, second
    total, whole = few + many, of_first + of_second
    if many == 0 or not of_first:
        return 1.0
    ways = [
        _choices(of_second, count) + _choices(of_first, total - count) - _choices(whole, total)
        for count in range(many, min(total, of_second) + 1)
        if total - count <= of_first
    ]
    return min(sum(map(math.exp, ways)), 1.0)


def barred_until(final_n: int, cadence_ms: int) -> int:
    """Final buckets up to which a family stays away that was rolled back after ``final_n``.

    >>> barred_until(1_000, 3_600_000), barred_until(1_000, 300_000)
    (2024, 5032)
    """
    return final_n + max(BARRED_DAYS * DAY_MS // max(cadence_ms, 1), BARRED_BUCKETS_MIN)


def _choices(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _cases(flags: NDArray[np.bool_]) -> int:
    """Runs; of a long one, each `LONG` buckets.

    >>> _cases(np.array([True, False, True, True])), _cases(np.ones(33, bool)), _cases(np.zeros(0, bool))
    (2, 3, 0)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int(np.sum(-(-(edges[1::2] - edges[::2]) // LONG)))
