"""How much wider a forecast is that was made some buckets ago: while an anomaly is open, and after a gap.

A baseline holds while an anomaly lasts, so what it says is a forecast further and further ahead. Of a level
that follows its series by a share ``pace`` a bucket, the error after h buckets has the variance

    sigma^2 (1 + pace^2 (h - 1)),

at most twice that of the series about its seasons, its *reach*: two values far apart differ by no more. So a
series whose level wanders by itself does not stay anomalous for days because a fast baseline stood still,
and one that keeps its level does not have a failure of three days taken for normal.

Source: R. J. Hyndman et al., Forecasting with Exponential Smoothing (2008), table 6.1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from learners.gaussian import MAD_SIGMA

_SQRT2 = math.sqrt(2.0)


@kernel
def widening(pace: float, ahead: int, scale: float, reach: float) -> float:
    """What to multiply ``scale`` by, ``ahead`` buckets after the last that was learned; at least 1.

    >>> widening(0.02, 1, 1.0, 1.0), round(widening(0.4, 101, 1.0, 9.0), 1)
    (1.0, 4.1)
    >>> round(widening(0.4, 101, 1.0, 1.0), 2)
    1.41
    """
    most = max(_SQRT2 * reach / scale, 1.0)
    return min(math.sqrt(1.0 + pace * pace * max(ahead - 1, 0)), most)


def reach_of(t: NDArray[np.int64], y: NDArray[np.float64], periods: tuple[int, ...]) -> float:
    """Robust spread of ``y`` about what repeats with ``periods`` (each counts if seen twice); one sort each.

    >>> t = np.arange(1000)
    >>> round(reach_of(t, 5.0 * (t % 10) + 0.1 * (t % 7), (10,)), 1) < 1.0
    True
    """
    left = y - np.median(y)
    for period in sorted(periods):
        if len(t) and t[-1] - t[0] >= 2 * period - 1:
            left = left - _by_phase(t % period, left)
    return float(MAD_SIGMA * np.median(np.abs(left - np.median(left))))


def _by_phase(phase: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (lower) median of all values of the same phase, at each of them."""
    order = np.lexsort((y, phase))
    starts = np.flatnonzero(np.concatenate([[True], np.diff(phase[order]) != 0]))
    ends = np.append(starts[1:], len(y))
    medians = y[order][(starts + ends - 1) // 2]
    found = np.empty(len(y))
    found[order] = np.repeat(medians, ends - starts)
    return found
