"""Comfort calibration of a set of series, or of those that a route speaks of: one series after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from monitor.domain.comfort import SCORES, Run, reached
from monitor.domain.durations import DAY_MS
from monitor.domain.meta import of_itself
from monitor.domain.series import Identity
from monitor.shards import Row

SERIES_MAX = 200
"""Most series of one answer, those with the smallest ids; what goes beyond is said."""
RUNS_MAX = 500
DAYS_MAX = 60


@dataclass(frozen=True, slots=True)
class Threshold:
    """What would have been with this score. ``series``: those with a run; ``excess``: in the metric's units,
    None where the set is of several metrics, whose units do not add up."""

    score: float
    runs: int
    series: int
    excess: float | None


@dataclass(frozen=True, slots=True)
class Comfort:
    """``series``: how many were looked at; ``truncated``: there are more that fit; ``runs``: of the lowest
    threshold those with the highest scores, in their order, each with the row of its series."""

    from_ms: int
    to_ms: int
    series: int
    metrics: int
    truncated: bool
    thresholds: tuple[Threshold, ...]
    runs: tuple[tuple[Row, Run], ...]


def comfort(
    series: Iterable[Row],
    selects: Callable[[Identity], bool],
    columns: Callable[[str, int, int], Mapping[str, Any]],
    days: int,
    scores: Sequence[float] = SCORES,
) -> Comfort:
    """Over the last ``days`` of event time, up to where the set's samples end, own series left aside if there
    are others. ``series``: rows; ``columns(id, from_ms, to_ms)``: observations."""
    rising = sorted(set(scores))
    fitting = (row for row in series if selects(Identity.of(str(row["metric"]), row["tags"])))
    rows = list(islice(fitting, SERIES_MAX + 1))
    looked_at = rows[:SERIES_MAX]
    ends = [int(row["last_ms"]) + int(row["cadence_ms"]) for row in looked_at]
    others = [end for end, row in zip(ends, looked_at, strict=True) if not of_itself(str(row["metric"]))]
    to_ms = max(others or ends, default=0)
    from_ms = max(to_ms - days * DAY_MS, 0)
    runs, with_any, excess = ([0] * len(rising), [0] * len(rising), [0.0] * len(rising))
    told: list[tuple[Row, Run]] = []
    for row in looked_at:
        seen = columns(str(row["id"]), from_ms, to_ms)
        if not seen or not len(seen["ts_ms"]):
            continue
        found = reached(seen, int(row["cadence_ms"]), rising)
        for at, count in enumerate(found.runs):
            runs[at] += count
            with_any[at] += count > 0
            excess[at] += found.excess[at]
        told += [(row, one) for one in found.lowest]
    told.sort(key=lambda one: (-one[1].score, one[1].from_ms, one[0]["id"]))
    metrics = len({row["metric"] for row in looked_at})
    return Comfort(
        from_ms,
        to_ms,
        series=len(looked_at),
        metrics=metrics,
        truncated=len(rows) > SERIES_MAX,
        thresholds=tuple(
            Threshold(score, runs[at], with_any[at], excess[at] if metrics <= 1 else None)
            for at, score in enumerate(rising)
        ),
        runs=tuple(told[:RUNS_MAX]),
    )
