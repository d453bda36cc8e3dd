"""Where the records of a CSV file begin and end, and which of them cannot be read, in one pass.

A quote opens a quoted field only at the field's start, and a doubled one stands for itself (RFC 4180).
A quoted field that runs over 128 KiB or to the end of the file is a stray quote: its line is bad, and
the survey goes on at the next line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.json_grammar import line_end, valid_utf8
from collectors.raw_bytes import byte_at
from learners.compiled import kernel

RECORD = np.dtype(
    [("begin", np.int64), ("end", np.int64), ("line", np.int64), ("fields", np.int32), ("state", np.int32)],
    align=True,
)
"""One record: span without its line end, physical line from 1, number of fields, what is wrong."""

FINE, BLANK, CONTROL, LONG, QUOTE, ENCODING = 0, 1, 2, 3, 4, 5
"""States; ``CONTROL`` is a NUL, or a carriage return that ends no line."""

FIELD_BYTES_MAX = 131_072

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13


@kernel
def _field(address: int, at: int, length: int, delimiter: int) -> tuple[int, int, int]:
    """Behind the field at ``at``, its state, and the line feeds inside it."""
    first = at
    state = FINE
    feeds = 0
    if at < length and byte_at(address + at) == _QUOTE:
        at += 1
        while True:
            if at >= length or at - first > FIELD_BYTES_MAX:
                return at, QUOTE, 0
            c = byte_at(address + at)
            if c == _QUOTE:
                at += 1
                if at >= length or byte_at(address + at) != _QUOTE:
                    break
            elif c == _NEWLINE:
                feeds += 1
            elif c == 0:
                state = CONTROL
            at += 1
    while at < length:
        c = byte_at(address + at)
        if c in (delimiter, _NEWLINE):
            break
        if c == 0 or (c == _RETURN and at + 1 < length and byte_at(address + at + 1) != _NEWLINE):
            state = CONTROL
        at += 1
    if at - first > FIELD_BYTES_MAX:
        state = LONG
    return at, state, feeds


@kernel
def survey(raw: Any, length: int, at: int, delimiter: int, check_utf8: bool, out: Any) -> int:
    """Fill ``out`` with the records from ``at`` on; the number of records. ``raw`` is padded."""
    address = raw.ctypes.data
    count = 0
    line = 1
    while at < length:
        record = out[count]
        count += 1
        record.begin = at
        record.line = line
        fields = 0
        state = FINE
        feeds = 1
        while True:
            end, wrong, inside = _field(address, at, length, delimiter)
            if wrong != FINE:
                state = wrong
            if wrong == QUOTE:
                feeds = 1
                end = line_end(address, record.begin, length)
            fields += 1
            feeds += inside
            at = end + 1
            if end >= length or wrong == QUOTE or byte_at(address + end) == _NEWLINE:
                break
        if end > record.begin and byte_at(address + end - 1) == _RETURN:
            end -= 1
        record.end = end
        record.fields = fields
        if end == record.begin:
            state = BLANK
        elif state == FINE and check_utf8 and not valid_utf8(address, record.begin, end):
            state = ENCODING
        record.state = state
        line += feeds
    return count


@kernel
def gather(raw: Any, records: Any, out: Any) -> int:
    """Copy the records one behind the other, each with a line feed; the bytes written."""
    at = 0
    for i in range(len(records)):
        for j in range(records[i].begin, records[i].end):
            out[at] = raw[j]
            at += 1
        out[at] = _NEWLINE
        at += 1
    return at
