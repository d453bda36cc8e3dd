"""A value and a time of Influx line protocol, read in place where they are written as usual."""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import TS_MS_MAX
from collectors.json_numbers import scan_number
from collectors.points import GOOD, NOT_FINITE, TEXT, VALUE
from collectors.raw_bytes import byte_at, load32
from learners.compiled import kernel

SLOW = 100
"""Fault of a point whose value Python has to read."""

LINE_BYTES_MAX = 65_536
"""Beyond it a quote that was opened is given up."""

_COMMA, _SPACE, _NEWLINE, _RETURN, _QUOTE, _BACKSLASH, _MINUS = 44, 32, 10, 13, 34, 92, 45
_TRUE = np.array([int.from_bytes(word, "little") for word in (b"true", b"True", b"TRUE")], np.uint64)
_FALSE = np.array([int.from_bytes(word, "little") for word in (b"fals", b"Fals", b"FALS")], np.uint64)
_TIME_MAX = np.uint64(2**63 - 1)


@kernel
def _quote_end(address: int, at: int, end: int) -> int:
    """Behind the quote that closes the string whose first byte is at ``at``; -1 without one."""
    end = min(end, at + LINE_BYTES_MAX)
    while at < end:
        c = byte_at(address + at)
        if c == _QUOTE:
            return at + 1
        at += 2 if c == _BACKSLASH else 1
    return -1


@kernel
def _plain_end(address: int, at: int, end: int) -> int:
    while at < end:
        c = byte_at(address + at)
        if c in (_COMMA, _SPACE, _NEWLINE, _RETURN):
            break
        at += 1
    return at


@kernel
def _truth(address: int, at: int, end: int) -> float:
    """1 or 0 for a word of truth, else NaN."""
    c = byte_at(address + at)
    size = end - at
    if size == 1 and (c == 116 or c == 84):
        return 1.0
    if size == 1 and (c == 102 or c == 70):
        return 0.0
    if size == 4 or size == 5:
        word = load32(address + at)
        last = byte_at(address + end - 1)
        for i in range(3):
            if size == 4 and word == _TRUE[i]:
                return 1.0
            if size == 5 and word == _FALSE[i] and (last == 69 if i == 2 else last == 101):
                return 0.0
    return np.nan


@kernel
def scan_value(address: int, at: int, end: int, point: Any) -> int:
    """Read a field's value; the place behind it, -1 if a string has no end."""
    c = byte_at(address + at)
    if c == _QUOTE:
        point.value = 0.0
        point.fault = TEXT
        return _quote_end(address, at + 1, end)
    stop = _plain_end(address, at, end)
    point.fault = VALUE
    point.value = np.nan
    if c == _MINUS or c == 46 or 48 <= c <= 57:
        behind, value, certain = scan_number(address, at)
        point.value = value
        point.fault = SLOW
        if certain and behind == stop:
            point.fault = GOOD if np.isfinite(value) else NOT_FINITE
        elif certain and behind == stop - 1 and behind - at <= 18 and _is_whole(address, at, behind):
            suffix = byte_at(address + behind)
            if suffix == 105 or (suffix == 117 and c != _MINUS):
                point.fault = GOOD
    elif stop > at:
        value = _truth(address, at, stop)
        if value == value:
            point.value = value
            point.fault = GOOD
    return stop


@kernel
def _is_whole(address: int, at: int, end: int) -> bool:
    """Digits only, but for a sign before them."""
    if byte_at(address + at) == _MINUS:
        at += 1
    for place in range(at, end):
        c = byte_at(address + place)
        if c < 48 or c > 57:
            return False
    return True


@kernel
def scan_time(address: int, at: int, end: int) -> tuple[int, bool, int]:
    """Behind a timestamp, whether it is one that fits, and its number; the place itself where none stands
    there."""
    negative = byte_at(address + at) == _MINUS
    first = at + 1 if negative else at
    place = first
    number = np.uint64(0)
    while place < end and 48 <= byte_at(address + place) <= 57:
        number = number * np.uint64(10) + np.uint64(byte_at(address + place) - 48)
        place += 1
    if place == first:
        return at, False, 0
    fits: Any = place - first <= 19 and number <= _TIME_MAX
    signed: Any = np.int64(number & _TIME_MAX)
    return place, fits, -signed if negative else signed


@kernel
def in_ms(number: int, unit: int) -> int:
    """Whole milliseconds, rounded down; -1 where they are out of range."""
    if unit > 0:
        return number // unit
    return number * -unit if 0 <= number <= TS_MS_MAX else -1
