"""Residuals made alike across series: how wide a residual may be, and its normal score.

The width is the baseline's scale, wider for a value with few cases behind it, and for shares never below the
error of sampling. The normal score is the z that is as improbable as the residual: whatever its law, it is
about standard normal while all is well, which is what the low-pass wants to be fed.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from learners import ratio
from learners.gaussian import upper_quantile
from learners.score import n_factor


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


_STEP = 1.0 / 64.0
_TABLE: NDArray[np.float64] = np.array([upper_quantile(i * _STEP) for i in range(64 * 16 + 1)])


@njit(cache=True, nogil=True)
def normal_score(level: float, r: float) -> float:
    """The z with surprise ``level`` on the side of ``r``; from a table, within 0.02, at most that of L = 16.

    >>> abs(normal_score(5.0, 1.0) - 4.2649) < 1e-3, normal_score(0.1, -3.0)
    (True, -0.0)
    """
    at = max(level, 0.0) / _STEP
    if at >= len(_TABLE) - 1:
        return math.copysign(_TABLE[-1], r)
    i = int(at)
    return math.copysign(_TABLE[i] + (at - i) * (_TABLE[i + 1] - _TABLE[i]), r)
