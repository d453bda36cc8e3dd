"""The low-pass of clipped residuals: notices the second of several points that are each below threshold.

b <- 0.9 b + 0.1 clip(r, +-4). A negative scale is a fixed one, for series of rare events: there the gate
would keep from learning just what makes the low-pass wide. Its usual size is learned beside it, so
residuals that lean to one side for long by nature (autocorrelated ones) widen it and raise no alarm. The
tail is that of Student's t with twenty degrees of freedom, through Wallace's transformation to the normal:
heavier than a Gaussian tail, lighter than a power law that could never be reached with clipped residuals.

Source: sinch seed (forgetting 0.9); D. L. Wallace, Ann. Math. Statist. 30 (1959) 1124.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners.compiled import inlined
from learners.gaussian import upper_tail

KEEP = 0.9
CLIP = 4.0
WHITE_SCALE = math.sqrt((1.0 - KEEP) / (1.0 + KEEP))
"""Standard deviation of the low-pass of independent residuals of scale 1: 0.229."""
SCALE_EVERY = 8
_SCALE_RATE = 0.0005 * SCALE_EVERY
_REACH = 8.0
OFF = -1e6
"""The scale of a series whose low-pass says nothing."""
_FLOOR = 0.5 * WHITE_SCALE
_DEGREES = 20.0
_WALLACE = (8.0 * _DEGREES + 1.0) / (8.0 * _DEGREES + 3.0)


@inlined
def step(lowpass: float, r: float, weight: float) -> float:
    """The low-pass after residual ``r`` (in scales); weight 0 leaves it as it is.

    >>> round(step(0.0, 2.0, 1.0), 6), round(step(0.0, 1e9, 1.0), 6), step(0.5, 3.0, 0.0)
    (0.2, 0.4, 0.5)
    """
    return lowpass + (1.0 - KEEP) * weight * (min(max(r, -CLIP), CLIP) - lowpass)


@inlined
def learn_scale(scale: float, lowpass: float, weight: float) -> float:
    """The usual size of the low-pass, half-life 1,400 samples; never below half of white noise's.

    It is asked for one sample in `SCALE_EVERY`: the low-pass remembers longer than that, so nothing is lost.
    """
    if scale < 0.0:
        return scale
    known = max(scale, _FLOOR)
    square = min(lowpass * lowpass, _REACH * _REACH * known * known)
    return math.sqrt(max(known * known + _SCALE_RATE * weight * (square - known * known), _FLOOR * _FLOOR))


@inlined
def tail(z: float) -> float:
    """-log10 P(T >= z) of Student's t with `_DEGREES` degrees of freedom, by Wallace's transformation."""
    return upper_tail(_WALLACE * math.sqrt(_DEGREES * math.log1p(z * z / _DEGREES)))


_STEP = 1.0 / 32.0
_TABLE: NDArray[np.float64] = np.array([tail(i * _STEP) for i in range(2049)])
_LAST = len(_TABLE) - 1.0
ORDINARY = 3.0
"""Up to so many scales a low-pass is ordinary: one in 350 is beyond."""
_T0, _T1, _T2, _T3, _T4, _T5 = 0.30103063, 0.34234134, 0.13419718, 0.01270360, -0.00741925, 0.00071007


def size_at(level: float) -> float:
    """The low-pass, in scales, whose surprise is ``level``; for the learning pass.

    >>> round(surprise(size_at(4.0) * WHITE_SCALE, WHITE_SCALE), 2)
    4.0
    """
    return float(np.interp(level, _TABLE, np.arange(len(_TABLE)) * _STEP))


@inlined
def size(lowpass: float, scale: float) -> float:
    """The low-pass in scales, whatever its side."""
    return abs(lowpass) / max(abs(scale), _FLOOR)


@inlined
def ordinary(z: float) -> float:
    """`surprise` of a low-pass of up to `ORDINARY` scales: a polynomial, so four at a time in a loop."""
    return _T0 + z * (_T1 + z * (_T2 + z * (_T3 + z * (_T4 + z * _T5))))


@inlined
def beyond(z: float) -> float:
    """`surprise` of a low-pass of more than `ORDINARY` scales: from a table."""
    at = min(z * (1.0 / _STEP), _LAST)
    i = int(min(at, _LAST - 1.0))
    return float(_TABLE[i] + (at - i) * (_TABLE[i + 1] - _TABLE[i]))


@inlined
def surprise(lowpass: float, scale: float) -> float:
    """-log10 of the tail probability of ``lowpass`` on its side, within 2e-4. About 2 ns.

    >>> round(surprise(0.0, WHITE_SCALE), 3), surprise(1.5, WHITE_SCALE) > 5.0 > surprise(1.0, WHITE_SCALE)
    (0.301, True)
    """
    z = size(lowpass, scale)
    return ordinary(z) if z <= ORDINARY else beyond(z)
