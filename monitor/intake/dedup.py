"""Requests seen in the last hour, so that a retry has no second effect; and series forgotten since, whose
samples a retry may bring again.

Time is arrival time as the log recorded it, so replay forgets the same ids at the same place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import CorruptLog
from monitor.intake.table import Keys, Table, erase, fill, place, size_for

ID_BYTES = 16


class Remembered:
    """Request id → log position, for ``keep_ms`` of arrival time and at most ``ids_max`` ids (then
    the oldest is forgotten first).

    An empty id is never remembered. Bytes an id: 32 + 8 + 4 / load, 47 to 53, in a ring that
    doubles up to ``ids_max``. Cost: some 3 µs to look up, 5 µs to add.

    >>> seen = Remembered()
    >>> seen.add(b"0123456789abcdef", 7, arrival_ms=1_000)
    >>> seen.seen(b"0123456789abcdef"), seen.seen(b"fedcba9876543210")
    (7, None)
    """

    def __init__(self, *, keep_ms: int = HOUR_MS, ids_max: int = 1_000_000) -> None:
        if ids_max < 1:
            raise ValueError("ids_max must be at least 1")
        self.keep_ms = keep_ms
        self.ids_max = ids_max
        self._clock_ms = -(2**63)
        self._oldest = 0
        self._count = 0  # of places in the ring, those included whose id has moved to a newer one
        self._moved = 0
        self._forgotten: dict[int, int] = {}  # fingerprint → position, the oldest first
        self._allocate(min(64, ids_max))

    def __len__(self) -> int:
        return self._count - self._moved

    def seen(self, request_id: bytes) -> int | None:
        """The position the id was logged at, None if it is new or forgotten."""
        place_in_ring = self._find(request_id) if request_id else -1
        return int(self._position[place_in_ring]) if place_in_ring >= 0 else None

    def add(self, request_id: bytes, position: int, arrival_ms: int) -> None:
        """Remember an id and forget those that arrived more than ``keep_ms`` before. Positions ascend; an
        id that is remembered moves to its new one. Raises ValueError unless it is of 16 bytes, or empty."""
        self.prune(arrival_ms)
        if not request_id:
            return
        if (known := self._find(request_id)) >= 0:
            self._move_away(known)
        if len(self) == self.ids_max:
            self._forget_oldest()
        if self._count == len(self._position):
            self._grow()
        at = (self._oldest + self._count) % len(self._position)
        self._ids[at] = np.frombuffer(request_id, "<u8")
        self._position[at] = position
        self._arrival_ms[at] = arrival_ms
        self._keys[at] = _keys_of(self._ids[at : at + 1])[0]
        place(self._table, self._keys, at)
        self._count += 1

    def forget_series(self, fingerprint: int, position: int) -> None:
        """A series was deleted at ``position``: what requests before it brought is gone."""
        self._forgotten.pop(fingerprint, None)
        if len(self):
            self._forgotten[fingerprint] = position

    def forgotten_since(self, position: int) -> Keys:
        """Fingerprints of the series deleted after ``position``."""
        return np.array([series for series, at in self._forgotten.items() if at > position], np.uint64)

    def prune(self, arrival_ms: int) -> None:
        """Let arrival time reach ``arrival_ms`` (it never goes back) and forget what is too old."""
        self._clock_ms = max(self._clock_ms, arrival_ms)
        while self._count and self._arrival_ms[self._oldest] < self._clock_ms - self.keep_ms:
            self._forget_oldest()

    def state(self) -> dict[str, NDArray[Any]]:
        """Copies, oldest first: ``id`` uint8 (n, 16), ``position`` and ``arrival_ms`` int64 (n,),
        ``clock_ms`` int64 (1,), ``forgotten`` uint64 (m,) and ``forgotten_at`` int64 (m,)."""
        order = (self._oldest + np.arange(self._count)) % len(self._position)
        order = order[self._keys[order] != 0]
        return {
            "id": self._ids[order].view(np.uint8).reshape(-1, ID_BYTES),
            "position": self._position[order],
            "arrival_ms": self._arrival_ms[order],
            "clock_ms": np.array([self._clock_ms], np.int64),
            "forgotten": np.array(list(self._forgotten), np.uint64),
            "forgotten_at": np.array(list(self._forgotten.values()), np.int64),
        }

    @staticmethod
    def from_state(
        state: Mapping[str, NDArray[Any]], *, keep_ms: int = HOUR_MS, ids_max: int = 1_000_000
    ) -> Remembered:
        """What `state` was taken of. Raises CorruptLog if the arrays do not fit together."""
        ids, positions, arrivals = state["id"], state["position"], state["arrival_ms"]
        none = np.empty(0, np.int64)  # a checkpoint of an older version has none
        forgotten, forgotten_at = state.get("forgotten", none), state.get("forgotten_at", none)
        if ids.shape != (len(positions), ID_BYTES) or len(arrivals) != len(positions):
            raise CorruptLog("the arrays of remembered requests do not fit together")
        remembered = Remembered(keep_ms=keep_ms, ids_max=ids_max)
        for i in range(len(positions)):
            remembered.add(ids[i].tobytes(), int(positions[i]), int(arrivals[i]))
        remembered.prune(int(state["clock_ms"][0]))
        for series, position in zip(forgotten.tolist(), forgotten_at.tolist(), strict=True):
            remembered.forget_series(series, position)
        return remembered

    def _allocate(self, size: int) -> None:
        self._ids: NDArray[np.uint64] = np.zeros((size, 2), np.uint64)
        self._position: NDArray[np.int64] = np.zeros(size, np.int64)
        self._arrival_ms: NDArray[np.int64] = np.zeros(size, np.int64)
        self._keys: Keys = np.zeros(size, np.uint64)
        self._table: Table = np.full(size_for(size), -1, np.int32)

    def _grow(self) -> None:
        """Make room in a full ring: a larger one if there may be one, without the places moved away from."""
        order = (self._oldest + np.arange(self._count)) % self._count
        order = order[self._keys[order] != 0]
        ids, position, arrival_ms = self._ids[order], self._position[order], self._arrival_ms[order]
        keys, count = self._keys[order], len(order)
        self._allocate(min(2 * self._count, self.ids_max))
        self._oldest, self._count, self._moved = 0, count, 0
        self._ids[:count] = ids
        self._position[:count] = position
        self._arrival_ms[:count] = arrival_ms
        self._keys[:count] = keys
        fill(self._table, self._keys, count)

    def _find(self, request_id: bytes) -> int:
        if len(request_id) != ID_BYTES:
            raise ValueError(f"a request id has {ID_BYTES} bytes, not {len(request_id)}")
        halves = np.frombuffer(request_id, "<u8").reshape(1, 2)
        return int(_find_id(self._table, self._keys, self._ids, _keys_of(halves), halves.copy()))

    def _forget_oldest(self) -> None:
        self._move_away(self._oldest)
        while self._forgotten:
            series, position = next(iter(self._forgotten.items()))
            if len(self) and position > self._position[self._oldest]:
                break
            del self._forgotten[series]

    def _move_away(self, at: int) -> None:
        """Empty a place of the ring; those at its old end are given back."""
        erase(self._table, self._keys, at)
        self._keys[at] = 0
        self._moved += 1
        while self._count and self._keys[self._oldest] == 0:
            self._oldest = (self._oldest + 1) % len(self._position)
            self._count -= 1
            self._moved -= 1


def _keys_of(ids: NDArray[np.uint64]) -> Keys:
    """64 bits of each id (n, 2), never 0; mixed, so that ids which only count up spread as well."""
    mixed = ids[:, 0] ^ (ids[:, 1] * np.uint64(0x9E3779B97F4A7C15))
    mixed *= np.uint64(0xD6E8FEB86659FD93)
    mixed ^= mixed >> np.uint64(32)
    mixed[mixed == 0] = 1
    return mixed


@kernel
def _find_id(
    table: Table, keys: Keys, ids: NDArray[np.uint64], key: Keys, wanted: NDArray[np.uint64]
) -> np.int32:
    """As `monitor.intake.table.find`, but by the whole id: two ids may share a key."""
    mask = np.uint64(table.size - 1)
    slot = key[0] & mask
    while True:
        at: np.int32 = table[slot]
        if at < 0 or (ids[at, 0] == wanted[0, 0] and ids[at, 1] == wanted[0, 1]):
            return at
        slot = (slot + np.uint64(1)) & mask
