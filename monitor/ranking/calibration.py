"""Platt scaling: from what a model says to how often it was so, by what it said before it knew.

Two numbers, a slope and a shift of the log odds, held near 1 and 0 by a prior worth `PRIOR` cases, so that
few cases change little. J. Platt, "Probabilistic outputs for support vector machines", 1999.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

PRIOR = 10.0
_STEPS = 25
_LEAST = 1e-6


def odds(p: float) -> float:
    """Log odds, bounded."""
    p = min(max(p, _LEAST), 1.0 - _LEAST)
    return math.log(p / (1.0 - p))


def chance(log_odds: float) -> float:
    """
    >>> chance(0.0), round(odds(chance(1.5)), 9)
    (0.5, 1.5)
    """
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -30.0), 30.0)))


def fitted(said: Sequence[float], true: Sequence[bool]) -> tuple[float, float]:
    """(slope, shift) for log odds ``said`` before each was known to be ``true``, by Newton's method.

    >>> fitted([], [])
    (1.0, 0.0)
    """
    x, y = np.asarray(said, np.float64), np.asarray(true, np.float64)
    at = np.array([1.0, 0.0])
    for _ in range(_STEPS if len(x) else 0):
        p = 1.0 / (1.0 + np.exp(-np.clip(at[0] * x + at[1], -30.0, 30.0)))
        gap, weight = p - y, p * (1.0 - p)
        slope = np.array([float((gap * x).sum()), float(gap.sum())]) + PRIOR * (at - (1.0, 0.0))
        a, b, c = (
            float((weight * x * x).sum()) + PRIOR,
            float((weight * x).sum()),
            float(weight.sum()) + PRIOR,
        )
        step = np.array([c * slope[0] - b * slope[1], a * slope[1] - b * slope[0]]) / (a * c - b * b)
        at = at - step
        if float(np.abs(step).max()) < 1e-9:
            break
    return max(float(at[0]), 0.0), float(at[1])
