"""Text columns of Arrow to one keyed hash a row, straight from offsets and bytes.

A dictionary's entry is hashed once, when the first row names it. Offsets and codes are checked
against their buffers here, entry by entry as they are used, since a stream's sender wrote them; the
bytes are checked to be UTF-8 only when a name is read for the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.errors import BadRequest
from collectors.raw_bytes import fold, hash_bytes
from learners.compiled import kernel

_TEXT = (pa.string(), pa.large_string(), pa.string_view())


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text, plain or by dictionary."""
    return (kind.value_type if pa.types.is_dictionary(kind) else kind) in _TEXT


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """One text column of one record batch; entry of a row = ``codes[row]``, or the row itself if there
    are no codes. ``data`` holds the bytes of all entries, ``offsets`` where each begins and ends."""

    name: str
    offsets: NDArray[Any]
    data: NDArray[np.uint8]
    codes: NDArray[Any] | None
    absent: NDArray[np.bool_] | None

    def hash_rows(self, hashes: NDArray[np.uint64], salt: np.uint64) -> None:
        """Mix this column into one hash a row; an absent tag changes nothing. Raises BadRequest if
        the column points outside its buffers."""
        absent = np.zeros(0, np.bool_) if self.absent is None else self.absent
        if self.codes is None:
            sound = _hash_plain(self.offsets, self.data, absent, salt, hashes)
        else:
            memo = np.zeros(len(self.offsets), np.uint64)
            sound = _hash_coded(self.codes, self.offsets, self.data, absent, salt, memo, hashes)
        if not sound:
            raise BadRequest(f"column {self.name!r}: an offset or a code points outside its buffer")

    def bytes_at(self, row: int) -> bytes | None:
        """The text of a row as it was sent; None if absent."""
        if self.absent is not None and self.absent[row]:
            return None
        entry = row if self.codes is None else int(self.codes[row])
        return self.data[int(self.offsets[entry]) : int(self.offsets[entry + 1])].tobytes()


def text_column(name: str, column: pa.Array[Any]) -> TextColumn:
    """View of a text column whose buffers have the right sizes (``Array.validate``)."""
    absent = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    codes = None
    values = column
    if isinstance(column, pa.DictionaryArray):
        values = column.dictionary
        codes = np.asarray(column.indices.fill_null(0) if column.null_count else column.indices)
        if values.null_count:
            absent = _null_entries(values, codes, absent)
        if codes.dtype != np.int32:
            codes = codes.astype(np.int64)
        codes = _frozen(codes)
    if values.type == pa.string_view():
        values.validate(full=True)
        values = values.cast(pa.large_string())
    _, offsets, data = values.buffers()
    wide = values.type == pa.large_string()
    if offsets is None or not len(values):
        return TextColumn(name, _frozen(np.zeros(1, np.int32)), _frozen(np.zeros(0, np.uint8)), codes, absent)
    width: Any = np.int64 if wide else np.int32
    spans = np.frombuffer(memoryview(offsets), width, values.offset + len(values) + 1)
    raw = np.frombuffer(memoryview(data or b""), np.uint8)
    return TextColumn(name, spans[values.offset :], raw, codes, absent)


def _null_entries(
    values: pa.Array[Any], codes: NDArray[Any], absent: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    """A null entry of the dictionary means an absent tag in every row that names it."""
    holes = values.is_null().to_numpy(zero_copy_only=False)
    sound = (codes >= 0) & (codes < len(values))
    named = sound & holes[np.where(sound, codes, 0)]
    return np.asarray(named if absent is None else absent | named, np.bool_)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Read-only, as the views of Arrow buffers are, so that each kernel is compiled once."""
    array = array.view()
    array.flags.writeable = False
    return array


@kernel
def _hash_entry(offsets: Any, data: Any, entry: Any, salt: Any) -> tuple[Any, bool]:
    begin: Any = np.int64(offsets[entry])
    end: Any = np.int64(offsets[entry + 1])
    if begin < 0 or end < begin or end > len(data):
        return np.uint64(0), False
    return hash_bytes(data.ctypes.data + begin, end - begin, salt), True


@kernel
def _hash_plain(offsets: Any, data: Any, absent: Any, salt: Any, hashes: Any) -> bool:
    for row in range(len(hashes)):
        if len(absent) and absent[row]:
            continue
        text, sound = _hash_entry(offsets, data, row, salt)
        if not sound:
            return False
        hashes[row] = fold(hashes[row] ^ salt, text ^ np.uint64(0x9E3779B97F4A7C15))
    return True


@kernel
def _hash_coded(codes: Any, offsets: Any, data: Any, absent: Any, salt: Any, memo: Any, hashes: Any) -> bool:
    for row in range(len(hashes)):
        if len(absent) and absent[row]:
            continue
        code = np.int64(codes[row])
        if code < 0 or code >= len(offsets) - 1:
            return False
        text = memo[code]
        if text == 0:
            text, sound = _hash_entry(offsets, data, code, salt)
            if not sound:
                return False
            memo[code] = text
        hashes[row] = fold(hashes[row] ^ salt, text ^ np.uint64(0x9E3779B97F4A7C15))
    return True
