"""Rows of counters by bucket and cell: one array, in which rows of buckets that are over are used again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 20

Integers = NDArray[np.int64]


def add_at(
    counts: Integers, rows: NDArray[np.intp], columns: Integers | int, amounts: Integers | int
) -> None:
    """Add to places of a C-contiguous table, as often as they are named."""
    np.add.at(counts.reshape(-1), rows * counts.shape[1] + columns, amounts)


class Table:
    """``width`` counters of 8 bytes a row; the array doubles. All counters are integers, so that neither
    order nor grouping of what is added changes anything.

    >>> table = Table(2)
    >>> rows = table.rows(np.array([5, 5]), np.array([0, 1]))
    >>> table.counts[rows, 0] += 3
    >>> table.row(5, 1).tolist(), table.row(6, 0), table.cells(5)
    ([3, 0], None, [0, 1])
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self.counts: Integers = np.zeros((16, width), np.int64)
        self._row_of: dict[int, dict[int, int]] = {}
        self._free = list(range(16))

    def __len__(self) -> int:
        return sum(map(len, self._row_of.values()))

    def buckets(self) -> list[int]:
        return sorted(self._row_of)

    def cells(self, bucket: int) -> list[int]:
        return sorted(self._row_of.get(bucket, ()))

    def rows(self, buckets: NDArray[np.int64], cells: NDArray[np.int64]) -> NDArray[np.intp]:
        """The row of each pair, made where there was none."""
        pairs, inverse = np.unique(buckets * _CELLS + cells, return_inverse=True)
        rows = np.array([self._place(pair // _CELLS, pair % _CELLS) for pair in pairs.tolist()], np.intp)
        return rows[inverse]

    def row(self, bucket: int, cell: int) -> Integers | None:
        at = self._row_of.get(bucket, {}).get(cell)
        return None if at is None else self.counts[at]

    def drop(self, bucket: int) -> None:
        freed = list(self._row_of.pop(bucket, {}).values())
        self.counts[freed] = 0
        self._free += freed

    def _place(self, bucket: int, cell: int) -> int:
        of_bucket = self._row_of.setdefault(bucket, {})
        at = of_bucket.get(cell)
        if at is None:
            if not self._free:
                size = len(self.counts)
                self.counts = np.concatenate([self.counts, np.zeros_like(self.counts)])
                self._free = list(range(size, 2 * size))
            at = of_bucket[cell] = self._free.pop()
        return at

    def state(self) -> dict[str, NDArray[Any]]:
        keys = [(b, c, at) for b, cells in sorted(self._row_of.items()) for c, at in sorted(cells.items())]
        places = np.array(keys, np.int64).reshape(-1, 3)
        return {"pairs": places[:, :2].copy(), "counts": self.counts[places[:, 2]]}

    @staticmethod
    def from_state(width: int, state: Mapping[str, NDArray[Any]]) -> Table:
        table = Table(width)
        pairs = state["pairs"]
        if len(pairs):
            rows = table.rows(pairs[:, 0], pairs[:, 1])
            table.counts[rows] = state["counts"]
        return table
