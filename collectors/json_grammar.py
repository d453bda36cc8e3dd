"""The grammar of strict JSON (RFC 8259) as kernels that skip one value and accept nothing else.

Each takes the address of a zero-padded body and the place of the value, and answers the place behind
it, or -1: no JSON, a lone surrogate, a number of more than 64 digits, containers nested deeper than
16. The zero byte behind the body is legal nowhere, so no kernel runs past it. UTF-8 is the caller's
to check.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.json_numbers import scan_number
from collectors.raw_bytes import byte_at, load32, load64, trailing_zeros
from learners.compiled import kernel, spliced

DEPTH_MAX = 16
"""Containers inside one another, the outermost counted (RELIABILITY.md section 5)."""

QUOTE, BACKSLASH, COMMA, COLON = 34, 92, 44, 58
OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET = 123, 125, 91, 93
TAB, NEWLINE, RETURN, SPACE = 9, 10, 13, 32

_ONES = np.uint64(0x0101010101010101)
_HIGHS = np.uint64(0x8080808080808080)
_QUOTES = np.uint64(0x2222222222222222)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_SPACES = np.uint64(0x2020202020202020)
_TRUE = np.uint64(0x65757274)
_NULL = np.uint64(0x6C6C756E)
_ALSE = np.uint64(0x65736C61)


@spliced
def skip_space(address: int, at: int, lines: bool) -> int:
    """Behind any white space; with ``lines`` a line feed is none, since it ends the line."""
    while True:
        c = byte_at(address + at)
        if c > SPACE or (c != SPACE and c != TAB and c != RETURN and (c != NEWLINE or lines)):
            return at
        at += 1


@kernel
def skip_string(address: int, at: int) -> tuple[int, bool]:
    """From behind the opening quote to the closing one, eight bytes a step; whether it has escapes."""
    escaped = False
    while True:
        word = load64(address + at)
        quotes = word ^ _QUOTES
        backslashes = word ^ _BACKSLASHES
        stops = ((quotes - _ONES) & ~quotes) | ((backslashes - _ONES) & ~backslashes)
        stops = (stops | ((word - _SPACES) & ~word)) & _HIGHS
        if stops == 0:
            at += 8
            continue
        at += trailing_zeros(stops) >> 3
        c = byte_at(address + at)
        if c == QUOTE:
            return at, escaped
        if c != BACKSLASH:
            return -1, escaped
        escaped = True
        at = _skip_escape(address, at + 1)
        if at < 0:
            return -1, escaped


@kernel
def _skip_escape(address: int, at: int) -> int:
    c = byte_at(address + at)
    if c == 117:
        unit = _hex4(address, at + 1)
        if unit < 0 or 0xDC00 <= unit <= 0xDFFF:
            return -1
        if not 0xD800 <= unit <= 0xDBFF:
            return at + 5
        if byte_at(address + at + 5) != BACKSLASH or byte_at(address + at + 6) != 117:
            return -1
        return at + 11 if 0xDC00 <= _hex4(address, at + 7) <= 0xDFFF else -1
    if c in (QUOTE, BACKSLASH, 47, 98, 102, 110, 114, 116):
        return at + 1
    return -1


@kernel
def _hex4(address: int, at: int) -> int:
    unit = 0
    for i in range(4):
        c = byte_at(address + at + i)
        if 48 <= c <= 57:
            unit = unit * 16 + c - 48
        elif 97 <= c | 32 <= 102:
            unit = unit * 16 + (c | 32) - 87
        else:
            return -1
    return unit


@kernel
def _skip_scalar(address: int, at: int) -> int:
    """A string, number, true, false or null."""
    c = byte_at(address + at)
    if c == QUOTE:
        end, _ = skip_string(address, at + 1)
        return end + 1 if end >= 0 else -1
    if c == 45 or 48 <= c <= 57:
        end, _, _ = scan_number(address, at)
        return end
    word = load32(address + at)
    if word in (_TRUE, _NULL):
        return at + 4
    if c == 102 and load32(address + at + 1) == _ALSE:
        return at + 5
    return -1


@kernel
def is_null(address: int, at: int) -> bool:
    """Whether the token null begins here."""
    return bool(load32(address + at) == _NULL)


@kernel
def _skip_member_key(address: int, at: int, lines: bool) -> int:
    """From a member's key to its value."""
    if byte_at(address + at) != QUOTE:
        return -1
    end, _ = skip_string(address, at + 1)
    if end < 0:
        return -1
    at = skip_space(address, end + 1, lines)
    if byte_at(address + at) != COLON:
        return -1
    return skip_space(address, at + 1, lines)


@kernel
def skip_value(address: int, at: int, depth: int, lines: bool) -> int:
    """Behind the value at ``at``, which lies inside ``depth`` containers."""
    # One bit a level, 1 = object; the marker bit above them says how deep we are.
    objects = 1
    while True:
        c = byte_at(address + at)
        if c in (OPEN_BRACE, OPEN_BRACKET):
            depth += 1
            if depth > DEPTH_MAX:
                return -1
            is_object = c == OPEN_BRACE
            inner = skip_space(address, at + 1, lines)
            if byte_at(address + inner) != c + 2:
                objects = objects * 2 + is_object
                at = _skip_member_key(address, inner, lines) if is_object else inner
                if at < 0:
                    return -1
                continue
            depth -= 1
            at = inner + 1
        else:
            at = _skip_scalar(address, at)
            if at < 0:
                return -1
        # A value is behind us: close what ends here, then on to the next member.
        while True:
            if objects == 1:
                return at
            at = skip_space(address, at, lines)
            c = byte_at(address + at)
            if c == COMMA:
                at = skip_space(address, at + 1, lines)
                if objects & 1:
                    at = _skip_member_key(address, at, lines)
                    if at < 0:
                        return -1
                break
            if c != (CLOSE_BRACE if objects & 1 else CLOSE_BRACKET):
                return -1
            objects >>= 1
            depth -= 1
            at += 1


@kernel
def valid_utf8(address: int, at: int, end: int) -> bool:
    """Whether the span is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates)."""
    while at < end:
        c = byte_at(address + at)
        if c < 0x80:
            at += 1
            continue
        low = np.int64(0x80)
        high = np.int64(0xBF)
        if 0xC2 <= c <= 0xDF:
            more = 1
        elif 0xE0 <= c <= 0xEF:
            more = 2
            if c == 0xE0:
                low = np.int64(0xA0)
            elif c == 0xED:
                high = np.int64(0x9F)
        elif 0xF0 <= c <= 0xF4:
            more = 3
            if c == 0xF0:
                low = np.int64(0x90)
            elif c == 0xF4:
                high = np.int64(0x8F)
        else:
            return False
        if at + more >= end:
            return False
        for i in range(1, more + 1):
            c = byte_at(address + at + i)
            if c < low or c > high:
                return False
            low = np.int64(0x80)
            high = np.int64(0xBF)
        at += more + 1
    return True


@kernel
def line_end(address: int, at: int, end: int) -> Any:
    """The line feed at or behind ``at``, or ``end``."""
    while at < end and byte_at(address + at) != NEWLINE:
        at += 1
    return at
