"""The model bank: the records of all series as arrays, and the pool of their season tables.

128 bytes a series (two model records and the common row), and 4 bytes a season slot for series that have a
season. Everything is a plain array, so a snapshot is a copy. Where a table lies depends on nothing but the
order of assignments, so a replay gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from learners.base import (
    COMMON_BYTES,
    FAMILY_OFFSET,
    MODEL_BYTES,
    TAIL_OFFSET,
    Family,
    Tail,
    relocate,
    season_slots,
)
from learners.choice import Choice, Chosen, ChosenTail, Lived
from learners.families import BASELINES

_Scalar = TypeVar("_Scalar", bound=np.generic)
_FINE = 8
_COARSE = 64
_FINE_UP_TO = 512
_FIRST_SLOTS = 1024
LINE = 64


def size_class(slots: int) -> int:
    """Slots that are taken for a table of ``slots``: a multiple of 8 up to 512, of 64 beyond.

    >>> [size_class(n) for n in (0, 1, 24, 168, 1440)]
    [0, 8, 24, 168, 1472]
    """
    step = _FINE if slots <= _FINE_UP_TO else _COARSE
    return -(-slots // step) * step


class Bank:
    """Records of ``rows`` series: ``models`` uint8[rows, 2, 32] (champion, challenger), ``common``
    uint8[rows, 64], ``season`` float32[...]. The arrays are replaced when they grow: take views anew after
    `ensure`, `assign` and `allocate_season`.
    """

    def __init__(self, rows: int) -> None:
        self.models: NDArray[np.uint8] = aligned((rows, 2, MODEL_BYTES), np.dtype(np.uint8))
        self.common: NDArray[np.uint8] = aligned((rows, COMMON_BYTES), np.dtype(np.uint8))
        self.season: NDArray[np.float32] = np.zeros(_FIRST_SLOTS, np.float32)
        self._top = 0
        self._free: dict[int, list[int]] = {}

    def ensure(self, rows: int) -> None:
        """Make room for ``rows`` series; new rows are zero. Amortised O(1) a row."""
        have = len(self.common)
        if rows > have:
            size = max(rows, have + have // 2)
            self.models = grown(self.models, size)
            self.common = grown(self.common, size)

    def allocate_season(self, slots: int) -> int:
        """Place of a zeroed table of ``slots``; the one of that size released last, if any. 0 for 0 slots."""
        size = size_class(slots)
        if size == 0:
            return 0
        free = self._free.get(size)
        if free:
            return free.pop()
        at = self._top
        self._top += size
        if self._top > len(self.season):
            self.season = grown(self.season, max(self._top, len(self.season) + len(self.season) // 2))
        return at

    def release_season(self, at: int, slots: int) -> None:
        """Give a table back; it is zeroed."""
        size = size_class(slots)
        if size:
            self.season[at : at + size] = 0.0
            self._free.setdefault(size, []).append(at)

    def assign(self, row: int, choice: Choice | Lived) -> None:
        """Put the models and the tail of ``choice`` into ``row``; former tables are given back."""
        self._release(row)
        for k, chosen in enumerate((choice.champion, choice.challenger)):
            self.models[row, k] = np.frombuffer(self._settled(chosen), np.uint8)
            self.common[row, FAMILY_OFFSET + k] = int(chosen.family)
        self.common[row, FAMILY_OFFSET + 2] = int(choice.tail.family)
        self.common[row, TAIL_OFFSET:] = np.frombuffer(choice.tail.record, np.uint8)

    def lived(self, row: int) -> Lived:
        """What `assign` would put into ``row`` as it is now: the models and the tail, with their states."""
        tail = Tail(int(self.common[row, FAMILY_OFFSET + 2]))
        return Lived(
            self._chosen(row, 0),
            self._chosen(row, 1),
            ChosenTail(tail, self.common[row, TAIL_OFFSET:].tobytes()),
        )

    def _chosen(self, row: int, k: int) -> Chosen:
        """A model whose table is its own, not the pool's."""
        family = Family(int(self.common[row, FAMILY_OFFSET + k]))
        record: NDArray[np.void] = self.models[row, k].copy().view(BASELINES[family].dtype).reshape(())
        slots = season_slots(record)
        at = int(record["at"]) if slots else 0
        return Chosen(family, relocate(record, 0).tobytes(), self.season[at : at + slots].copy())

    def clear(self, row: int) -> None:
        """Forget all of ``row``: zeros, and its tables given back."""
        self._release(row)
        self.models[row] = 0
        self.common[row] = 0

    def _settled(self, chosen: Chosen) -> bytes:
        """The record with its table in the pool."""
        family = BASELINES[chosen.family]
        record: NDArray[np.void] = np.frombuffer(chosen.record, family.dtype).reshape(())
        slots = season_slots(record)
        if slots != len(chosen.season):
            raise ValueError(f"the record speaks of {slots} slots, the table has {len(chosen.season)}")
        at = self.allocate_season(slots)
        self.season[at : at + slots] = chosen.season
        return relocate(record, at).tobytes()

    def _release(self, row: int) -> None:
        for k in range(2):
            code = int(self.common[row, FAMILY_OFFSET + k])
            if code == Family.NONE:
                continue
            family = BASELINES[Family(code)]
            record: NDArray[np.void] = self.models[row, k].copy().view(family.dtype).reshape(())
            slots = season_slots(record)
            if slots:
                self.release_season(int(record["at"]), slots)
                self.models[row, k] = 0

    @property
    def season_used(self) -> int:
        """Slots of the pool that are or were in use: its high-water mark."""
        return self._top

    def state(self) -> dict[str, NDArray[np.uint8] | NDArray[np.float32] | NDArray[np.int64]]:
        """All of it as arrays; ``free``: int64[n, 2], size and place of released tables, oldest first."""
        free = [(size, at) for size in sorted(self._free) for at in self._free[size]]
        return {
            "models": self.models,
            "common": self.common,
            "season": self.season[: self._top],
            "free": np.array(free, np.int64).reshape(-1, 2),
        }

    @staticmethod
    def from_state(state: Mapping[str, NDArray[np.generic]]) -> Bank:
        """The bank of which `state` told; the arrays are copied."""
        bank = Bank(0)
        models = np.asarray(state["models"], np.uint8).reshape(-1, 2, MODEL_BYTES)
        common = np.asarray(state["common"], np.uint8).reshape(-1, COMMON_BYTES)
        bank.models, bank.common = grown(models, len(models)), grown(common, len(common))
        season = np.array(state["season"], np.float32)
        bank._top = len(season)
        bank.season = grown(season, max(len(season), _FIRST_SLOTS))
        for size, at in np.array(state["free"], np.int64).reshape(-1, 2).tolist():
            bank._free.setdefault(size, []).append(at)
        return bank


def aligned(shape: tuple[int, ...], dtype: np.dtype[_Scalar]) -> NDArray[_Scalar]:
    """Zeros that begin on a cache line, so that a record of 64 bytes touches one line and not two."""
    count = int(np.prod(shape)) * dtype.itemsize
    raw = np.zeros(count + LINE, np.uint8)
    start = -raw.ctypes.data % LINE
    return raw[start : start + count].view(dtype).reshape(shape)


def grown(array: NDArray[_Scalar], size: int) -> NDArray[_Scalar]:
    """A copy with room for at least ``size`` rows, zeros behind the old ones, on a cache line."""
    larger: NDArray[_Scalar] = aligned((max(size, len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
