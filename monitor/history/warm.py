"""Compile history's kernels, or load them from the cache, before anybody waits for them."""

from __future__ import annotations

import numpy as np

from monitor.domain.observation import COLUMNS
from monitor.history.segments import sort_order
from monitor.history.window import Picker


def warm_history() -> None:
    """Sort one observation, as it lies in a tail and as it comes from a file, and pick it."""
    block = {name: np.zeros(1, kind) for name, kind in COLUMNS.items()}
    sort_order(block["row"], block["ts_ms"])
    picker = Picker(np.zeros(1, np.int32), 1)
    picker.take(block, np.zeros(0, np.int64))
    picker.result()
