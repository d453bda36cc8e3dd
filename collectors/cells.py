"""Cells of text files to numbers and times, strictly: what looks odd is decided one by one.

A number is ASCII digits with at most a sign, one point and an exponent: no blanks, no "1_000", no
decimal comma, no other script's digits. A time is an RFC 3339 text, the same without a zone (or
without seconds, or a date alone), or a number: at least 1e11 is milliseconds, smaller is seconds.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from collectors.base import TS_MS_MAX
from collectors.json_numbers import scan_number
from collectors.times import scan_rfc3339
from learners.compiled import kernel
from monitor.domain.batch import Reason

READ, EMPTY, ODD, NOT_FINITE, NO_NUMBER = 0, 1, 2, 3, 4
"""Classes of cells; ``ODD`` is settled before anyone sees it."""

REASONS = {EMPTY: Reason.MISSING_VALUE, NOT_FINITE: Reason.NOT_FINITE, NO_NUMBER: Reason.BAD_VALUE}

MS_FROM = 100_000_000_000
"""A number of at least this is milliseconds (1973 in milliseconds, the year 5138 in seconds)."""

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_NO_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_CELL_BYTES_MAX = 80
_QUARTER_MS = 900_000
_EPOCH = datetime(1970, 1, 1)

Classes = NDArray[np.int8]


def numbers(cells: pa.Array[Any]) -> tuple[NDArray[np.float64], Classes]:
    """Values and classes of text cells (null = empty); a value is NaN unless its class is ``READ``."""
    values = np.full(len(cells), np.nan)
    classes = np.empty(len(cells), np.int8)
    _numbers(*_buffers(cells), values, classes)
    for i in np.flatnonzero(classes == ODD).tolist():
        values[i], classes[i] = _odd_number(cells[i].as_py())
    return values, classes


def _odd_number(text: str) -> tuple[float, int]:
    if _NO_FINITE.fullmatch(text):
        return math.nan, NOT_FINITE
    if len(text) > _CELL_BYTES_MAX or not _NUMBER.fullmatch(text):
        return math.nan, NO_NUMBER
    value = float(text)
    return (value, READ) if math.isfinite(value) else (math.nan, NOT_FINITE)


def times(cells: pa.Array[Any], zone: ZoneInfo | None) -> NDArray[np.int64]:
    """Milliseconds UTC of text cells, -1 where there is no time in range; ``zone`` for naive ones."""
    ts_ms = np.full(len(cells), -1, np.int64)
    naive = np.zeros(len(cells), np.bool_)
    odd = np.zeros(len(cells), np.bool_)
    _times(*_buffers(cells), ts_ms, naive, odd)
    for i in np.flatnonzero(odd).tolist():
        ts_ms[i], naive[i] = _odd_time(cells[i].as_py())
    if zone is not None and naive.any():
        ts_ms[naive] = utc_ms(ts_ms[naive], zone)
    return in_range(ts_ms)


def _odd_time(text: str) -> tuple[int, bool]:
    if re.fullmatch(r"[0-9]{1,15}\.[0-9]+", text):
        number = float(text)
        return round(number if number >= MS_FROM else number * 1000), False
    if len(text) > _CELL_BYTES_MAX or not text.isascii():
        return -1, False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return -1, False
    if moment.tzinfo is None:
        return (moment - _EPOCH) // timedelta(milliseconds=1), True
    return (moment - _EPOCH.replace(tzinfo=UTC)) // timedelta(milliseconds=1), False


def whole_numbers_ms(ticks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seconds or milliseconds, told apart by size, as milliseconds; -1 if out of range."""
    ms = np.where(ticks >= MS_FROM, ticks, np.clip(ticks, -1, MS_FROM) * 1000)
    return in_range(ms)


