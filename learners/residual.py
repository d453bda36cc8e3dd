"""Residuals made alike across series: how wide a residual may be, and its normal score.

The width is the baseline's scale, wider for a value with few cases behind it, and for shares never below the
error of sampling. The normal score is the z that is as improbable as the residual: whatever its law, it is
about standard normal while all is well, which is what the low-pass wants to be fed.
"""

from __future__ import annotations

import math

from numba import njit

from learners import ratio
from learners.gaussian import HALF
from learners.score import n_factor

_LN10 = math.log(10.0)


@njit(cache=True, nogil=True)
def width(scale: float, expected: float, n: float, n_mean: float, unit: float, share: bool) -> float:
    """Scale of the residual of a value with ``n`` cases; in units, as ``scale``. ``expected`` is raw.

    >>> width(2.0, 5.0, float("nan"), float("nan"), 1.0, False)
    2.0
    >>> width(0.001, 0.0, 4.0, 4.0, 1.0, True) > 0.03
    True
    """
    wide = scale * n_factor(n, n_mean)
    if share and n > 0.0:
        wide = max(wide, ratio.noise(ratio.rate(expected, n_mean), n) / unit)
    return wide


@njit(cache=True, nogil=True)
def normal_score(level: float, r: float) -> float:
    """The z with surprise ``level`` on the side of ``r``; within 5e-4.

    >>> abs(normal_score(5.0, 1.0) - 4.2649) < 1e-3, normal_score(0.1, -3.0)
    (True, -0.0)

    Source: M. Abramowitz & I. A. Stegun, Handbook of Mathematical Functions (1964), 26.2.23.
    """
    if level <= HALF:
        return math.copysign(0.0, r)
    t = math.sqrt(2.0 * _LN10 * level)
    top = 2.515517 + t * (0.802853 + t * 0.010328)
    bottom = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))
    return math.copysign(max(t - top / bottom, 0.0), r)
