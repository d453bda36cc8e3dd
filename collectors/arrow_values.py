"""Arrow columns of numbers and times to writable NumPy columns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.base import TS_MS_MAX

_PER_MS = {"us": 1_000, "ns": 1_000_000}


def float_column(column: pa.Array[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
    """As float64 (NaN where null), and where null."""
    numbers = column if column.type == pa.float64() else column.cast(pa.float64(), safe=False)
    if not numbers.null_count:
        return np.array(numbers.to_numpy(zero_copy_only=False)), None
    missing = numbers.is_null().to_numpy(zero_copy_only=False)
    return np.array(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False)), missing


def timestamp_column(column: pa.Array[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Milliseconds, and where there are none or out of range."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "ms"
    ticks: pa.Array[Any] = column.view(pa.int64())
    missing: Any = False
    if ticks.null_count:
        missing = ticks.is_null().to_numpy(zero_copy_only=False)
        ticks = ticks.fill_null(-1)
    ts_ms = np.array(ticks.to_numpy(zero_copy_only=False))
    if unit == "s":
        # A time too large to be multiplied is out of range anyway.
        ts_ms = np.where(np.abs(ts_ms) > TS_MS_MAX // 1000, -1, ts_ms) * 1000
    elif unit in _PER_MS:
        ts_ms //= _PER_MS[unit]
    return ts_ms, missing | (ts_ms < 0) | (ts_ms > TS_MS_MAX)
