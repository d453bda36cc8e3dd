"""One data point of OTLP, to a row and a point for each number in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.points import GOOD, MISSING, NOT_FINITE, TIME
from collectors.protobuf import (
    BROKEN,
    FIXED64,
    check_fields,
    next_field,
    read_key,
    read_length,
    read_varint,
    skip_value,
)
from collectors.raw_bytes import float_of_bits, fold, hash_bytes, load64
from learners.compiled import kernel

SERIES = np.dtype(
    [
        ("key", np.uint64),
        ("quantile", np.float64),
        ("resource_begin", np.int32),
        ("resource_end", np.int32),
        ("name_begin", np.int32),
        ("name_end", np.int32),
        ("begin", np.int32),
        ("end", np.int32),
        ("attributes", np.int32),
        ("part", np.int32),
        ("place", np.int32),
    ],
    align=True,
)
"""One number of a data point, 56 bytes: hash of its series; spans of resource, metric name and data point;
the key of the point's attributes; which of its numbers; which data point."""

CONTEXT = np.dtype(
    [
        ("resource_key", np.uint64),
        ("metric_key", np.uint64),
        ("resource_begin", np.int32),
        ("resource_end", np.int32),
        ("name_begin", np.int32),
        ("name_end", np.int32),
        ("place", np.int64),
        ("count", np.int64),
    ],
    align=True,
)
"""Where the scan stands: the resource and metric it is in, data points and numbers so far."""

ONLY, COUNT, SUM, MIN, MAX, QUANTILE = range(6)
"""Numbers of a data point."""

NO_PLACE = -2
"""In the place of a position: there are more numbers than places."""

NUMBER, HISTOGRAM, EXPONENTIAL, SUMMARY = range(4)
"""Kinds of data points."""

# Keys of fields: number × 8 + wire type.
_VALUE = 0x12
_TIME, _AS_DOUBLE, _AS_INT, _COUNT, _TOTAL, _QUANTILES = 0x19, 0x21, 0x31, 0x21, 0x29, 0x32
_QUANTILE, _QUANTILE_VALUE = 0x09, 0x11
# By kind.
_ATTRIBUTES = np.array([0x3A, 0x4A, 0x0A, 0x3A])
_FLAGS = np.array([0x40, 0x50, 0x50, 0x40])
_LEAST = np.array([-1, 0x59, 0x61, -1])
_MOST = np.array([-1, 0x61, 0x69, -1])

_NS = np.uint64(1_000_000)
_SALT = np.uint64(0x2545F4914F6CDD1D)


@kernel
def check_attribute(address: int, at: int, end: int) -> int:
    """`check_fields` of an attribute and its value."""
    begin, stop = next_field(address, at, end, _VALUE)
    while stop >= 0:
        if check_fields(address, begin, stop) < 0:
            return BROKEN
        begin, stop = next_field(address, stop, end, _VALUE)
    return begin


@kernel
def _emit(
    here: Any, begin: int, end: int, kind: int, key: Any, part: int, quantile: float, ts_ms: int,
    value: float, fault: int, series: Any, points: Any,
) -> bool:  # fmt: skip
    """Write one number of a data point; False if there is no place. ``fault``: `GOOD` if none is known."""
    count = here.count
    if count == len(points):
        return False
    row = series[count]
    mixed = fold(key ^ _SALT, np.uint64(part + 1) ^ _SALT)
    row.key = mixed if mixed != 0 else np.uint64(1)
    row.quantile = quantile
    row.resource_begin = here.resource_begin
    row.resource_end = here.resource_end
    row.name_begin = here.name_begin
    row.name_end = here.name_end
    row.begin = begin
    row.end = end
    row.attributes = _ATTRIBUTES[kind]
    row.part = part
    row.place = here.place
    point = points[count]
    point.series = count
    point.ts_ms = ts_ms
    point.value = value
    point.fault = fault
    if fault == GOOD:
        if value != value:
            point.fault = MISSING
        elif ts_ms <= 0:
            point.fault = TIME
        elif np.isinf(value):
            point.fault = NOT_FINITE
    here.count = count + 1
    return True


