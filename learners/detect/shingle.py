"""A shingle: the last few values as one point, so that a detector of points sees shapes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

REACH = 8.0


class Shingle:
    """The last ``size`` residuals, clipped at 8 scales and mapped to [0, 1]; 0.5 before the first."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a shingle has at least one value, not {size}")
        self._values = np.full(size, 0.5)

    def with_one(self, r: float) -> NDArray[np.float64]:
        """The point that ``r`` would make, shape (size,); changes nothing.

        >>> shingle = Shingle(3)
        >>> shingle.push(8.0)
        >>> shingle.with_one(-4.0).tolist()
        [0.5, 1.0, 0.25]
        """
        if math.isnan(r):
            raise ValueError("a residual is a number")
        point = np.roll(self._values, -1)
        point[-1] = 0.5 + 0.5 * min(max(r / REACH, -1.0), 1.0)
        return point

    def push(self, r: float) -> None:
        """Take in ``r``."""
        self._values = self.with_one(r)
