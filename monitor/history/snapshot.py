"""Arrays in one file, each with dtype, shape and checksum, and no pickle.

Layout (little-endian), described in ``docs/formats.md``: magic, the arrays' bytes each at a multiple
of 64, a JSON directory, its length and CRC-32, magic again. The directory comes last so that one pass
over the arrays both writes and checksums them: 300 MB cost their own write and no second copy.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.history.files import OS_DISK, Disk, DurableFile

MAGIC = b"WKSNAP\x00\x01"
VERSION = 1
_ALIGN = 64
_TAIL = struct.Struct("<QI8s")

Arrays = Mapping[str, NDArray[Any]]


class SnapshotError(ValueError):
    """The file is not a whole snapshot; the message says what is wrong with it."""


def write_snapshot(path: Path, arrays: Arrays, disk: Disk = OS_DISK) -> DurableFile:
    """Write ``arrays`` durably under ``path``, as they are if C-contiguous, else copied first.

    Structured dtypes keep field names, offsets and item size. Raises ValueError for dtypes that hold
    Python objects, OSError when the disk refuses (then nothing appears under ``path``).
    """
    directory = []
    with DurableFile(path, disk) as file:
        file.write(MAGIC)
        for name, given in arrays.items():
            raw = _bytes_of(name, given)
            file.write(b"\0" * (-file.tell() % _ALIGN))
            directory.append(
                {
                    "name": name,
                    "dtype": np.lib.format.dtype_to_descr(given.dtype),
                    "shape": list(given.shape),
                    "offset": file.tell(),
                    "bytes": len(raw),
                    "crc32": zlib.crc32(raw.data),
                }
            )
            file.write(raw.data)
        text = json.dumps({"version": VERSION, "arrays": directory}, separators=(",", ":")).encode()
        file.write(text)
        file.write(_TAIL.pack(len(text), zlib.crc32(text), MAGIC))
    return file


def read_snapshot(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays, writable and owned by the caller, every checksum verified.

    Raises SnapshotError, also for a version newer than this software; OSError if unreadable.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < len(MAGIC) + _TAIL.size or file.read(len(MAGIC)) != MAGIC:
            raise SnapshotError("not a snapshot, or cut short")
        file.seek(size - _TAIL.size)
        length, checksum, magic = _TAIL.unpack(file.read(_TAIL.size))
        start = size - _TAIL.size - length
        if magic != MAGIC or start < len(MAGIC):
            raise SnapshotError("end mark missing")
        file.seek(start)
        text = file.read(length)
        if zlib.crc32(text) != checksum:
            raise SnapshotError("directory checksum differs")
        directory = json.loads(text)
        if directory["version"] > VERSION:
            raise SnapshotError(f"version {directory['version']} is newer than {VERSION}")
        arrays = {}
        for entry in directory["arrays"]:
            array = np.empty(entry["shape"], _dtype_of(entry["dtype"]))
            raw = array.reshape(-1).view(np.uint8) if array.nbytes else np.empty(0, np.uint8)
            file.seek(entry["offset"])
            if file.readinto(raw.data) != entry["bytes"] or zlib.crc32(raw.data) != entry["crc32"]:
                raise SnapshotError(f"array {entry['name']!r}: checksum differs")
            arrays[entry["name"]] = array
        return arrays


def _bytes_of(name: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype.hasobject:
        raise ValueError(f"array {name!r} holds Python objects: {array.dtype}")
    if array.nbytes == 0:
        return np.empty(0, np.uint8)
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _dtype_of(description: Any) -> np.dtype[Any]:
    """JSON knows no tuples, which NumPy's description of a structured dtype needs."""
    return np.lib.format.descr_to_dtype(_with_tuples(description))


def _with_tuples(description: Any) -> Any:
    if isinstance(description, str):
        return description
    fields = []
    for name, kind, *shape in description:
        label = name if isinstance(name, str) else tuple(name)
        fields.append((label, _with_tuples(kind), *(tuple(sizes) for sizes in shape)))
    return fields
