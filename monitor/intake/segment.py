"""The bytes of one segment file: a head, then framed records until the end of the file.

All numbers are little-endian. ::

    head   32 B  magic "WKLOGSEG" · version u16 · flags u16 · epoch u32 · stamp u32 · first u64 · crc u32
    frame  32 B  magic "WKR1" · stamp u32 · version u8 · kind u8 · flags u16 · length u32 · position u64
                 · crc of the payload u32 · crc of the 28 bytes before u32
           then  ``length`` bytes of payload

Every CRC is CRC-32 (zlib), so any change of one byte is found. The header's own CRC tells a record
that was cut short (normal at the end) from one that was damaged. ``stamp`` is drawn at random for
each segment and repeated in each frame: bytes inside a payload, which a sender may have chosen, are
not taken for a frame when the reader looks for the next one behind damage.

Which record counts where two have one position: segments are ordered by (first, epoch), and a
segment's records from the next segment's ``first`` on are *superseded*. They were written, but the
write or its fsync failed, nobody was told they are safe, and the next segment began in their place.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SEGMENT = struct.Struct("<8sHHIIQ")
_FRAME = struct.Struct("<4sIBBHIQI")
_CRC = struct.Struct("<I")
_STAMP = struct.Struct("<I")
HEAD_BYTES = _SEGMENT.size + _CRC.size
FRAME_BYTES = _FRAME.size + _CRC.size
_SEGMENT_MAGIC = b"WKLOGSEG"
_FRAME_MAGIC = b"WKR1"
VERSION = 1
PAYLOAD_BYTES_MAX = (1 << 32) - 1
_NAME = re.compile(r"(\d{20})(?:-(\d{10}))?\.wal")


@dataclass(frozen=True, slots=True)
class Head:
    """What a segment says of itself: its first position, when it was begun (epoch), its stamp."""

    first: int
    epoch: int
    stamp: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole, undamaged record: bytes ``offset`` to ``end`` of its segment."""

    position: int
    kind: int
    offset: int
    end: int

    def payload(self, data: bytes) -> memoryview:
        return memoryview(data)[self.offset + FRAME_BYTES : self.end]


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no record. ``what`` says how that was seen; ``torn`` is the normal end of a
    segment whose writer died or whose disk failed. ``position`` is the highest position that a
    readable header among these bytes names, 0 if none does."""

    segment: str
    offset: int
    length: int
    what: str
    torn: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class _Header:
    position: int
    kind: int
    stamp: int
    length: int
    crc: int


def file_name(first: int, epoch: int | None = None) -> str:
    """The name by first position; with the epoch behind it where that name is taken.

    >>> file_name(1), file_name(51, 3)
    ('00000000000000000001.wal', '00000000000000000051-0000000003.wal')
    """
    return f"{first:020d}.wal" if epoch is None else f"{first:020d}-{epoch:010d}.wal"


def is_segment(path: Path) -> bool:
    return path.suffix == ".wal"


def pack_head(head: Head) -> bytes:
    body = _SEGMENT.pack(_SEGMENT_MAGIC, VERSION, 0, head.epoch, head.stamp, head.first)
    return body + _CRC.pack(zlib.crc32(body))


def pack_header(stamp: int, kind: int, position: int, payload: bytes) -> bytes:
    """The 32 bytes before ``payload``. Raises ValueError for a payload of 4 GiB or more."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a record of {len(payload)} bytes is too long for the log")
    body = _FRAME.pack(_FRAME_MAGIC, stamp, VERSION, kind, 0, len(payload), position, zlib.crc32(payload))
    return body + _CRC.pack(zlib.crc32(body))


def parse_head(data: bytes) -> Head | None:
    """The head at the start of ``data``, None if it is short, damaged or of another version."""
    if len(data) < HEAD_BYTES:
        return None
    magic, version, _flags, epoch, stamp, first = _SEGMENT.unpack_from(data)
    (crc,) = _CRC.unpack_from(data, _SEGMENT.size)
    if magic != _SEGMENT_MAGIC or version != VERSION or crc != zlib.crc32(data[: _SEGMENT.size]):
        return None
    return Head(first, epoch, stamp)


