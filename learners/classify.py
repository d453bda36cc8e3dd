"""What sort of metric a window shows: the first class of `CLASSES`' rules that fits, with the reasons.

Rules look at the number of distinct values, the share of the commonest one, signs and integers, how full
the grid is, the seasons found, the straight line's share of the variance, and how far the tails reach.
Order matters: what a metric *is* (constant, binary, cumulative, sparse, ratio, discrete) comes before how
it *moves*.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.season import Seasons

CLASSES = (
    "smooth",
    "constant",
    "binary",
    "cumulative",
    "sparse",
    "ratio",
    "discrete",
    "irregular",
    "seasonal",
    "trending",
    "count",
    "multimodal",
    "bursty",
)
"""Names by the code that is stored; new ones go to the end."""

SPARSE_ZEROS = 0.8
DISCRETE_MOST = 12
IRREGULAR_FILL = 0.5
TREND_SHARE = 0.75
BURST_REACH = 15.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What the rules look at; all plain values."""

    samples: int
    distinct: int
    common_share: float  # share of the commonest value
    zero_share: float
    integers: bool
    nonnegative: bool
    within_one: bool
    rising_share: float  # share of steps that do not fall
    fill: float  # buckets with a value / buckets of the window
    trend_share: float  # variance explained by a straight line, 0..1
    reach: float  # (99.5 % - median) / (75 % - 25 %), the larger side
    hole: float  # widest hole between the 5 % and 95 % quantiles, share of that range


def shape_of(t: NDArray[np.int64], y: NDArray[np.float64]) -> Shape:
    """Describe values ``y`` at bucket indices ``t``; finite, at least one, |y| <= 1e300."""
    n = len(y)
    ordered = np.sort(y)
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(np.concatenate([starts, [n]]))
    quantiles = ordered[[int(q * (n - 1)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)]]
    low, first, middle, third, high = quantiles.tolist()
    far = max(
        float(ordered[int(np.ceil(0.995 * (n - 1)))]) / 2 - middle / 2,
        middle / 2 - float(ordered[int(0.005 * (n - 1))]) / 2,
    )
    quarter = third / 2 - first / 2
    inner = ordered[int(0.05 * (n - 1)) : int(0.95 * (n - 1)) + 1] / 2
    hole = float(np.max(np.diff(inner))) if len(inner) > 1 else 0.0
    return Shape(
        samples=n,
        distinct=len(starts),
        common_share=float(counts.max()) / n,
        zero_share=float(np.count_nonzero(y == 0.0)) / n,
        integers=bool(np.all(np.floor(y) == y)),
        nonnegative=bool(ordered[0] >= 0.0),
        within_one=bool(ordered[0] >= 0.0 and ordered[-1] <= 1.0),
        rising_share=float(np.count_nonzero(y[1:] >= y[:-1])) / max(n - 1, 1),
        fill=n / float(t[-1] - t[0] + 1),
        trend_share=_trend_share(t, y, ordered),
        reach=far / quarter if quarter > 0.0 else (0.0 if far <= 0.0 else 1e9),
        hole=hole / (high / 2 - low / 2) if high > low else 0.0,
    )


def _trend_share(t: NDArray[np.int64], y: NDArray[np.float64], ordered: NDArray[np.float64]) -> float:
    size = max(abs(float(ordered[0])), abs(float(ordered[-1])))
    if size <= 1e-300 or len(y) < 8:
        return 0.0
    x = y / size
    x = x - x.mean()
    at = t - t.mean()
    variance = float(np.sum(x * x))
    if variance <= 1e-24 * len(y):
        return 0.0
    covariance = float(np.sum(at * x))
    return min(covariance * covariance / (variance * float(np.sum(at * at))), 1.0)


def classify(shape: Shape, seasons: Seasons, kind: str | None, has_n: bool) -> tuple[str, tuple[str, ...]]:
    """Class and reasons. A declared ``kind`` cumulative or ratio is believed.

    >>> from learners.season import NONE
    >>> y = np.full(50, 3.0)
    >>> classify(shape_of(np.arange(50), y), NONE, None, False)
    ('constant', ('1 distinct value',))
    """
    few = min(DISCRETE_MOST, max(shape.samples // 16, 2))
    rises = shape.samples >= 32 and shape.rising_share >= 0.97 and shape.trend_share > 0.5
    rises = rises and shape.distinct > few
    rules: tuple[tuple[str, bool, str], ...] = (
        ("constant", shape.distinct == 1, "1 distinct value"),
        ("cumulative", kind == "cumulative", "declared"),
        ("ratio", kind == "ratio", "declared"),
        ("binary", shape.distinct == 2, "2 distinct values"),
        ("cumulative", rises, f"{shape.rising_share:.0%} of steps do not fall"),
        ("sparse", shape.zero_share >= SPARSE_ZEROS, f"{shape.zero_share:.0%} zeros"),
        ("ratio", shape.within_one and has_n, "within [0, 1], with n"),
        ("discrete", shape.distinct <= few, f"{shape.distinct} distinct values"),
        ("irregular", shape.fill < IRREGULAR_FILL, f"{shape.fill:.0%} of buckets have a value"),
        ("seasonal", bool(seasons.periods), ", ".join(seasons.reasons)),
        ("trending", shape.trend_share >= TREND_SHARE, f"a line explains {shape.trend_share:.0%}"),
        ("count", shape.integers and shape.nonnegative, "whole numbers from 0"),
        ("multimodal", shape.hole > 0.4, f"a hole of {shape.hole:.0%} of the range"),
        ("bursty", shape.reach > BURST_REACH, f"tails reach {shape.reach:.0f} quartile ranges"),
        ("smooth", True, "none of the others"),
    )
    name, reason = next((name, reason) for name, fits, reason in rules if fits)
    more = seasons.reasons if name != "seasonal" else ()
    return name, (reason, *more)
