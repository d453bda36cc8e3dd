"""One file with the searched texts of many series, in the order of lists (`order`), and their grams.

Bytes a series: 16, its text, and 4 for each gram that it holds and that at most one in `SHARE` series do:
grams that more hold have no postings, since going through all texts is then hardly dearer. The file is
mapped, not read into memory; docs/formats.md has its layout.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.catalogue.asking import Piece, searched
from monitor.catalogue.kernels import (
    FOREIGN,
    GRAM_BYTES,
    GRAMS,
    Bytes,
    Numbers,
    Ordinals,
    count,
    cut,
    fold,
    gather,
    gram,
    post,
    sizes,
    walk,
)
from monitor.catalogue.order import HEAD_BYTES, Spot, spot_of
from monitor.domain.errors import CorruptLog
from monitor.domain.series import Identity

SHARE = 8
PAGE = 256
"""Series found at a time."""
_MAGIC = b"WKNAMES2"
_HEAD = struct.Struct("<8sQQQI")
_HEAD_BYTES = 64
_TEMPORARY = ".tmp"
Prints = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Names:
    """Canonical names of series in one blob, in any order: what a catalogue is built of."""

    prints: Prints
    start: Numbers
    length: Numbers
    text: Bytes


class Built:
    """A catalogue that does not change. Thread-safe; searching holds no lock and, in its loops, no GIL."""

    def __init__(
        self, prints: Prints, ends: Numbers, held: Ordinals, postings: Ordinals, texts: Bytes
    ) -> None:
        self.prints = prints
        self._ends = ends
        self._held = held
        self._postings = postings
        self._texts = texts
        listed = np.where(held > _common(len(prints)), 0, held)
        self._posted = np.concatenate([np.zeros(1, np.int64), np.cumsum(listed, dtype=np.int64)])

    def __len__(self) -> int:
        return len(self.prints)

    @property
    def nbytes(self) -> int:
        """Of the file's arrays."""
        return sum(array.nbytes for array in self._arrays())

    def search(self, pieces: Sequence[Piece], after: Spot) -> Iterator[list[Spot]]:
        """After a spot, in order, the series whose text holds all pieces; some at a time.

        Cost: 0.1 µs for each series of the rarest gram, for pieces of one byte for each series."""
        first = bisect_right(range(len(self.prints)), after, key=self._spot)
        ranked = sorted(pieces, key=self._holding)
        candidates, at, end = np.zeros(0, np.uint32), first, len(self.prints)
        if ranked:
            number, holding = self._rarest(ranked[0])
            if holding == 0:
                return
            if number >= 0 and holding <= _common(len(self.prints)):
                candidates = self._postings[self._posted[number] : self._posted[number + 1]]
                at, end = int(np.searchsorted(candidates, first)), len(candidates)
        wanted = np.frombuffer(bytearray(b"".join(piece.text for piece in ranked)), np.uint8)
        wanted_ends = np.cumsum([len(piece.text) for piece in ranked], dtype=np.int64)
        places = np.array([piece.place for piece in ranked], np.int64)
        found = np.empty(PAGE, np.int64)
        while at < end:
            many, at = walk(self._texts, self._ends, candidates, at, end, wanted, wanted_ends, places, found)
            if many:
                yield [self._spot(name) for name in found[:many].tolist()]

    def _spot(self, name: int) -> Spot:
        begin, end = (int(self._ends[name - 1]) if name else 0), int(self._ends[name])
        return spot_of(_bytes(self._texts, begin, min(end - begin, HEAD_BYTES)), int(self.prints[name]))

    def _holding(self, piece: Piece) -> int:
        return self._rarest(piece)[1]

    def _rarest(self, piece: Piece) -> tuple[int, int]:
        """The gram of a piece that the fewest series hold, and how many do; -1 where it is too short."""
        text = piece.text
        number: Any = gram
        if len(text) == 2:
            numbers = [number.py_func(0, *text)]
        else:
            numbers = [number.py_func(*text[i : i + GRAM_BYTES]) for i in range(len(text) - GRAM_BYTES + 1)]
        if not numbers:
            return -1, len(self.prints)
        best = min(numbers, key=lambda number: int(self._held[number]))
        return best, int(self._held[best])

    def _arrays(self) -> tuple[NDArray[Any], ...]:
        return self.prints, self._ends, self._held, self._postings, self._texts

    def write(self, path: Path) -> None:
        """Whole under its name, or not at all. Raises OSError."""
        beside = path.with_name(path.name + _TEMPORARY)
        path.parent.mkdir(parents=True, exist_ok=True)
        checked = 0
        for array in self._arrays():
            checked = zlib.crc32(array.data, checked)
        head = _HEAD.pack(_MAGIC, len(self.prints), len(self._postings), len(self._texts), checked)
        with beside.open("wb") as file:
            file.write(head.ljust(_HEAD_BYTES, b"\0"))
            for array in self._arrays():
                file.write(array.data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    @staticmethod
    def read(path: Path) -> Built:
        """The catalogue that was written, mapped. Reads all of it once, to check it: 1 s a GB.
        Raises CorruptLog, or OSError."""
        with path.open("rb") as file:
            # A private copy of what is written to, which is nothing: compiled loops take no read-only arrays.
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        if len(mapped) < _HEAD_BYTES:
            raise CorruptLog(f"{path.name} is cut short")
        magic, series, posted, text, checked = _HEAD.unpack_from(mapped)
        if magic != _MAGIC:
            raise CorruptLog(f"{path.name} is no catalogue of names")
        shape = (("<u8", series), ("<i8", series), ("<u4", GRAMS), ("<u4", posted), ("<u1", text))
        arrays: list[NDArray[Any]] = []
        at = _HEAD_BYTES
        for kind, size in shape:
            size_bytes = np.dtype(kind).itemsize * size
            if at + size_bytes > len(mapped):
                raise CorruptLog(f"{path.name} is cut short")
            arrays.append(np.frombuffer(mapped, kind, size, at))
            at += size_bytes
        if zlib.crc32(memoryview(mapped)[_HEAD_BYTES:at]) != checked:
            raise CorruptLog(f"{path.name} is damaged")
        return Built(*arrays)


def build(names: Names) -> Built:
    """The catalogue of some series; the same whatever their order. Some 3 s a million, most of it without
    the GIL, and 96 bytes a series while it lasts."""
    prints, start, length = names.prints, names.start, names.length
    size = np.empty(len(prints), np.int64)
    sizes(names.text, start, length, size)
    foreign = {
        place: searched(str(Identity.from_canonical(_bytes(names.text, start[place], length[place]))))
        for place in np.flatnonzero(size == FOREIGN).tolist()
    }
    for place, text in foreign.items():
        size[place] = len(text)
    own = np.ones(len(prints), np.uint8)
    own[list(foreign)] = 0
    ends = np.cumsum(size)
    texts = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    fold(names.text, start, length, own, ends, texts)
    for place, text in foreign.items():
        texts[ends[place] - len(text) : ends[place]] = np.frombuffer(text, np.uint8)
    heads = np.zeros((len(prints), HEAD_BYTES), np.uint8)
    cut(texts, ends, heads)
    order = np.lexsort((prints, heads.view(f"S{HEAD_BYTES}").ravel()))
    gathered = np.empty_like(texts)
    gather(texts, ends, order, gathered)
    return _posted(prints[order], np.cumsum(size[order]), gathered)


def built_of_texts(texts: Sequence[tuple[int, bytes]]) -> Built:
    """The same of fingerprints with their searched texts, in order."""
    prints = np.array([fingerprint for fingerprint, _ in texts], np.uint64)
    ends = np.cumsum([len(text) for _, text in texts], dtype=np.int64)
    return _posted(prints, ends, np.frombuffer(bytearray(b"".join(text for _, text in texts)), np.uint8))


def _posted(prints: Prints, ends: Numbers, texts: Bytes) -> Built:
    held, last = np.zeros(GRAMS, np.uint32), np.full(GRAMS, -1, np.int64)
    count(texts, ends, held, last)
    listed = np.where(held > _common(len(prints)), 0, held).astype(np.int64)
    following = np.where(listed > 0, np.cumsum(listed) - listed, -1)
    postings = np.empty(int(listed.sum()), np.uint32)
    last[:] = -1
    post(texts, ends, following, last, postings)
    return Built(prints, ends, held, postings, texts)


def _bytes(text: Bytes, start: int, length: int) -> bytes:
    return text[start : start + length].tobytes()


def _common(series: int) -> int:
    return series // SHARE
