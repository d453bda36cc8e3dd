"""Residuals made alike across series: how wide a residual may be, and its normal score.

The width is the baseline's scale, wider for a value with few cases behind it, and for shares never below the
error of sampling. The normal score is the z that is as improbable as the residual: whatever its law, it is
about standard normal while all is well, which is what the low-pass wants to be fed.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners import ratio
from learners.compiled import inlined
from learners.gaussian import HALF, upper_quantile
from learners.score import n_factor


@inlined
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


_LN2 = math.log(2.0)
_SQRT2 = math.sqrt(2.0)


@inlined
def fast_log(x: float) -> float:
    """The natural logarithm of a positive, finite, normal ``x``, within 1e-8; four at a time in a loop.

    >>> abs(fast_log(1.0)) < 1e-12, abs(fast_log(1e-20) - math.log(1e-20)) < 1e-8
    (True, True)
    """
    bits = np.float64(x).view(np.uint64)
    power = np.float64(np.int32(bits >> np.uint64(52)) - np.int32(1023))
    part = np.uint64((bits & np.uint64(0xFFFFFFFFFFFFF)) | np.uint64(0x3FF0000000000000)).view(np.float64)
    large = part > _SQRT2
    part = 0.5 * part if large else part
    power = power + 1.0 if large else power
    z = (part - 1.0) / (part + 1.0)  # the series of 2 artanh z, |z| below 0.172
    square = z * z
    series = 1.0 + square * (1.0 / 3.0 + square * (0.2 + square * (1.0 / 7.0 + square * (1.0 / 9.0))))
    return float(power * _LN2 + 2.0 * z * series)


@inlined
def contest(r: float, scale: float, deviation2: float, scale2: float) -> float:
    """The champion's loss less the challenger's for one sample: |residual| up to 5, and ln scale.

    ``r`` is the champion's residual in scales, ``deviation2`` the challenger's in units.

    >>> round(contest(1.0, 2.0, 3.0, 2.0), 9), contest(0.0, 2.0, 0.0, 1.0) > 0.69
    (-0.5, True)
    """
    inverse = 1.0 / scale2
    return min(abs(r), 5.0) - min(abs(deviation2) * inverse, 5.0) + fast_log(scale * inverse)


_STEP = 1.0 / 64.0
_TABLE: NDArray[np.float64] = np.array([upper_quantile(i * _STEP) for i in range(64 * 16 + 1)])
_LAST = len(_TABLE) - 1.0
_Z1, _Z2, _Z3, _Z4, _Z5 = 2.88343180, -3.20223634, 5.01612193, -6.08887700, 4.31570980
_Z6 = float(upper_quantile(HALF + 1.0)) - (_Z1 + _Z2 + _Z3 + _Z4 + _Z5)


@inlined
def ordinary_score(level: float, r: float) -> float:
    """`normal_score` where ``level`` is at most log10 2 + 1: a polynomial, so four at a time in a loop."""
    q = max(level - HALF, 0.0)
    z = q * (_Z1 + q * (_Z2 + q * (_Z3 + q * (_Z4 + q * (_Z5 + q * _Z6)))))
    return math.copysign(z, r)


@inlined
def normal_score(level: float, r: float) -> float:
    """The z with surprise ``level`` on the side of ``r``; within 0.02, at most that of L = 16.

    >>> abs(normal_score(5.0, 1.0) - 4.2649) < 1e-3, normal_score(0.1, -3.0)
    (True, -0.0)
    """
    if level <= HALF + 1.0:
        return ordinary_score(level, r)
    at = min(level * (1.0 / _STEP), _LAST)
    i = int(min(at, _LAST - 1.0))
    return math.copysign(_TABLE[i] + (at - i) * (_TABLE[i + 1] - _TABLE[i]), r)
