"""The residual scale every baseline keeps: root of a slowly forgotten mean of clipped squared residuals.

Clipping at four scales lets one extreme teach little, and takes less than 0.0004 of the variance of Gaussian
residuals, so the scale is unbiased for them in all but name. Values are in the series' own units of scale.
"""

from __future__ import annotations

import math

from learners.compiled import inlined

CLIP = 4.0
FLOOR = 1e-3
"""Smallest scale, in units of the series' spread: what is smaller is taken for rounding."""
LARGE = 1e30
"""Levels are kept within +-LARGE, well inside float32."""
SPREAD_RATE = 0.01
"""Forgetting of the scale where a record names none: half-life 69 samples."""
_SCALE_MAX = 1e18
SLOW = 1.0 / 64.0
"""Up to this rate no clipped residual moves the square of the scale by more than `_SMALL_STEP` of it."""
_SMALL_STEP = SLOW * (CLIP * CLIP - 1.0)


@inlined
def clipped(delta: float, scale: float) -> float:
    """A residual, at most four scales to either side."""
    reach = CLIP * scale
    return min(max(delta, -reach), reach)


@inlined
def bounded(value: float) -> float:
    """A value that a float32 field may hold."""
    return min(max(value, -LARGE), LARGE)


@inlined
def follow(scale: float, z: float, rate: float) -> float:
    """The scale after a (clipped) residual of ``z`` such scales: its square moves towards the residual's.

    The root of 1 + x is drawn only for large x; for the usual small step its series is exact to 1e-4 x.

    >>> follow(2.0, 1.0, 0.5), round(follow(1.0, 3.0, 0.5), 4), round(follow(1.0, 3.0, 0.001), 6)
    (2.0, 2.2361, 1.003992)
    """
    x = rate * (z * z - 1.0)
    root = _root(x) if abs(x) <= _SMALL_STEP else math.sqrt(1.0 + x)
    return min(max(scale * root, FLOOR), _SCALE_MAX)


@inlined
def follow_slowly(scale: float, z: float, rate: float) -> float:
    """`follow` for rates up to `SLOW` and |z| up to `CLIP`: without a branch, four at a time in a loop."""
    return min(max(scale * _root(rate * (z * z - 1.0)), FLOOR), _SCALE_MAX)


@inlined
def _root(x: float) -> float:
    """The root of 1 + x by the first terms of its series."""
    return 1.0 + x * (0.5 - x * (0.125 - x * (0.0625 - 0.0390625 * x)))


@inlined
def rate_of(rate: float, count: float, weight: float) -> float:
    """Step of a forgetting mean: the plain mean's while it is young, ``rate`` later; times ``weight``.

    >>> rate_of(0.1, 0.0, 1.0), rate_of(0.1, 1.0, 1.0), rate_of(0.1, 50.0, 0.5)
    (1.0, 0.5, 0.05)
    """
    if rate * (count + weight) >= 1.0:
        return weight * rate
    return weight * (1.0 / (count + weight))
