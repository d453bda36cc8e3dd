"""One pass over the bytes of a JSON or NDJSON body: keys, times and values to columns.

A sample as nearly every client writes it (known keys once each and unescaped, tags an object of
strings, a number, a time) is read in place at about a nanosecond a byte. Anything else that is still
strict JSON is marked ``SLOW`` with its span, and `collectors.sample_text` reads it exactly. What is
not strict JSON ends the scan (JSON) or is marked ``BAD`` (one line of NDJSON).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import TS_MS_MAX
from collectors.json_grammar import (
    CLOSE_BRACE,
    CLOSE_BRACKET,
    COLON,
    COMMA,
    NEWLINE,
    OPEN_BRACE,
    OPEN_BRACKET,
    QUOTE,
    RETURN,
    is_null,
    line_end,
    skip_space,
    skip_string,
    skip_value,
    valid_utf8,
)
from collectors.json_numbers import scan_number
from collectors.raw_bytes import byte_at, hash_bytes, load64
from collectors.times import scan_rfc3339
from learners.compiled import kernel, spliced

SAMPLE = np.dtype(
    [
        ("key", np.uint64),
        ("ts_ms", np.int64),
        ("value", np.float64),
        ("n", np.float64),
        ("place", np.int64),
        ("begin", np.int32),
        ("end", np.int32),
        ("state", np.int64),
    ],
    align=True,
)
"""One scanned sample, 56 bytes: hash of the raw metric and tags, the numbers (``n`` NaN if absent),
index or line number, span in the body."""

GOOD, SLOW, BAD, LONG, ENCODING = 0, 1, 2, 3, 4
"""States: read; strict JSON to be read slowly; a line that is no JSON, too long, or no UTF-8."""

LINE_BYTES_MAX = 65_536
"""One line of NDJSON, line end excluded (RELIABILITY.md section 5)."""

DONE, SYNTAX, FULL, SHAPE, ESCAPED = 0, 1, 2, 3, 4
"""How a scan ended: whole body read; no strict JSON; more samples than places; no list of samples, or
a key twice; a key of the body written with escapes (it may hide a repeated key)."""

_METRIC, _TAGS, _TIMESTAMP, _VALUE, _N = 1, 2, 4, 8, 16
_NEEDED = _METRIC | _TIMESTAMP | _VALUE
_MODE, _SAMPLES = 32, 64


def _name(text: bytes) -> tuple[np.uint64, np.uint64]:
    mask = (1 << 8 * len(text)) - 1
    return np.uint64(int.from_bytes(text, "little")), np.uint64(mask)


_METRIC_WORD, _METRIC_MASK = _name(b'metric"')
_TAGS_WORD, _TAGS_MASK = _name(b'tags"')
_TIMESTAMP_WORD, _ = _name(b"timestam")
_VALUE_WORD, _VALUE_MASK = _name(b'value"')
_N_WORD, _N_MASK = _name(b'n"')
_P_WORD, _P_MASK = _name(b'p"')
_SAMPLES_WORD, _ = _name(b'samples"')
_MODE_WORD, _MODE_MASK = _name(b'mode"')


@spliced
def _known_key(address: int, at: int) -> tuple[int, int]:
    """Which key of a sample begins behind the quote at ``at``, and the place behind its closing quote."""
    word = load64(address + at)
    if word & _METRIC_MASK == _METRIC_WORD:
        return _METRIC, at + 7
    if word == _TIMESTAMP_WORD and load64(address + at + 8) & _P_MASK == _P_WORD:
        return _TIMESTAMP, at + 10
    if word & _VALUE_MASK == _VALUE_WORD:
        return _VALUE, at + 6
    if word & _TAGS_MASK == _TAGS_WORD:
        return _TAGS, at + 5
    if word & _N_MASK == _N_WORD:
        return _N, at + 2
    return 0, at


@kernel
def _scan_tags(address: int, at: int, lines: bool) -> int:
    """Behind an object whose values are all strings; -1 if it is anything else (perhaps JSON still)."""
    at = skip_space(address, at + 1, lines)
    if byte_at(address + at) == CLOSE_BRACE:
        return at + 1
    while True:
        if byte_at(address + at) != QUOTE:
            return -1
        at, _ = skip_string(address, at + 1)
        if at < 0:
            return -1
        at = skip_space(address, at + 1, lines)
        if byte_at(address + at) != COLON:
            return -1
        at = skip_space(address, at + 1, lines)
        if byte_at(address + at) != QUOTE:
            return -1
        at, _ = skip_string(address, at + 1)
        if at < 0:
            return -1
        at = skip_space(address, at + 1, lines)
        c = byte_at(address + at)
        if c == CLOSE_BRACE:
            return at + 1
        if c != COMMA:
            return -1
        at = skip_space(address, at + 1, lines)


@kernel
def _scan_time(address: int, at: int) -> tuple[int, int]:
    """Behind an RFC 3339 string or a whole number of milliseconds in range; -1 if it is neither."""
    c = byte_at(address + at)
    if c == QUOTE:
        end, ts_ms = scan_rfc3339(address, at + 1)
        if end < 0 or byte_at(address + end) != QUOTE:
            return -1, 0
        return end + 1, ts_ms
    ts_ms = 0
    first = at
    while 48 <= c <= 57 and at - first < 15:
        ts_ms = ts_ms * 10 + c - 48
        at += 1
        c = byte_at(address + at)
    if at == first or c == 46 or c == 101 or c == 69 or 48 <= c <= 57 or ts_ms > TS_MS_MAX:
        return -1, 0
    if byte_at(address + first) == 48 and at - first > 1:
        return -1, 0
    return at, ts_ms


@kernel
def _scan_sample(address: int, at: int, depth: int, lines: bool, seed: Any, sample: Any) -> int:
    """Read the object at ``at`` into ``sample``; answers the place behind it, -1 if it is no JSON."""
    seen = 0
    slow = False
    metric_from = metric_to = tags_from = tags_to = 0
    sample.n = np.nan
    at = skip_space(address, at + 1, lines)
    if byte_at(address + at) == CLOSE_BRACE:
        sample.state = SLOW
        return at + 1
    while True:
        if byte_at(address + at) != QUOTE:
            return -1
        field, end = _known_key(address, at + 1)
        if field == 0:
            end, escaped = skip_string(address, at + 1)
            if end < 0:
                return -1
            end += 1
            slow |= escaped
        slow |= (seen & field) != 0
        seen |= field
        at = skip_space(address, end, lines)
        if byte_at(address + at) != COLON:
            return -1
        at = skip_space(address, at + 1, lines)
        end = -1
        c = byte_at(address + at)
        if field & (_VALUE | _N):
            if c == 45 or 48 <= c <= 57:
                end, number, certain = scan_number(address, at)
                if end < 0:
                    return -1
                slow |= not certain
                if field == _VALUE:
                    sample.value = number
                else:
                    sample.n = number
                    slow |= number < 0
        elif field == _TIMESTAMP:
            end, ts_ms = _scan_time(address, at)
            sample.ts_ms = ts_ms
        elif field == _METRIC:
            if c == QUOTE:
                end, _ = skip_string(address, at + 1)
                if end < 0:
                    return -1
                metric_from, metric_to = at + 1, end
                end += 1
        elif field == _TAGS and c == OPEN_BRACE:
            end = _scan_tags(address, at, lines)
            tags_from, tags_to = at, end
        if end < 0:
            slow |= field != 0
            end = skip_value(address, at, depth, lines)
            if end < 0:
                return -1
        at = skip_space(address, end, lines)
        c = byte_at(address + at)
        if c == CLOSE_BRACE:
            break
        if c != COMMA:
            return -1
        at = skip_space(address, at + 1, lines)
    sample.state = SLOW if slow or (seen & _NEEDED) != _NEEDED else GOOD
    key = hash_bytes(address + metric_from, metric_to - metric_from, seed)
    key = hash_bytes(address + tags_from, tags_to - tags_from, key)
    sample.key = key if key != 0 else np.uint64(1)
    return at + 1


@kernel
def _scan_list(address: int, at: int, depth: int, seed: Any, out: Any) -> tuple[int, int, int]:
    """Read the array at ``at``, which is container number ``depth``: how it ended, samples, place."""
    at = skip_space(address, at + 1, False)
    if byte_at(address + at) == CLOSE_BRACKET:
        return DONE, 0, at + 1
    count = 0
    while True:
        if count == len(out):
            return FULL, count, at
        sample = out[count]
        begin = at
        if byte_at(address + at) == OPEN_BRACE:
            at = _scan_sample(address, at, depth + 1, False, seed, sample)
        else:
            sample.state = SLOW
            at = skip_value(address, at, depth, False)
        if at < 0:
            return SYNTAX, count, begin
        sample.place = count
        sample.begin = begin
        sample.end = at
        count += 1
        at = skip_space(address, at, False)
        c = byte_at(address + at)
        if c == CLOSE_BRACKET:
            return DONE, count, at + 1
        if c != COMMA:
            return SYNTAX, count, at
        at = skip_space(address, at + 1, False)


@kernel
def scan_document(body: Any, length: int, seed: Any, out: Any) -> tuple[int, int, int, int, int]:
    """Read ``{"samples": […], "mode": …}`` or a bare array of samples from a padded body into ``out``.

    Answers how it ended, the number of samples, where it ended, and the span of the mode's string
    (0, 0 if there is none; a null counts as none).
    """
    address = body.ctypes.data
    mode_from = mode_to = 0
    seen = 0
    count = 0
    at = skip_space(address, 0, False)
    if byte_at(address + at) == OPEN_BRACKET:
        status, count, at = _scan_list(address, at, 1, seed, out)
        seen = _SAMPLES
    elif byte_at(address + at) == OPEN_BRACE:
        status = DONE
        at = skip_space(address, at + 1, False)
        if byte_at(address + at) == CLOSE_BRACE:
            seen = -1
            at += 1
        while seen >= 0 and status == DONE:
            status = SYNTAX
            if byte_at(address + at) != QUOTE:
                break
            end, escaped = skip_string(address, at + 1)
            if end < 0:
                break
            field = 0
            if end - at == 8 and load64(address + at + 1) == _SAMPLES_WORD:
                field = _SAMPLES
            elif end - at == 5 and load64(address + at + 1) & _MODE_MASK == _MODE_WORD:
                field = _MODE
            at = skip_space(address, end + 1, False)
            if byte_at(address + at) != COLON:
                break
            at = skip_space(address, at + 1, False)
            c = byte_at(address + at)
            wrong = (field & seen) != 0 or (field == _SAMPLES and c != OPEN_BRACKET)
            if field == _MODE and c != QUOTE and not is_null(address, at):
                wrong = True
            seen |= field
            if wrong or escaped:
                status = ESCAPED if escaped else SHAPE
                break
            if field == _SAMPLES:
                status, count, at = _scan_list(address, at, 2, seed, out)
                if status != DONE:
                    break
            else:
                end = skip_value(address, at, 1, False)
                if end < 0:
                    break
                if field == _MODE and c == QUOTE:
                    mode_from, mode_to = at, end
                at = end
            at = skip_space(address, at, False)
            c = byte_at(address + at)
            at += 1
            if c == CLOSE_BRACE:
                status = DONE
                break
            status = DONE if c == COMMA else SYNTAX
            at = skip_space(address, at, False)
    else:
        end = skip_value(address, at, 0, False)
        status = SYNTAX if end < 0 else DONE
        at = max(at, end)
    if status == DONE:
        at = skip_space(address, at, False)
        if at != length:
            status = SYNTAX
        elif seen < 0 or not seen & _SAMPLES:
            status = SHAPE
    return status, count, at, mode_from, mode_to


@kernel
def scan_lines(body: Any, length: int, seed: Any, check_utf8: bool, out: Any) -> tuple[int, int]:
    """Read one sample a line from a padded body into ``out``: how it ended, samples and bad lines."""
    address = body.ctypes.data
    count = 0
    number = 0
    at = 0
    while at < length:
        number += 1
        begin = at
        at = skip_space(address, at, True)
        if at >= length or byte_at(address + at) == NEWLINE:
            at += 1
            continue
        if count == len(out):
            return FULL, count
        sample = out[count]
        count += 1
        first = at
        if byte_at(address + at) == OPEN_BRACE:
            at = _scan_sample(address, at, 1, True, seed, sample)
        else:
            sample.state = BAD
            at = -1
        sample.end = at
        if at >= 0:
            at = skip_space(address, at, True)
        if at < 0 or (at < length and byte_at(address + at) != NEWLINE):
            sample.state = BAD
            at = line_end(address, first, length)
            sample.end = at
        stop = at
        if stop > begin and byte_at(address + stop - 1) == RETURN:
            stop -= 1
        if stop - begin > LINE_BYTES_MAX:
            sample.state = LONG
        elif check_utf8 and not valid_utf8(address, begin, stop):
            sample.state = ENCODING
        sample.place = number
        sample.begin = first
        at += 1
    return DONE, count
