"""The shape of what a label speaks of: which statistic said it, on which side, how large, how long, when.

A label carries the shapes of what it is said of, since the shards that act on it remember no anomaly that is
over. Levels are those of the score: L = -log10 p on the scale of a minute, where an anomaly opens at 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from monitor.domain.anomaly import Anomaly, AnomalyKind

HALF_SCORE = 4.0
"""The level shown as 50; as in `learners.score`, which a test compares."""
LEVEL_MAX = 1e6
ORDINARY_SHARE = 0.5
"""A value nearer to the expectation than that share of the band says nothing by itself."""


class Statistic(StrEnum):
    """``value``: the value by itself; ``lean``: that many values lean to one side; ``still``: that they stand
    still. Silence has none: labels of "no data" and of ends change nothing."""

    VALUE = "value"
    LEAN = "lean"
    STILL = "still"


@dataclass(frozen=True, slots=True)
class Shape:
    """``series``: an id, with its ``metric``. ``side``: +1 up, -1 down, 0 none. ``size``: distance from the
    expectation in the metric's units. ``lasting``: it had become a level shift. The span is event time."""

    series: str
    metric: str
    statistic: Statistic
    side: int
    level: float
    size: float
    buckets: int
    lasting: bool
    from_ms: int
    to_ms: int

    def to_body(self) -> dict[str, Any]:
        return asdict(self) | {"statistic": self.statistic.value}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Shape:
        """
        >>> one = Shape("0b", "orders", Statistic.LEAN, -1, 6.5, 12.0, 3, False, 5, 9)
        >>> Shape.from_body(one.to_body()) == one
        True
        """
        return Shape(**{**body, "statistic": Statistic(body["statistic"])})


def level_of(score: float) -> float:
    """The level behind a score from 0 to 100.

    >>> level_of(50.0), round(level_of(100 * 5 / 9), 6), level_of(100.0)
    (4.0, 5.0, 1000000.0)
    """
    return min(HALF_SCORE * score / max(100.0 - score, 1e-9), LEVEL_MAX)


def shape_of(anomaly: Anomaly) -> Shape | None:
    """None where a label cannot change what is told: of silence, of drift that was absorbed, and of what has
    no number."""
    if anomaly.kind in (AnomalyKind.NO_DATA, AnomalyKind.ENDED, AnomalyKind.ABSORBED_DRIFT):
        return None
    size = abs(anomaly.value - anomaly.expected)
    still = anomaly.kind is AnomalyKind.FLAT_LINE
    if not (math.isfinite(size) or still):
        return None
    statistic = Statistic.STILL if still else Statistic.VALUE
    if not still and anomaly.lower <= anomaly.value <= anomaly.upper:
        statistic = Statistic.LEAN
    return Shape(
        series=f"{anomaly.series.fingerprint():016x}",
        metric=anomaly.series.metric,
        statistic=statistic,
        side=0 if still else anomaly.direction,
        level=level_of(anomaly.score),
        size=0.0 if still else size,
        buckets=anomaly.buckets,
        lasting=anomaly.kind is AnomalyKind.LEVEL_SHIFT,
        from_ms=anomaly.onset_ms,
        to_ms=anomaly.end_ms if anomaly.end_ms is not None else anomaly.last_ms + anomaly.cadence_ms,
    )


def missed(series: str, metric: str, span: tuple[int, int], columns: Mapping[str, Any]) -> Shape | None:
    """The shape of a span in which nothing was noticed: that of its most surprising bucket. ``columns``:
    value, expected, lower, upper and score of its buckets. None for a span without a judged one.

    >>> columns = {"value": [5.0, 8.5], "expected": [5.0, 5.0], "lower": [1.0, 1.0], "upper": [9.0, 9.0]}
    >>> found = missed("0b", "orders", (0, 9), columns | {"score": [0.0, 40.0]})
    >>> found.statistic.value, found.side, round(found.level, 2), found.size
    ('value', 1, 2.67, 3.5)
    """
    rows = [
        row
        for row in zip(*(columns[name] for name in _JUDGED), strict=True)
        if all(math.isfinite(number) for number in row)
    ]
    if not rows:
        return None
    value, expected, lower, upper, score = max(rows, key=lambda row: (row[-1], abs(row[0] - row[1])))
    up = value >= expected
    half = upper - expected if up else expected - lower
    alone = abs(value - expected) >= ORDINARY_SHARE * half
    statistic = Statistic.VALUE if alone else Statistic.LEAN
    return Shape(
        series,
        metric,
        statistic,
        1 if up else -1,
        level_of(float(score)),
        float(abs(value - expected)),
        len(rows),
        False,
        *span,
    )


_JUDGED = ("value", "expected", "lower", "upper", "score")
