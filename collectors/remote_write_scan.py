"""One pass over the bytes of a remote-write message: series and points to columns.

Version 1.0 is ``prometheus.WriteRequest``, 2.0 ``io.prometheus.write.v2.Request``, where labels are
numbers of symbols that stand before them, once each. A series is known by a hash of its labels as they
are written, so its names are read where it is met first and never again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import TS_MS_MAX
from collectors.points import GOOD, HISTOGRAM, MISSING, NOT_FINITE, TIME
from collectors.protobuf import (
    BROKEN,
    check_fields,
    read_key,
    read_length,
    read_varint,
    skip_value,
)
from collectors.raw_bytes import float_of_bits, fold, hash_bytes, load64
from learners.compiled import inlined, kernel

SERIES = np.dtype([("key", np.uint64), ("begin", np.int32), ("end", np.int32)], align=True)
"""One series of a message, 16 bytes: hash of its labels, span of its message in the body."""

SYMBOL = np.dtype([("hash", np.uint64), ("begin", np.int32), ("end", np.int32)], align=True)

DONE, BAD_MESSAGE, FULL, OTHER = 0, 1, 2, 3
"""How a scan ended: whole message read; no protobuf; more series, points or symbols than places; a message
of the other version, which would pass for an empty one."""

# Keys of fields: number × 8 + wire type.
_SERIES_1, _SYMBOL, _SERIES_2 = 0x0A, 0x22, 0x2A
_LABEL, _REFS, _REF, _SAMPLE = 0x0A, 0x0A, 0x08, 0x12
_HISTOGRAM_1, _HISTOGRAM_2 = 0x22, 0x1A
_NAME, _TEXT, _VALUE, _TIMESTAMP, _HISTOGRAM_TIMESTAMP = 0x0A, 0x12, 0x09, 0x10, 0x78

_STRANGE = np.uint64(0x5DEECE66D1CE4E5B)
"""Mixed into the hash of a label that names no symbol, which no symbol's text can equal."""


@inlined
def _scan_point(address: int, at: int, end: int, time_key: int, point: Any) -> int:
    """Value and time of a sample's message, or the time alone of a histogram's."""
    bits: Any = np.uint64(0)
    ts_ms: Any = np.int64(0)
    while at < end:
        at, key = read_key(address, at, end)
        if at < 0:
            return BROKEN
        if key == _VALUE and end - at >= 8:
            bits = load64(address + at)
            at += 8
        elif key == time_key:
            at, ts_ms = read_varint(address, at, end)
        else:
            at = skip_value(address, at, end, key)
        if at < 0:
            return BROKEN
    value = float_of_bits(bits)
    point.value = value
    point.ts_ms = ts_ms
    if value != value:
        point.fault = MISSING
    elif ts_ms < 0 or ts_ms > TS_MS_MAX:
        point.fault = TIME
    elif np.isinf(value):
        point.fault = NOT_FINITE
    else:
        point.fault = GOOD
    return at


@kernel
def _hash_ref(ref: int, symbols: Any, count: int, key: Any) -> Any:
    """A label's number mixed into the key of its series, by the text it stands for."""
    if ref < 0 or ref >= count:
        return fold(key ^ _STRANGE, np.uint64(ref) ^ _STRANGE)
    return fold(key, symbols[ref].hash)


@kernel
def _hash_refs(address: int, at: int, end: int, symbols: Any, count: int, key: Any) -> tuple[int, Any]:
    """All numbers of a packed list."""
    while at < end:
        at, ref = read_varint(address, at, end)
        if at < 0:
            return BROKEN, key
        key = _hash_ref(ref, symbols, count, key)
    return at, key


@kernel
def _scan_series(
    address: int, at: int, end: int, row: int, seed: Any, symbols: Any, symbol_count: int, series: Any,
    points: Any, count: int,
) -> tuple[int, int]:  # fmt: skip
    """Read one series into its row and its points behind the first ``count``: the place behind it
    (`BROKEN`; -2 - place if the points are full) and the number of points. No symbols: version 1.0."""
    key = seed
    second = symbol_count >= 0
    histogram_key = _HISTOGRAM_2 if second else _HISTOGRAM_1
    series.begin = at
    series.end = end
    while at < end:
        begin = at
        at, field = read_key(address, at, end)
        if at < 0:
            return BROKEN, count
        if field in (_SAMPLE, histogram_key):
            at, stop = read_length(address, at, end)
            if at < 0:
                return BROKEN, count
            if count == len(points):
                return -2, count
            point = points[count]
            point.series = row
            time_key = _TIMESTAMP if field == _SAMPLE else _HISTOGRAM_TIMESTAMP
            at = _scan_point(address, at, stop, time_key, point)
            if field == histogram_key:
                point.fault = HISTOGRAM
            count += 1
        elif field == _LABEL and not second:
            at, stop = read_length(address, at, end)
            if at >= 0:
                at = check_fields(address, at, stop)
                key = hash_bytes(address + begin, stop - begin, key)
        elif field == _REFS and second:
            at, stop = read_length(address, at, end)
            if at >= 0:
                at, key = _hash_refs(address, at, stop, symbols, symbol_count, key)
        elif field == _REF and second:
            at, ref = read_varint(address, at, end)
            key = _hash_ref(ref, symbols, symbol_count, key)
        else:
            at = skip_value(address, at, end, field)
        if at < 0:
            return BROKEN, count
    series.key = key if key != 0 else np.uint64(1)
    return at, count


@kernel
def scan_symbols(body: Any, length: int, seed: Any, symbols: Any) -> tuple[int, int]:
    """Spans and hashes of the symbols of a 2.0 message, wherever they stand: how it ended, and how many."""
    address = body.ctypes.data
    at = 0
    count = 0
    while at < length:
        at, key = read_key(address, at, length)
        if at < 0:
            return BAD_MESSAGE, count
        if key != _SYMBOL:
            at = skip_value(address, at, length, key)
        else:
            at, stop = read_length(address, at, length)
            if at >= 0:
                if count == len(symbols):
                    return FULL, count
                symbol = symbols[count]
                symbol.begin = at
                symbol.end = stop
                symbol.hash = hash_bytes(address + at, stop - at, seed)
                count += 1
                at = stop
        if at < 0:
            return BAD_MESSAGE, count
    return DONE, count


@kernel
def scan_write(
    body: Any, length: int, seed: Any, symbols: Any, symbol_count: int, series: Any, points: Any
) -> tuple[int, int, int, int]:
    """Read a padded message into ``series`` and ``points``: how it ended, where, how many of each.

    ``symbol_count`` -1 reads version 1.0, else 2.0 with that many symbols.
    """
    address = body.ctypes.data
    wanted = _SERIES_1 if symbol_count < 0 else _SERIES_2
    other = _SERIES_2 if symbol_count < 0 else _SERIES_1
    at = 0
    rows = 0
    count = 0
    while at < length:
        begin = at
        at, key = read_key(address, at, length)
        if at < 0:
            return BAD_MESSAGE, begin, rows, count
        if key == other:
            return OTHER, begin, rows, count
        if key != wanted:
            at = skip_value(address, at, length, key)
        else:
            at, stop = read_length(address, at, length)
            if at >= 0:
                if rows == len(series):
                    return FULL, begin, rows, count
                at, count = _scan_series(
                    address, at, stop, rows, seed, symbols, symbol_count, series[rows], points, count
                )
                rows += 1
        if at == -2:
            return FULL, begin, rows, count
        if at < 0:
            return BAD_MESSAGE, begin, rows, count
    return DONE, at, rows, count