@kernel
def _scan_quantiles(
    address: int, at: int, end: int, here: Any, key: Any, ts_ms: int, series: Any, points: Any
) -> int:
    """The quantiles of a summary's data point, which has been found sound."""
    begin = at
    while at < end:
        at, field = read_key(address, at, end)
        if field != _QUANTILES:
            at = skip_value(address, at, end, field)
            continue
        at, stop = read_length(address, at, end)
        bits = np.uint64(0)
        value = np.uint64(0)
        while at < stop:
            at, field = read_key(address, at, stop)
            if at >= 0 and (field in (_QUANTILE, _QUANTILE_VALUE)) and stop - at >= 8:
                word = load64(address + at)
                at += 8
                if field == _QUANTILE:
                    bits = word
                else:
                    value = word
            elif at >= 0:
                at = skip_value(address, at, stop, field)
            if at < 0:
                return BROKEN
        quantile = float_of_bits(bits)
        mixed = fold(key, bits ^ _SALT)
        if not _emit(
            here,
            begin,
            end,
            SUMMARY,
            mixed,
            QUANTILE,
            quantile,
            ts_ms,
            float_of_bits(value),
            GOOD,
            series,
            points,
        ):
            return NO_PLACE
    return at


@kernel
def scan_data_point(address: int, at: int, end: int, kind: int, here: Any, series: Any, points: Any) -> int:
    """Read one data point of this kind: the place behind it, `BROKEN`, or full."""
    begin = at
    key = here.metric_key
    time = np.uint64(0)
    flags: Any = np.int64(0)
    only = least = most = np.nan
    count = 0.0  # a number that is 0 need not be written
    total = 0.0 if kind == SUMMARY else np.nan
    while at < end:
        first = at
        at, field = read_key(address, at, end)
        if at < 0:
            return BROKEN
        if field == _ATTRIBUTES[kind]:
            at, stop = read_length(address, at, end)
            if at >= 0:
                at = check_attribute(address, at, stop)
                key = hash_bytes(address + first, stop - first, key)
        elif field == _FLAGS[kind]:
            at, flags = read_varint(address, at, end)
        elif (field & 7) == FIXED64 and end - at >= 8:
            word = load64(address + at)
            at += 8
            if field == _TIME:
                time = word
            elif kind == NUMBER and field == _AS_DOUBLE:
                only = float_of_bits(word)
            elif kind == NUMBER and field == _AS_INT:
                only = np.float64(np.int64(word))
            elif kind == NUMBER:
                pass
            elif field == _COUNT:
                count = np.float64(word)
            elif field == _TOTAL:
                total = float_of_bits(word)
            elif field == _LEAST[kind]:
                least = float_of_bits(word)
            elif field == _MOST[kind]:
                most = float_of_bits(word)
        else:
            at = skip_value(address, at, end, field)
        if at < 0:
            return BROKEN
    ts_ms: Any = np.int64(time // _NS)  # at most half of TS_MS_MAX
    fault = MISSING if flags & 1 else GOOD
    if kind == NUMBER:
        placed = _emit(here, begin, end, kind, key, ONLY, 0.0, ts_ms, only, fault, series, points)
    else:
        placed = _emit(here, begin, end, kind, key, COUNT, 0.0, ts_ms, count, fault, series, points)
        if fault == GOOD:
            for part in range(SUM, MAX + 1):
                value = total if part == SUM else (least if part == MIN else most)
                if placed and value == value:
                    placed = _emit(
                        here, begin, end, kind, key, part, 0.0, ts_ms, value, fault, series, points
                    )
        if placed and kind == SUMMARY and fault == GOOD:
            behind = _scan_quantiles(address, begin, end, here, key, ts_ms, series, points)
            if behind < 0:
                return behind
    here.place += 1
    return at if placed else NO_PLACE