def in_range(ts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.where((ts_ms < 0) | (ts_ms > TS_MS_MAX), np.int64(-1), ts_ms)


def utc_ms(local_ms: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Local wall-clock milliseconds to UTC. An hour that occurs twice means the first; one that does
    not occur is read with the offset before the change."""
    quarters, inverse = np.unique(local_ms // _QUARTER_MS, return_inverse=True)
    offsets = np.zeros(len(quarters), np.int64)
    for k, quarter in enumerate(quarters.tolist()):
        if 0 <= quarter * _QUARTER_MS <= TS_MS_MAX:
            local = (_EPOCH + timedelta(milliseconds=quarter * _QUARTER_MS)).replace(tzinfo=zone)
            offsets[k] = (local.utcoffset() or timedelta()) // timedelta(milliseconds=1)
    return np.asarray(local_ms - offsets[inverse], np.int64)


def mostly_numbers(cells: pa.Array[Any]) -> bool:
    """Whether at least half of the cells that are not empty are numbers (so the others are faults)."""
    _, classes = numbers(cells.slice(0, 10_000))
    filled = int((classes != EMPTY).sum())
    return filled == 0 or 2 * int(((classes == READ) | (classes == NOT_FINITE)).sum()) >= filled


def _buffers(cells: pa.Array[Any]) -> tuple[NDArray[Any], NDArray[np.uint8], NDArray[np.bool_]]:
    absent = (
        np.asarray(pc.is_null(cells).to_numpy(zero_copy_only=False))
        if cells.null_count
        else np.zeros(0, bool)
    )
    wide = cells.cast(pa.large_string())
    _, offsets, data = wide.buffers()
    if not len(cells) or offsets is None:
        return np.zeros(1, np.int64), np.zeros(0, np.uint8), absent
    spans = np.frombuffer(memoryview(offsets), np.int64, wide.offset + len(wide) + 1)[wide.offset :]
    raw = np.frombuffer(memoryview(data or b""), np.uint8)
    return spans, raw, absent


@kernel
def _copy_cell(offsets: Any, data: Any, i: int, cell: Any) -> int:
    """The cell's bytes into ``cell``, zeros behind them; its length, or -1 if it is too long."""
    length = offsets[i + 1] - offsets[i]
    if length > _CELL_BYTES_MAX:
        return -1
    for j in range(length):
        cell[j] = data[offsets[i] + j]
    cell[length : length + 40] = 0
    return int(length)


@kernel
def _numbers(offsets: Any, data: Any, absent: Any, values: Any, classes: Any) -> None:
    cell = np.zeros(_CELL_BYTES_MAX + 64, np.uint8)
    address = cell.ctypes.data
    for i in range(len(values)):
        if len(absent) and absent[i]:
            classes[i] = EMPTY
            continue
        length = _copy_cell(offsets, data, i, cell)
        if length == 0:
            classes[i] = EMPTY
            continue
        classes[i] = ODD
        if length > 0:
            end, value, certain = scan_number(address, 0)
            if end == length and certain:
                values[i] = value
                classes[i] = READ


@kernel
def _times(offsets: Any, data: Any, absent: Any, ts_ms: Any, naive: Any, odd: Any) -> None:
    cell = np.zeros(_CELL_BYTES_MAX + 64, np.uint8)
    address = cell.ctypes.data
    for i in range(len(ts_ms)):
        if len(absent) and absent[i]:
            continue
        length = _copy_cell(offsets, data, i, cell)
        if length <= 0:
            continue
        number = np.int64(0)
        j = 0
        while j < length and j < 15 and 48 <= cell[j] <= 57:
            number = number * 10 + np.int64(cell[j]) - 48
            j += 1
        if j == length:
            ts_ms[i] = number if number >= MS_FROM else number * 1000
            continue
        end, moment = scan_rfc3339(address, 0)
        if end == length:
            ts_ms[i] = moment
            continue
        # Without a zone, seconds or time of day: what is missing is put behind it.
        if length == 10:
            for k, c in enumerate((84, 48, 48, 58, 48, 48, 58, 48, 48)):
                cell[length + k] = c
            tail = 9
        elif length == 16:
            cell[length], cell[length + 1], cell[length + 2] = 58, 48, 48
            tail = 3
        else:
            tail = 0
        cell[length + tail] = 90
        end, moment = scan_rfc3339(address, 0)
        if end == length + tail + 1:
            ts_ms[i] = moment
            naive[i] = True
        else:
            odd[i] = True
