"""Memory from the wire bytes of a series to its fingerprint, so that names are read once, not per sample."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.mixing import mixed

_SLOTS_MIN = 1 << 12
_SHIFT = np.uint64(32)
_WORD = 0xFFFF_FFFF_FFFF_FFFF

Words = NDArray[np.uint64]


class WireKeys:
    """Keyed hash of a series as written (metric and tags, raw bytes) → fingerprint; 0 = bad name.

    A pure memory: every entry follows from the bytes alone, so it is never wrong, and losing it only
    costs time. It does not know what the shards know; see `collectors.base.Decoder` on
    ``UnknownSeries``. ``seed`` is random per process: the hash is keyed, so that a sender cannot
    choose colliding names (two of 4 M honest ones collide with p = 4e-7). Open addressing, at most
    half full, 16 bytes a slot: 32 to 64 bytes a series, emptied at ``series_max`` entries. A lookup
    costs 5 to 30 ns. Safe to share between threads.

    >>> keys = WireKeys(seed=7)
    >>> found = keys.find(np.array([11, 12], np.uint64))
    >>> found[1].tolist()
    [0, 1]
    >>> keys.put(np.array([11], np.uint64), np.array([99], np.uint64))
    >>> keys.find(np.array([11, 12], np.uint64))[0].tolist(), len(keys)
    ([99, 0], 1)
    """

    def __init__(self, seed: int, *, series_max: int = 4_000_000) -> None:
        self.seed = np.uint64(_spread(seed))
        self._series_max = series_max
        self._lock = Lock()
        self._table: Words = np.zeros((_SLOTS_MIN, 2), np.uint64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def find(self, hashes: Words) -> tuple[Words, NDArray[np.int64]]:
        """Fingerprints of the hashes (non-zero, one a sample), and the places not known."""
        fingerprints = np.empty(len(hashes), np.uint64)
        missing = np.empty(len(hashes), np.int64)
        with self._lock:
            count = _find(self._table, hashes, fingerprints, missing)
        return fingerprints, missing[:count]

    def put(self, hashes: Words, fingerprints: Words) -> None:
        """Remember; hashes already known are left as they are."""
        with self._lock:
            if self._count + len(hashes) > self._series_max:
                self._empty()
            while 2 * (self._count + len(hashes)) > len(self._table):
                larger = np.zeros((2 * len(self._table), 2), np.uint64)
                _move(self._table, larger)
                self._table = larger
            self._count += _put(self._table, hashes, fingerprints)

    def forget(self) -> None:
        """Empty the memory: the next batches carry every identity again."""
        with self._lock:
            self._empty()

    def _empty(self) -> None:
        self._table = np.zeros((_SLOTS_MIN, 2), np.uint64)
        self._count = 0


def _spread(seed: int) -> int:
    """A word of many bits of any seed: by a small one products would not mix, and the labels of a series
    could change places."""
    return int(mixed(np.array([(seed + 0x9E3779B97F4A7C15) & _WORD], np.uint64))[0])


@kernel
def _find(table: Any, hashes: Any, fingerprints: Any, missing: Any) -> int:
    mask = np.uint64(len(table) - 1)
    count = 0
    for i in range(len(hashes)):
        wanted = hashes[i]
        slot = (wanted ^ (wanted >> _SHIFT)) & mask
        while table[slot, 0] != wanted and table[slot, 0] != 0:
            slot = (slot + np.uint64(1)) & mask
        fingerprints[i] = table[slot, 1]
        if table[slot, 0] == 0:
            missing[count] = i
            count += 1
    return count


@kernel
def _put(table: Any, hashes: Any, fingerprints: Any) -> int:
    mask = np.uint64(len(table) - 1)
    count = 0
    for i in range(len(hashes)):
        slot = (hashes[i] ^ (hashes[i] >> _SHIFT)) & mask
        while table[slot, 0] != hashes[i] and table[slot, 0] != 0:
            slot = (slot + np.uint64(1)) & mask
        if table[slot, 0] == 0:
            table[slot, 0] = hashes[i]
            table[slot, 1] = fingerprints[i]
            count += 1
    return count


@kernel
def _move(table: Any, larger: Any) -> None:
    mask = np.uint64(len(larger) - 1)
    for i in range(len(table)):
        if table[i, 0] != 0:
            slot = (table[i, 0] ^ (table[i, 0] >> _SHIFT)) & mask
            while larger[slot, 0] != 0:
                slot = (slot + np.uint64(1)) & mask
            larger[slot, 0] = table[i, 0]
            larger[slot, 1] = table[i, 1]
