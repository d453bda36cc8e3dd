"""The newest rows of a table, in memory until they are written as a segment.

Columns grow by doubling, so an append copies only what is new and a read sees plain arrays. Views
handed out stay true: rows once written are not changed, and a cleared tail starts new arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.history.listing import Table
from monitor.history.segments import SCHEMAS, Columns

_FIRST_ROWS = 1024


class Tail:
    """Rows of one table in order of arrival; 54 bytes an observation, up to twice that while growing.
    A cleared tail has room for as many again."""

    def __init__(self, table: Table) -> None:
        self._kinds = SCHEMAS[table]
        self._capacity = 0
        self.clear()

    def __len__(self) -> int:
        return self._rows

    def clear(self) -> None:
        self._rows = 0
        self._columns: Columns = {name: np.empty(self._capacity, kind) for name, kind in self._kinds.items()}

    def append(self, columns: Columns) -> None:
        """Columns of one length; raises ValueError otherwise, and then keeps nothing of them."""
        rows = len(columns["row"])
        if any(len(columns[name]) != rows for name in self._kinds):
            raise ValueError("columns differ in length")
        end = self._rows + rows
        if end > self._capacity:
            self._grow(end)
        for name, column in self._columns.items():
            column[self._rows : end] = columns[name]
        self._rows = end

    def columns(self) -> Columns:
        """Views of all rows, in order of arrival. Read only."""
        return {name: column[: self._rows] for name, column in self._columns.items()}

    def of_row(self, row: int, from_ms: int, to_ms: int) -> Columns:
        """Copies of one series' rows between the times; a scan of about 1 ms a million rows."""
        view = self.columns()
        at = np.flatnonzero(view["row"] == row)
        times = view["ts_ms"][at]
        at = at[(times >= from_ms) & (times < to_ms)]
        return {name: column[at] for name, column in view.items()}

    def forget(self, rows: NDArray[np.int64]) -> None:
        """Remove all data of ``rows`` (sorted)."""
        view = self.columns()
        at = np.searchsorted(rows, view["row"])
        dead: NDArray[Any] = (at < len(rows)) & (np.append(rows, -1)[at] == view["row"])
        if dead.any():
            self._columns = {name: column[~dead] for name, column in view.items()}
            self._rows = self._capacity = len(self._columns["row"])

    def _grow(self, rows: int) -> None:
        self._capacity = max(rows, 2 * self._capacity, _FIRST_ROWS)
        for name, column in self._columns.items():
            grown = np.empty(self._capacity, column.dtype)
            grown[: self._rows] = column[: self._rows]
            self._columns[name] = grown
