"""The unit in which a series is learned: where its zero lies, and how large one is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners.gaussian import MAD_SIGMA

UNIT_MIN, UNIT_MAX = 1e-30, 1e30


def scale_of(y: NDArray[np.float64]) -> tuple[float, float]:
    """Offset (median) and unit (robust spread, a float32) of finite values with |y| <= 1e300.

    Where more than half of the values are equal the spread is that of the rest; where all are, a hundredth of
    the value, or 1 for zeros.

    >>> scale_of(np.full(9, 50.0)), scale_of(np.zeros(3))
    ((50.0, 0.5), (0.0, 1.0))
    """
    offset = float(np.median(y / 2.0) * 2.0)
    size = np.abs(y / 2.0 - offset / 2.0)
    spread = 2.0 * MAD_SIGMA * float(np.median(size))
    if spread <= 0.0:
        spread = 2.0 * float(size[size > 0.0].mean()) if np.any(size > 0.0) else 0.0
        spread *= math.sqrt(float(np.count_nonzero(size > 0.0)) / len(size))
    if spread <= 0.0:
        spread = 0.01 * abs(offset) if offset != 0.0 else 1.0
    spread = max(spread, 1e-9 * abs(offset))
    return offset, float(np.float32(min(max(spread, UNIT_MIN), UNIT_MAX)))
