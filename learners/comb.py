"""A period as rough as noise: its lines have a distance in common, though none of them need stand out.

A pattern of a hundred buckets that is no smooth curve has fifty lines, each with a fiftieth of its power.
The power over its background, capped so that no line counts for many, is transformed back: an
autocorrelation of the whitened values, which has a top at the lag that is a turn. A top is only a nomination,
so single precision is enough; and rows are not padded, since the window lets little of a lag come round from
the other end.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from learners.compiled import kernel

CAP = 6.0
TOP_MIN = 7.0
"""Least height of a top, times the root of the number of values: one row in twenty of white noise has one."""
_LIKE = 0.7
"""A turn's multiples have tops as well: the first of at least this share of the highest is taken."""


def lags(
    whitened: NDArray[np.float32], lengths: NDArray[np.int64], shortest: int, turns_min: int
) -> NDArray[np.float64]:
    """The lag of each row at which a pattern seems to come back, as a frequency; 0 for none.

    ``whitened`` float32[rows, size / 2 + 1]: power over background, at most `CAP`, less the row's mean.
    """
    found = np.zeros(len(lengths))
    if whitened.shape[1] > 1:
        again = scipy.fft.irfft(whitened, axis=1, workers=1)
        _top_rows(again, lengths, shortest, turns_min, found)
    return found


@kernel
def whiten(ratio: Any, first: int, out: Any) -> None:
    """``ratio`` of power to background from ``first`` on, fit for `lags`; ``out`` float32[len(ratio)]."""
    total = 0.0
    for q in range(first, len(ratio)):
        total += min(ratio[q], CAP)
    mean = total / max(len(ratio) - first, 1)
    for q in range(first):
        out[q] = 0.0
    for q in range(first, len(ratio)):
        out[q] = min(ratio[q], CAP) - mean


@kernel
def _top_rows(again: Any, lengths: Any, shortest: int, turns_min: int, found: Any) -> None:
    size = again.shape[1]
    for i in range(len(lengths)):
        row = again[i]
        longest = min(lengths[i] // turns_min, size // 2 - 1)
        top = 0.0
        for lag in range(shortest, longest + 1):
            top = max(top, row[lag])
        if top <= TOP_MIN / math.sqrt(size):
            continue
        lag = shortest
        while row[lag] < _LIKE * top:
            lag += 1
        while lag < longest and row[lag + 1] > row[lag]:
            lag += 1
        found[i] = 1.0 / lag
