"""A slow, obvious reader of the wire format of protocol buffers: a list of fields, or Refused."""

from __future__ import annotations

import struct
from typing import Any

from tests.naive.json_samples import Refused

Fields = list[tuple[int, int, Any]]
"""Field number, wire type, value: an int (also of the fixed sizes), or bytes."""


def parse(message: bytes) -> Fields:
    found: Fields = []
    rest = message
    while rest:
        key, rest = varint(rest)
        number, wire = key >> 3, key & 7
        if number == 0 or key >= 1 << 32:
            raise Refused("key")
        value: Any
        if wire == 0:
            value, rest = varint(rest)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, rest = int.from_bytes(take(rest, size), "little"), rest[size:]
        elif wire == 2:
            size, rest = varint(rest)
            value, rest = take(rest, size), rest[size:]
        else:
            raise Refused("wire type")
        found.append((number, wire, value))
    return found


def varint(rest: bytes) -> tuple[int, bytes]:
    value = 0
    for i, byte in enumerate(rest[:10]):
        value |= (byte & 127) << 7 * i
        if byte < 128:
            if value >= 1 << 64:
                raise Refused("varint")
            return value, rest[i + 1 :]
    raise Refused("varint")


def take(rest: bytes, size: int) -> bytes:
    if size > len(rest):
        raise Refused("length")
    return rest[:size]


def of(found: Fields, number: int, wire: int) -> list[Any]:
    return [value for n, w, value in found if (n, w) == (number, wire)]


def last(found: Fields, number: int, wire: int, default: Any) -> Any:
    values = of(found, number, wire)
    return values[-1] if values else default


def signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def double(bits: int) -> float:
    value: float = struct.unpack("<d", struct.pack("<Q", bits))[0]
    return value


def varints(packed: bytes) -> list[int]:
    numbers = []
    while packed:
        number, packed = varint(packed)
        numbers.append(number)
    return numbers
