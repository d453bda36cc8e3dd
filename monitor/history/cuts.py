"""One series between two times, cut out of sorted blocks and put together again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.history.segments import Columns

Span = tuple[int, int, int]
"""A row, and the times from which and before which it is asked for."""


def cut(block: Columns, row: int, from_ms: int, to_ms: int) -> Columns:
    """One series between two times, out of a sorted block."""
    low, high = np.searchsorted(block["row"], [row, row + 1])
    times = block["ts_ms"][low:high]
    first, last = low + np.searchsorted(times, [from_ms, to_ms])
    return {name: column[first:last] for name, column in block.items()}


def in_time_order(parts: Sequence[Columns], names: Sequence[str]) -> Columns:
    """The named columns of parts of one series, none or several of which may overlap in time."""
    times = np.concatenate([part["ts_ms"] for part in parts])
    whole = {name: np.concatenate([part[name] for part in parts]) for name in names}
    if (times[1:] < times[:-1]).any():
        order = np.argsort(times, kind="stable")
        whole = {name: column[order] for name, column in whole.items()}
    return whole
