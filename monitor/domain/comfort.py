"""Comfort calibration: over a range of thresholds, how many anomalies there would have been and how far
values lay outside their band in all. The owner picks what they are comfortable with.

A *run* is an unbroken row of values whose score reaches a threshold. Minimum change, duration and labels,
which also decide what becomes an anomaly, are left out, so a threshold is all that differs between two rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCORES = tuple(float(score) for score in range(40, 100, 5))
"""What is asked where nothing else is."""

OPENS_AT = 55.6
"""The score at which an anomaly opens."""


@dataclass(frozen=True, slots=True)
class Run:
    """[``from_ms``, ``to_ms``) of one series; ``score``: the highest in it; ``excess``: summed distance
    outside the band, in the metric's units. It is there for every threshold up to its score."""

    from_ms: int
    to_ms: int
    score: float
    excess: float


@dataclass(frozen=True, slots=True)
class Reached:
    """Of one series: runs and their excess by threshold, and the runs at the lowest one, in time order."""

    runs: tuple[int, ...]
    excess: tuple[float, ...]
    lowest: tuple[Run, ...]


def reached(columns: Mapping[str, NDArray[Any]], cadence_ms: int, scores: Sequence[float]) -> Reached:
    """``columns``: ts_ms, value, lower, upper and score of one series' buckets in time order (NaN where there
    is none); ``scores``: thresholds, rising.

    >>> columns = {
    ...     "ts_ms": np.array([0, 60, 120]), "value": np.array([9.0, 1.0, 7.0]),
    ...     "score": np.array([80, 10, 60]), "lower": np.zeros(3), "upper": np.full(3, 5.0),
    ... }
    >>> found = reached(columns, 60, (50.0, 70.0, 90.0))
    >>> found.runs, found.excess
    ((2, 1, 0), (6.0, 4.0, 0.0))
    >>> found.lowest[1]
    Run(from_ms=120, to_ms=180, score=60.0, excess=2.0)
    """
    score = np.nan_to_num(np.asarray(columns["score"], np.float64), nan=-1.0)
    outside = _outside(columns)
    above = [score >= one for one in scores]
    runs = tuple(int(np.count_nonzero(_starts(one))) for one in above)
    excess = tuple(float(outside[one].sum()) for one in above)
    return Reached(runs, excess, _runs(columns["ts_ms"], cadence_ms, score, outside, above[0]))


def _outside(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """How far each value lies outside its band; 0 within, and where there is no band."""
    value = np.asarray(columns["value"], np.float64)
    beyond = np.fmax(value - columns["upper"], columns["lower"] - value)
    return np.where(np.isfinite(beyond), np.maximum(beyond, 0.0), 0.0)


def _starts(above: NDArray[np.bool_]) -> NDArray[np.bool_]:
    starts = above.copy()
    starts[1:] &= ~above[:-1]
    return starts


def _runs(
    ts_ms: NDArray[Any],
    cadence_ms: int,
    score: NDArray[np.float64],
    outside: NDArray[np.float64],
    above: NDArray[np.bool_],
) -> tuple[Run, ...]:
    first = np.flatnonzero(_starts(above))
    last = np.flatnonzero(_starts(above[::-1]))[::-1]
    end = len(above) - last  # the mirror of the first of a run, read backwards, is its last
    return tuple(
        Run(int(ts_ms[a]), int(ts_ms[b - 1]) + cadence_ms, float(score[a:b].max()), float(outside[a:b].sum()))
        for a, b in zip(first.tolist(), end.tolist(), strict=True)
    )
