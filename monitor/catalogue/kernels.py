"""The compiled loops of a catalogue: names to searched texts, texts to grams, and looking through texts.

A **gram** is two or three bytes that follow one another in a searched text, as a number below `GRAMS`.
Different ones may share a number, which makes more names to be looked at, and never fewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

GRAM_BYTES = 3
"""Of the longer ones."""
_BITS = 18
GRAMS = 1 << _BITS
FOREIGN = -1
"""The size of a name that is not ASCII: its case is folded elsewhere."""

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Ordinals = NDArray[np.uint32]
_FIELD, _PAIR = 0x1F, 0x1E
_METRIC, _TAG = 1, 2


@kernel
def gram(first: Any, second: Any, third: Any) -> int:
    """The number of three bytes, or with a first one of 0 of two, by multiplicative hashing (Knuth)."""
    number: int = (((first << 16) | (second << 8) | third) * 2654435761 & 0xFFFFFFFF) >> (32 - 18)
    return number


@kernel
def grams_at(texts: Bytes, begin: int, place: int) -> tuple[int, int]:
    """The two grams that end with the byte behind ``place``, in a text that begins at ``begin``."""
    first = np.int64(texts[place - 1]) if place > begin else np.int64(0)
    second, third = np.int64(texts[place]), np.int64(texts[place + 1])
    return gram(np.int64(0), second, third), gram(first, second, third)


@kernel
def sizes(text: Bytes, start: Numbers, length: Numbers, size: Numbers) -> None:
    """Bytes of the searched text of each canonical name, or `FOREIGN`."""
    for name in range(start.size):
        tags = 0
        foreign = False
        for place in range(start[name], start[name] + length[name]):
            if text[place] > 127:
                foreign = True
                break
            if text[place] == _FIELD:
                tags = 1
        size[name] = -1 if foreign else length[name] + tags


@kernel
def fold(text: Bytes, start: Numbers, length: Numbers, own: Bytes, ends: Numbers, folded: Bytes) -> None:
    """Write the searched texts, ``metric{key=value,…}`` in small letters, one after the other; those that
    are not ``own`` are left out."""
    for name in range(start.size):
        if own[name] == 0:
            continue
        at = ends[name] - length[name]
        tagged = False
        for place in range(start[name], start[name] + length[name]):
            if text[place] == _FIELD:
                tagged = True
        if tagged:
            at -= 1
        inside = False
        for place in range(start[name], start[name] + length[name]):
            byte = text[place]
            if byte == _FIELD:
                byte = np.uint8(44) if inside else np.uint8(123)
                inside = True
            elif byte == _PAIR:
                byte = np.uint8(61)
            elif 65 <= byte <= 90:
                byte = np.uint8(byte + 32)
            folded[at] = byte
            at += 1
        if tagged:
            folded[at] = 125


@kernel
def cut(texts: Bytes, ends: Numbers, heads: NDArray[np.uint8]) -> None:
    """The beginning of each text into a row of ``heads``, which are all 0."""
    begin = 0
    for name in range(ends.size):
        for place in range(begin, min(ends[name], begin + heads.shape[1])):
            heads[name, place - begin] = texts[place]
        begin = ends[name]


@kernel
def gather(texts: Bytes, ends: Numbers, order: Numbers, gathered: Bytes) -> None:
    """The texts one after the other in another order."""
    at = 0
    for name in order:
        for place in range(ends[name - 1] if name else np.int64(0), ends[name]):
            gathered[at] = texts[place]
            at += 1


@kernel
def count(texts: Bytes, ends: Numbers, held: Ordinals, last: Numbers) -> None:
    """By gram, how many texts hold it. ``last``: as long as ``held``, all -1."""
    begin = 0
    for name in range(ends.size):
        for place in range(begin, ends[name] - 1):
            for number in grams_at(texts, begin, place):
                if last[number] != name:
                    last[number] = name
                    held[number] += 1
        begin = ends[name]


@kernel
def post(texts: Bytes, ends: Numbers, following: Numbers, last: Numbers, postings: Ordinals) -> None:
    """Enter each text under its grams, in order. ``following``: by gram the place of its next entry, -1 for
    one without any; ``last`` as in `count`."""
    begin = 0
    for name in range(ends.size):
        for place in range(begin, ends[name] - 1):
            for number in grams_at(texts, begin, place):
                if last[number] != name and following[number] >= 0:
                    last[number] = name
                    postings[following[number]] = name
                    following[number] += 1
        begin = ends[name]


@kernel
def walk(
    texts: Bytes,
    ends: Numbers,
    candidates: Ordinals,
    first: int,
    end: int,
    pieces: Bytes,
    piece_ends: Numbers,
    places: Numbers,
    found: Numbers,
) -> tuple[int, int]:
    """Look through ``candidates[first:end]`` (where there are none, through texts ``first`` to ``end``) for
    those that hold every piece at its place, until ``found`` is full. How many were found, and where to go
    on."""
    many = 0
    at = first
    while at < end and many < found.size:
        name = np.int64(candidates[at]) if candidates.size else np.int64(at)
        begin = ends[name - 1] if name else np.int64(0)
        holds = True
        for piece in range(piece_ends.size):
            piece_begin = piece_ends[piece - 1] if piece else np.int64(0)
            where = places[piece]
            if not _held(texts, begin, ends[name], pieces, piece_begin, piece_ends[piece], where):
                holds = False
                break
        if holds:
            found[many] = name
            many += 1
        at += 1
    return many, at


@kernel
def _held(
    texts: Bytes, begin: Any, end: Any, pieces: Bytes, piece_begin: Any, piece_end: Any, where: Any
) -> bool:
    size = piece_end - piece_begin
    head = pieces[piece_begin]
    for place in range(begin, end - size + 1):
        if texts[place] != head:
            if where == _METRIC:
                return False
            continue
        same = True
        for step in range(1, size):
            if texts[place + step] != pieces[piece_begin + step]:
                same = False
                break
        if same:
            after = np.int64(texts[place + size]) if place + size < end else np.int64(0)
            before = np.int64(texts[place - 1]) if place > begin else np.int64(0)
            if where == _METRIC:
                return after in (0, 123)
            if where != _TAG or (before in (123, 44) and after in (44, 125)):
                return True
        if where == _METRIC:
            return False
    return False


def warm_catalogue() -> None:
    """Compile all of them, or load them from the cache."""
    text = np.frombuffer(bytearray(b"abc\x1fd\x1ee"), np.uint8)
    start, length = np.zeros(1, np.int64), np.full(1, len(text), np.int64)
    size = np.zeros(1, np.int64)
    sizes(text, start, length, size)
    ends = np.cumsum(size)
    folded = np.zeros(int(ends[-1]), np.uint8)
    fold(text, start, length, np.ones(1, np.uint8), ends, folded)
    cut(folded, ends, np.zeros((1, 4), np.uint8))
    gather(folded, ends, np.zeros(1, np.int64), folded.copy())
    held, last = np.zeros(GRAMS, np.uint32), np.full(GRAMS, -1, np.int64)
    count(folded, ends, held, last)
    postings = np.zeros(int(held.sum()), np.uint32)
    last[:] = -1
    post(folded, ends, np.cumsum(held, dtype=np.int64) - held, last, postings)
    nothing: Any = np.zeros(0, np.int64)
    walk(folded, ends, postings, 0, 1, folded, ends, np.zeros(1, np.int64), nothing)
