"""How large an Arrow IPC stream becomes when it is unpacked, read before anything is unpacked.

A compressed buffer begins with its unpacked length, which the library allocates without asking; a few
hundred bytes can declare gigabytes. So the messages' own tables (flatbuffers, ``Message.fbs`` of the
Arrow format) are walked first. A table is: an int32 offset back to its vtable; the vtable: its length,
the table's length, then one uint16 offset a field (0 = absent).
"""

from __future__ import annotations

import struct

import pyarrow as pa

from collectors.errors import BadRequest

UNPACKED_BYTES_MAX = 64 << 20
"""Of all buffers of one body together (RELIABILITY.md section 5)."""

_MESSAGE_HEADER = 2
_DICTIONARY_DATA = 1
_BATCH_BUFFERS, _BATCH_COMPRESSION = 2, 3


def check_unpacked(body: bytes | memoryview) -> None:
    """Raises BadRequest if the stream is broken or unpacks to more than 64 MiB."""
    total = 0
    try:
        reader = pa.ipc.MessageReader.open_stream(pa.BufferReader(pa.py_buffer(body)))
        for message in iter(reader.read_next_message, None):
            total += _unpacked(message)
            if total > UNPACKED_BYTES_MAX:
                raise BadRequest("the Arrow stream unpacks to more than 64 MiB")
    except StopIteration:
        return
    except (pa.ArrowException, struct.error, IndexError, MemoryError, OSError) as error:
        raise BadRequest(f"not an Arrow IPC stream: {str(error)[:200]}") from None


def _unpacked(message: pa.Message) -> int:
    if message.type not in ("record batch", "dictionary"):
        return 0
    body, table = memoryview(message.body or b""), memoryview(message.metadata)
    batch = _child(table, _child_root(table), _MESSAGE_HEADER)
    if message.type == "dictionary":
        batch = _child(table, batch, _DICTIONARY_DATA)
    if not _field(table, batch, _BATCH_COMPRESSION):
        return len(body)
    field = _field(table, batch, _BATCH_BUFFERS)
    if not field:
        return 0
    vector = field + _u32(table, field)
    total = 0
    for k in range(_u32(table, vector)):
        at, length = struct.unpack_from("<qq", table, vector + 4 + 16 * k)
        if length:
            if at < 0:
                raise struct.error("a buffer before its body")
            unpacked = struct.unpack_from("<q", body, at)[0]
            # -1 marks a buffer left as it is.
            total += length if unpacked == -1 else unpacked
            if unpacked < -1:
                raise struct.error("a buffer of negative length")
    return total


def _u32(table: memoryview, at: int) -> int:
    return int(struct.unpack_from("<I", table, at)[0])


def _child_root(table: memoryview) -> int:
    return _u32(table, 0)


def _field(table: memoryview, at: int, field: int) -> int:
    """Place of a field's content, 0 if absent."""
    vtable = at - struct.unpack_from("<i", table, at)[0]
    slot = 4 + 2 * field
    if vtable < 0 or slot >= struct.unpack_from("<H", table, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", table, vtable + slot)[0]
    return at + offset if offset else 0


def _child(table: memoryview, at: int, field: int) -> int:
    place = _field(table, at, field)
    if not place:
        raise struct.error("a message without its header")
    return place + _u32(table, place)
