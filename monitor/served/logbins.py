"""Durations in logarithmic bins: quantiles right to 5 %, merged by adding (the idea of DDSketch)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

BINS = 192
_PER_E = 10.0
_LEAST = 1e-3
_MOST = 1e9


def bin_of(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Bins of values from 0.001 to 200,000, in whatever unit; what is beyond lies at the ends."""
    sized = np.log(np.clip(values, _LEAST, _MOST) / _LEAST) * _PER_E
    return np.clip(np.ceil(sized), 0, BINS - 1).astype(np.int64)


def quantile(counts: NDArray[np.int64], share: float) -> float | None:
    """The value below which ``share`` of what was counted lies; None of nothing.

    >>> counts = np.bincount(bin_of(np.arange(1.0, 1001.0)), minlength=BINS)
    >>> abs(quantile(counts, 0.99) / 990 - 1) < 0.06
    True
    """
    total = int(counts.sum())
    if not total:
        return None
    at = int(np.searchsorted(np.cumsum(counts), share * total))
    return _LEAST * math.exp((min(at, BINS - 1) - 0.5) / _PER_E)
