"""The wire format of protocol buffers: in kernels for the scans, as plain functions for names and answers.

A message is a run of fields, each a key (field number × 8 + wire type) and a value. Groups, which nobody
has written for fifteen years, are broken here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from collectors.errors import Fault
from collectors.raw_bytes import byte_at
from learners.compiled import kernel
from monitor.domain.batch import Reason

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

BROKEN = -1
"""In the place of a position: the message cannot be read on."""

KEY_MAX = (1 << 32) - 1


@kernel
def read_varint(address: int, at: int, end: int) -> tuple[int, int]:
    """The place behind the number at ``at``, and the number as an int64 (two's complement)."""
    value = np.int64(0)
    shift = np.int64(0)
    while at < end and shift < 70:
        byte = byte_at(address + at)
        at += 1
        if shift == 63 and byte > 1:
            return BROKEN, 0
        value |= (byte & 127) << shift
        if byte < 128:
            return at, value
        shift += 7
    return BROKEN, 0


@kernel
def read_key(address: int, at: int, end: int) -> tuple[int, int]:
    """The place behind the key at ``at``, and the key; broken where it is none."""
    at, key = read_varint(address, at, end)
    if key < 8 or key > KEY_MAX:
        return BROKEN, 0
    return at, key


@kernel
def read_length(address: int, at: int, end: int) -> tuple[int, int]:
    """The place behind the length at ``at``, and where that many bytes end; broken where they do not fit."""
    at, length = read_varint(address, at, end)
    if at < 0 or length < 0 or length > end - at:
        return BROKEN, 0
    return at, at + length


@kernel
def skip_value(address: int, at: int, end: int, key: int) -> int:
    """The place behind the value of a field that nobody asked for."""
    wire = key & 7
    if wire == VARINT:
        at, _ = read_varint(address, at, end)
        return at
    if wire == BYTES:
        at, stop = read_length(address, at, end)
        return stop if at >= 0 else BROKEN
    if wire == FIXED64:
        at += 8
    elif wire == FIXED32:
        at += 4
    else:
        return BROKEN
    return at if at <= end else BROKEN


@kernel
def next_field(address: int, at: int, end: int, wanted: int) -> tuple[int, int]:
    """Span of the next value with the key ``wanted``, one of bytes. Without one, where the message ends, and
    `BROKEN`; twice that where it cannot be read on."""
    while at < end:
        at, key = read_key(address, at, end)
        if at >= 0 and key == wanted:
            at, stop = read_length(address, at, end)
            return at, stop if at >= 0 else BROKEN
        if at >= 0:
            at = skip_value(address, at, end, key)
        if at < 0:
            return BROKEN, BROKEN
    return at, BROKEN


@kernel
def check_fields(address: int, at: int, end: int) -> int:
    """``end`` if a message is sound as far as its own fields go, else broken."""
    while at < end:
        at, key = read_key(address, at, end)
        if at >= 0:
            at = skip_value(address, at, end, key)
        if at < 0:
            return BROKEN
    return at


def text_of(raw: bytes | memoryview) -> str:
    """A field's bytes as text. Raises Fault."""
    try:
        return bytes(raw).decode()
    except UnicodeDecodeError:
        raise Fault(Reason.BAD_NAME, bytes(raw)) from None


def fields(message: bytes | memoryview) -> Iterator[tuple[int, Any]]:
    """Key and value of each field of a message that a scan has passed: an int, or the bytes.

    >>> list(fields(bytes([0x0A, 2, 104, 105, 0x10, 150, 1])))
    [(10, b'hi'), (16, 150)]
    """
    at, end = 0, len(message)
    while at < end:
        at, key = _varint(message, at)
        wire = key & 7
        if wire == VARINT:
            at, value = _varint(message, at)
            yield key, value
            continue
        size = 8 if wire == FIXED64 else 4
        if wire == BYTES:
            at, size = _varint(message, at)
        yield key, bytes(message[at : at + size])
        at += size


def varints(packed: bytes) -> list[int]:
    """The numbers of a packed field."""
    found = []
    at = 0
    while at < len(packed):
        at, number = _varint(packed, at)
        found.append(number)
    return found


def _varint(message: bytes | memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return at, value
        shift += 7


def write_varint(value: int) -> bytes:
    """A number that is not negative."""
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    written.append(value)
    return bytes(written)


def write_key(number: int, wire: int) -> bytes:
    """The key of a field with a number below 16."""
    return bytes([number << 3 | wire])


def write_bytes(number: int, content: bytes) -> bytes:
    """A text, or a message, as a field."""
    return write_key(number, BYTES) + write_varint(len(content)) + content