def head_of(path: Path, data: bytes) -> Head:
    """The head, or in its absence what file name and frames still tell of it."""
    head = parse_head(data)
    if head is not None:
        return head
    match = _NAME.fullmatch(path.name)
    found = next((header for _, header in _candidates(data, 0, None)), None)
    first = int(match[1]) if match else (found.position if found else 1)
    epoch = int(match[2] or 0) if match else 0
    return Head(first, epoch, found.stamp if found else 0)


def walk(name: str, data: bytes) -> Iterator[Frame | Damage]:
    """Everything in a segment, in file order: whole records, and the damage between them.

    Damage costs the records it touches and no other: behind it the next frame is found by its magic,
    stamp and both CRCs. Cost: one CRC pass over the bytes (some 0.4 ms a MiB).
    """
    head = parse_head(data)
    stamp = head.stamp if head else None
    if head is None:
        short = len(data) < HEAD_BYTES
        what = "head cut short" if short else "head"
        yield Damage(name, 0, min(len(data), HEAD_BYTES), what, torn=short)
    offset = HEAD_BYTES
    while offset < len(data):
        header = _header_at(data, offset, stamp)
        if header is not None and _payload_is_whole(data, offset, header):
            stamp = header.stamp
            end = offset + FRAME_BYTES + header.length
            yield Frame(header.position, header.kind, offset, end)
            offset = end
            continue
        end, position = _next_whole(data, offset, stamp)
        yield _damage(name, data, offset, end, position, header)
        offset = end


def _header_at(data: bytes, offset: int, stamp: int | None) -> _Header | None:
    if offset + FRAME_BYTES > len(data):
        return None
    magic, own_stamp, version, kind, _flags, length, position, crc = _FRAME.unpack_from(data, offset)
    if magic != _FRAME_MAGIC or version != VERSION or (stamp is not None and own_stamp != stamp):
        return None
    (own_crc,) = _CRC.unpack_from(data, offset + _FRAME.size)
    if own_crc != zlib.crc32(data[offset : offset + _FRAME.size]):
        return None
    return _Header(position, kind, own_stamp, length, crc)


def _payload_is_whole(data: bytes, offset: int, header: _Header) -> bool:
    start = offset + FRAME_BYTES
    end = start + header.length
    return end <= len(data) and zlib.crc32(memoryview(data)[start:end]) == header.crc


def _candidates(data: bytes, start: int, stamp: int | None) -> Iterator[tuple[int, _Header]]:
    """Offsets from ``start`` on where a header with a right CRC stands."""
    mark = _FRAME_MAGIC if stamp is None else _FRAME_MAGIC + _STAMP.pack(stamp)
    offset = data.find(mark, start)
    while offset >= 0:
        header = _header_at(data, offset, stamp)
        if header is not None:
            yield offset, header
        offset = data.find(mark, offset + 1)


def _next_whole(data: bytes, start: int, stamp: int | None) -> tuple[int, int]:
    """Where the next whole frame begins, and the highest position named by headers before it."""
    position = 0
    for offset, header in _candidates(data, start, stamp):
        if _payload_is_whole(data, offset, header):
            return offset, position
        position = max(position, header.position)
    return len(data), position


def _damage(name: str, data: bytes, start: int, end: int, position: int, header: _Header | None) -> Damage:
    what, torn = ("frame header", False) if header is None else ("payload checksum", False)
    if end == len(data):
        if not data[start:end].strip(b"\0"):
            what, torn = "zeros at the end", True
        elif end - start < FRAME_BYTES or (header and start + FRAME_BYTES + header.length > end):
            what, torn = "record cut short", True
    return Damage(name, start, end - start, what, torn, 0 if torn else position)
