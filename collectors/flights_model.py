"""A small served model for the demo: will this flight arrive late?

Additive logistic regression on binned features: the log-odds of a late arrival are a sum of one
weight per feature's bin. Bins do not extrapolate, so a model that has seen only January stays sane
in July; and with bins the gradient is a weighted count (``bincount``), which adds in one fixed order,
so every machine gets the same weights without BLAS.

The fit is the fixed-bound Newton method: the curvature of a logistic loss is at most 1/4, so with F
features a step of 4/F of the mean residual of each bin never raises the loss (Böhning and Lindsay,
"Monotonicity of quadratic-approximation algorithms", Ann. Inst. Statist. Math. 40, 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]

DISTANCE_MILES = (300.0, 600.0, 1000.0, 1500.0, 2000.0)
WIND_MPH = (5.0, 10.0, 15.0, 20.0, 25.0)
VISIBILITY_MILES = (1.0, 3.0, 6.0, 9.9)
RAIN_INCHES = (0.0, 0.02, 0.1)


def binned(value: NDArray[np.float64], edges: Sequence[float]) -> Codes:
    """The bin of each value: 0 = unknown (NaN), k + 1 where k edges lie below the value.

    >>> binned(np.array([np.nan, 0.0, 0.5, 2.0]), (0.0, 1.0)).tolist()
    [0, 1, 2, 3]
    """
    bins = np.searchsorted(np.asarray(edges), value, side="left") + 1
    bins[np.isnan(value)] = 0
    return bins


@dataclass(frozen=True, slots=True, eq=False)
class DelayModel:
    """``bias`` and one array of ``weights`` per feature, in log-odds of a late arrival."""

    bias: float
    weights: tuple[NDArray[np.float64], ...]

    def log_odds(self, features: Sequence[Codes]) -> NDArray[np.float64]:
        """Per flight; a bin that training never saw weighs nothing. O(flights × features)."""
        total = np.full(len(features[0]), self.bias)
        for weight, codes in zip(self.weights, features, strict=True):
            known = codes < len(weight)
            total += np.where(known, weight[np.where(known, codes, 0)], 0.0)
        return total

    def late(self, features: Sequence[Codes]) -> NDArray[np.bool_]:
        """True where a late arrival is more likely than not."""
        return self.log_odds(features) > 0.0


def train(
    features: Sequence[Codes], late: NDArray[np.bool_], *, steps: int = 120, ridge: float = 20.0
) -> DelayModel:
    """Fit by ``steps`` fixed-bound Newton steps from the base rate; ``ridge`` (in flights) draws rare
    bins towards 0. Cost about 5 ns per flight, feature and step: 0.1 s for a month of flights.
    Raises ValueError without flights.

    >>> night = np.array([0, 0, 0, 1, 1, 1] * 50)
    >>> model = train([night], night == 1)
    >>> model.late([np.array([0, 1])]).tolist()
    [False, True]
    """
    if len(late) == 0:
        raise ValueError("no flight with a known arrival to train on")
    counts = [np.bincount(codes) for codes in features]
    rate = (late.sum() + 1.0) / (len(late) + 2.0)
    bias = float(np.log(rate / (1.0 - rate)))
    weights = [np.zeros(len(count)) for count in counts]
    for _ in range(steps):
        odds = DelayModel(bias, tuple(weights)).log_odds(features)
        residual = late - 1.0 / (1.0 + np.exp(-odds))
        for weight, codes, count in zip(weights, features, counts, strict=True):
            slope = np.bincount(codes, residual, len(weight)) - ridge / 4.0 * weight
            weight += 4.0 / len(features) * slope / (count + ridge)
    # Rounded, so that the last bits of exp, which differ between processors, cannot turn a decision.
    return DelayModel(round(bias, 6), tuple(np.round(weight, 6) for weight in weights))
