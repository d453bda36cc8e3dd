"""The residual scale every baseline keeps: a slowly forgotten mean of clipped squared residuals.

Clipping at four scales lets one extreme teach little, and takes less than 0.0004 of the variance of Gaussian
residuals, so the scale is unbiased for them in all but name. Values are in the series' own units of scale.
"""

from __future__ import annotations

import math

from numba import njit

CLIP = 4.0
FLOOR = 1e-3
"""Smallest scale, in units of the series' spread: what is smaller is taken for rounding."""
LARGE = 1e30
"""Levels are kept within +-LARGE, well inside float32."""
SPREAD_RATE = 0.01
"""Forgetting of the scale where a record names none: half-life 69 samples."""
_SQUARE_MIN = FLOOR * FLOOR
_SQUARE_MAX = 1e36


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def scale_of(square: float, floor: float) -> float:
    """Scale of a mean squared residual, at least ``floor`` (and `FLOOR`).

    A series that stands still but for rare events has a typical residual of nothing; its floor says which
    changes are of any size.
    """
    return max(math.sqrt(min(max(square, _SQUARE_MIN), _SQUARE_MAX)), floor)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def clipped(delta: float, scale: float) -> float:
    """A residual, at most four scales to either side."""
    reach = CLIP * scale
    return min(max(delta, -reach), reach)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def clipped_by(delta: float, square: float, floor: float) -> float:
    """`clipped` at the scale of ``square`` and ``floor``: no root is drawn where nothing is clipped."""
    if delta * delta <= CLIP * CLIP * min(square, _SQUARE_MAX):
        return delta
    return clipped(delta, scale_of(square, floor))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def bounded(value: float) -> float:
    """A value that a float32 field may hold."""
    return min(max(value, -LARGE), LARGE)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def follow(square: float, delta: float, rate: float) -> float:
    """The mean squared residual after the (clipped) residual ``delta``."""
    moved = square + rate * (delta * delta - square)
    return min(max(moved, _SQUARE_MIN), _SQUARE_MAX)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def rate_of(rate: float, count: float, weight: float) -> float:
    """Step of a forgetting mean: the plain mean's while it is young, ``rate`` later; times ``weight``.

    >>> rate_of(0.1, 0.0, 1.0), rate_of(0.1, 1.0, 1.0), rate_of(0.1, 50.0, 0.5)
    (1.0, 0.5, 0.05)
    """
    if rate * (count + weight) >= 1.0:
        return weight * rate
    return weight * (1.0 / (count + weight))
