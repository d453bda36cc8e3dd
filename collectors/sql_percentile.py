"""A percentile for SQLite, which has none: an aggregate that is given to each connection."""

from __future__ import annotations

import math


class Percentile:
    """As PostgreSQL's ``percentile_cont``: between the two nearest values in proportion. Keeps all values of
    a group, 8 bytes and more each.

    >>> median = Percentile()
    >>> for value in (1.0, None, 4.0, 2.0, 3.0): median.step(value, 0.5)
    >>> median.finalize()
    2.5
    """

    def __init__(self) -> None:
        self._values: list[float] = []
        self._quantile = 0.5

    def step(self, value: float | None, quantile: float) -> None:
        self._quantile = quantile
        if value is not None:
            self._values.append(value)

    def finalize(self) -> float | None:
        if not self._values:
            return None
        self._values.sort()
        place = self._quantile * (len(self._values) - 1)
        below = math.floor(place)
        above = min(below + 1, len(self._values) - 1)
        return self._values[below] + (place - below) * (self._values[above] - self._values[below])
