"""Many windows as one grid: a row a series, a column a bucket, NaN where there is no value.

Each row is looked at from its first to its last value, so padding at either end changes nothing, and no row
ever looks at another: results are the same, to the bit, for any batch a series stands in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

BUCKETS_MAX = 16_384
"""Newest buckets of a window that are looked at."""
VALUE_MAX = 1e300


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """``values`` float64[series, buckets], finite or NaN, |y| <= 1e300; ``ordered`` the same, each row
    sorted, NaN last; ``first`` and ``end`` int64[series]: columns of the first value and behind the last;
    ``count`` int64[series]: values.
    """

    values: NDArray[np.float64]
    ordered: NDArray[np.float64]
    first: NDArray[np.int64]
    end: NDArray[np.int64]
    count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    @staticmethod
    def of(values: NDArray[np.float64]) -> Rows:
        """Rows of ``values`` float64[series, buckets]; infinities count as missing. About 25 µs for 2,016.

        >>> rows = Rows.of(np.array([[np.nan, 2.0, np.inf, 1.0]]))
        >>> rows.first.tolist(), rows.end.tolist(), rows.count.tolist(), rows.ordered[0, :2].tolist()
        ([1], [4], [2], [1.0, 2.0])
        """
        if values.ndim != 2:
            raise ValueError(f"values are series by buckets, not of {values.ndim} dimensions")
        kept = np.ascontiguousarray(values[:, max(values.shape[1] - BUCKETS_MAX, 0) :], np.float64)
        tamed = np.empty_like(kept)
        first, end, count = (np.zeros(len(kept), np.int64) for _ in range(3))
        _tame(kept, tamed, first, end, count)
        return Rows(tamed, np.sort(tamed, axis=1), first, end, count)

    @staticmethod
    def on_grid(windows: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]]) -> Rows:
        """Rows of windows ``(t, y)``: buckets and their values; of equal buckets (a clock set back) the last
        counts.

        >>> Rows.on_grid([(np.array([7, 9]), np.array([1.0, 2.0]))]).values.tolist()
        [[1.0, nan, 2.0]]
        """
        spans = [span_of(t) for t, _ in windows]
        grid = np.full((len(windows), max(spans, default=0)), np.nan)
        for row, (t, y) in enumerate(windows):
            if len(t):
                place = t - t.max() + grid.shape[1] - 1
                near = place >= 0
                grid[row, place[near]] = y[near]
        return Rows.of(grid)


def span_of(t: NDArray[np.int64]) -> int:
    """Buckets that a row of these would take.

    >>> span_of(np.array([7, 9])), span_of(np.array([0, 10**9]))
    (3, 16384)
    """
    return min(int(t.max()) - int(t.min()) + 1, BUCKETS_MAX) if len(t) else 0


@kernel
def _tame(values: Any, tamed: Any, first: Any, end: Any, count: Any) -> None:
    for r in range(values.shape[0]):
        for i in range(values.shape[1]):
            value = values[r, i]
            if abs(value) < np.inf:
                tamed[r, i] = min(max(value, -VALUE_MAX), VALUE_MAX) + 0.0
                if count[r] == 0:
                    first[r] = i
                end[r] = i + 1
                count[r] += 1
            else:
                tamed[r, i] = np.nan
