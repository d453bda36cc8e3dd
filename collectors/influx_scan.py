"""One pass over the bytes of Influx line protocol: fields to columns, each a point of a series of its own.

    measurement[,tag=value…] field=value[,field=value…] [timestamp]

A backslash takes its meaning from a comma, an equals sign or a space behind it, and stands for itself before
anything else. Between quotes it hides a quote or a backslash, and a line may go on there. A series is known
by a hash of measurement, tags and field key as they are written.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import TS_MS_MAX
from collectors.influx_values import in_ms, scan_time, scan_value
from collectors.points import TEXT, TIME
from collectors.raw_bytes import byte_at, hash_bytes
from learners.compiled import inlined, kernel

FIELD = np.dtype(
    [
        ("key", np.uint64),
        ("begin", np.int32),
        ("names_end", np.int32),
        ("field_begin", np.int32),
        ("field_end", np.int32),
        ("value_begin", np.int32),
        ("value_end", np.int32),
        ("line", np.int32),
    ],
    align=True,
)
"""One field, 40 bytes: hash of its series; spans of measurement with tags, of the field's key and value."""

BAD_LINE = np.dtype([("line", np.int32), ("begin", np.int32), ("end", np.int32)], align=True)

DONE, FULL = 0, 1
"""How a scan ended: whole body read; more fields or bad lines than places."""

_COMMA, _EQUALS, _SPACE, _TAB, _NEWLINE, _RETURN = 44, 61, 32, 9, 10, 13
_BACKSLASH, _HASH = 92, 35


@inlined
def _text_end(address: int, at: int, end: int) -> tuple[int, int]:
    """The place of the next comma, equals sign, space or line end that nothing hides, and what it is (0 at
    the body's end)."""
    while at < end:
        c = byte_at(address + at)
        if c in (_COMMA, _EQUALS, _SPACE, _NEWLINE):
            return at, c
        if c == _BACKSLASH and at + 1 < end:
            hidden = byte_at(address + at + 1)
            if hidden in (_COMMA, _EQUALS, _SPACE):
                at += 1
        at += 1
    return end, 0


@kernel
def _names_end(address: int, at: int, end: int) -> int:
    """The space behind measurement and tags, -1 if they are none."""
    first = at
    at, c = _text_end(address, at, end)
    while c == _EQUALS:  # an equals sign of the measurement's own
        at, c = _text_end(address, at + 1, end)
    if at == first:
        return -1
    while c == _COMMA:
        key = at + 1
        at, c = _text_end(address, key, end)
        if c != _EQUALS or at == key:
            return -1
        value = at + 1
        at, c = _text_end(address, value, end)
        if at == value:
            return -1
    return at if c == _SPACE else -1


@inlined
def _skip_spaces(address: int, at: int, end: int) -> int:
    while at < end and (byte_at(address + at) == _SPACE or byte_at(address + at) == _TAB):
        at += 1
    return at


@inlined
def _line_end(address: int, at: int, end: int) -> int:
    while at < end and byte_at(address + at) != _NEWLINE:
        at += 1
    return at


@kernel
def _scan_line(
    address: int, at: int, end: int, line: int, unit: int, now_ms: int, seed: Any, fields: Any, points: Any,
    count: int,
) -> tuple[int, int]:  # fmt: skip
    """Read the line at ``at`` behind the first ``count`` fields: the place of its end, and how many fields
    then. If it is none: -1 - the place from which its end is to be looked for. Full: -1 fields.

    ``unit``: timestamps of that many to a millisecond, or a negative number of milliseconds in each.
    """
    begin = at
    names_end = _names_end(address, at, end)
    if names_end < 0:
        return -1 - begin, count
    base = hash_bytes(address + begin, names_end - begin, seed)
    first = count
    at = _skip_spaces(address, names_end, end)
    while True:
        key = at
        at, c = _text_end(address, key, end)
        if c != _EQUALS or at == key:
            return -1 - at, first
        if count == len(points):
            return at, -1
        field = fields[count]
        point = points[count]
        field.begin = begin
        field.names_end = names_end
        field.field_begin = key
        field.field_end = at
        field.line = line
        hashed = hash_bytes(address + key, at - key, base)
        field.key = hashed if hashed != 0 else np.uint64(1)
        field.value_begin = at + 1
        at = scan_value(address, at + 1, end, point)
        if at < 0:
            return -1 - begin, first
        field.value_end = at
        point.series = count
        point.ts_ms = now_ms
        count += 1
        if at >= end or byte_at(address + at) != _COMMA:
            break
        at += 1
    if at < end and byte_at(address + at) == _SPACE:
        at = _skip_spaces(address, at, end)
        before = at
        at, fits, number = scan_time(address, at, end)
        if at != before:
            ts_ms = in_ms(number, unit)
            fits = fits and 0 <= ts_ms <= TS_MS_MAX
            for row in range(first, count):
                points[row].ts_ms = ts_ms
                if not fits and points[row].fault != TEXT:
                    points[row].fault = TIME
        at = _skip_spaces(address, at, end)
    if at < end and byte_at(address + at) == _RETURN:
        at += 1
    if at < end and byte_at(address + at) != _NEWLINE:
        return -1 - at, first
    return at, count


@kernel
def scan_lines(
    body: Any, end: int, unit: int, now_ms: int, seed: Any, fields: Any, points: Any, bad: Any
) -> tuple[int, int, int]:
    """Read a padded body: how it ended, how many fields, how many bad lines."""
    address = body.ctypes.data
    at = 0
    line = 0
    count = 0
    bad_count = 0
    while at < end:
        line += 1
        at = _skip_spaces(address, at, end)
        c = byte_at(address + at)
        if at >= end or c in (_NEWLINE, _HASH) or (c == _RETURN and _line_end(address, at, end) == at + 1):
            at = _line_end(address, at, end) + 1
            continue
        stop, rows = _scan_line(address, at, end, line, unit, now_ms, seed, fields, points, count)
        if rows < 0 or (stop < 0 and bad_count == len(bad)):
            return FULL, count, bad_count
        if stop < 0:
            stop = _line_end(address, -1 - stop, end)
            bad[bad_count].line = line
            bad[bad_count].begin = at
            bad[bad_count].end = stop
            bad_count += 1
        line += _lines_in(address, at, stop)
        count = rows
        at = stop + 1
    return DONE, count, bad_count


@kernel
def _lines_in(address: int, at: int, end: int) -> int:
    """Line ends inside strings of a line."""
    count = 0
    for place in range(at, end):
        if byte_at(address + place) == _NEWLINE:
            count += 1
    return count
