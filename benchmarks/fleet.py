"""A shard full of warm series, made in bulk: every one assigned, Holt-Winters(24) against ema.

The series of a fleet are alike but for their offset and unit: a season of 24 slots and Gaussian noise of
scale 1, in units of the series. What an assignment would have written is written for all rows at once, since
learning a million series one by one would take longer than all measurements together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from learners.base import TAIL_OFFSET, Family, Tail, Warm
from learners.baseline import ema, holt_winters
from learners.lowpass import WHITE_SCALE
from learners.threshold import extreme_value
from monitor.domain.batch import Mode
from monitor.domain.records import Samples
from monitor.domain.series import Identity
from monitor.shard import state as st
from monitor.shard.apply import apply
from monitor.shard.shard import Shard

SLOTS = 24
CADENCE_MS = 60_000
FIRST_BUCKET = 28_000_000  # in 2023
_WARM_BUCKETS = 21 * SLOTS
_KINDS = 64  # histories; each is shared by every 64th series
_FINAL_N = 1_441  # past what is too young for the whole path, and not at a learning pass
_RUN_MAX = 4
_GAP_MAX = 2


@dataclass(frozen=True, slots=True, eq=False)
class Values:
    """Samples by column: ``row`` int32, ``bucket`` int64 (per row one more each time), ``value`` float64."""

    row: NDArray[np.int32]
    bucket: NDArray[np.int64]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.row)

    def part(self, start: int, end: int) -> Values:
        return Values(self.row[start:end], self.bucket[start:end], self.value[start:end])


class Fleet:
    """``shard`` with ``series`` warm rows; `sweep` and `scattered` make the samples that come next."""

    def __init__(self, series: int, *, seed: int = 20_130_208) -> None:
        self._random = np.random.default_rng(seed)
        self.series = series
        self.offset = self._random.normal(1000.0, 300.0, series)
        self.unit = self._random.uniform(0.5, 20.0, series).astype(np.float32).astype(np.float64)
        self.next = np.full(series, FIRST_BUCKET - 1, np.int64)  # bucket of each row's next sample
        self.shard = Shard(rows=series)
        self._left = Values(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0))
        self._fill()

    def pattern(self, bucket: NDArray[np.int64]) -> NDArray[np.float64]:
        """The season, in units."""
        phase = 2.0 * np.pi * (bucket % SLOTS) / SLOTS
        return 3.0 * np.sin(phase) + np.cos(2.0 * phase)

    def values(self, row: NDArray[np.int32], bucket: NDArray[np.int64]) -> NDArray[np.float64]:
        y = self.pattern(bucket) + self._random.standard_normal(len(row))
        return self.offset[row] + self.unit[row] * y

    def scattered(self, count: int) -> Values:
        """``count`` samples of rows drawn at random with replacement; a row's buckets follow one another."""
        row = self._random.integers(0, self.series, count).astype(np.int32)
        bucket = np.empty(count, np.int64)
        _number(row, self.next, bucket)
        return Values(row, bucket, self.values(row, bucket))

    def sweep(self) -> Values:
        """The next bucket of every row, in random order."""
        row = self._random.permutation(self.series).astype(np.int32)
        bucket = self.next[row]
        self.next += 1
        return Values(row, bucket, self.values(row, bucket))

    def rest(self, most: int) -> Values:
        """Up to ``most`` samples of the sweep under way; a new one is begun when the last is used up."""
        if not len(self._left):
            self._left = self.sweep()
        values, self._left = self._left.part(0, most), self._left.part(most, len(self._left))
        return values

    def _warm(self) -> tuple[Warm, Warm, NDArray[np.void]]:
        """Both models and the tail after a history; the next two buckets wait in the clock row."""
        t = np.arange(FIRST_BUCKET - 1 - _WARM_BUCKETS, FIRST_BUCKET - 1)
        y = self.pattern(t) + self._random.standard_normal(len(t))
        champion = holt_winters.warm(y, t, periods=(SLOTS,))
        return champion, ema.warm(y, t), extreme_value.warm(champion.residual[2 * SLOTS :])

    def _fill(self) -> None:
        """What admission, cadence, many buckets and an assignment leave behind, for all rows at once."""
        shard, series = self.shard, self.series
        shard.admit(0, Identity.of("benchmark"))
        records = shard.bank.models.view(holt_winters.dtype)[:, 0, 0]
        simple = shard.bank.models.view(ema.dtype)[:, 1, 0]
        places = [shard.bank.allocate_season(SLOTS) for _ in range(series)]
        for kind in range(min(_KINDS, series)):
            rows = slice(kind, series, _KINDS)
            champion, challenger, tail = self._warm()
            records[rows] = champion.record
            simple[rows] = challenger.record
            shard.bank.common[rows, TAIL_OFFSET:] = np.frombuffer(tail.tobytes(), np.uint8)[TAIL_OFFSET:]
            slots = np.array(places[rows])[:, None] + np.arange(SLOTS)
            shard.bank.season[slots] = champion.season
        records["at"] = places
        shard.rows = series
        shard.locate()
        common, clocks = shard.common, shard.clocks
        common["offset"], common["unit"] = self.offset, self.unit
        common["lowpass_scale"] = WHITE_SCALE
        common["champion"], common["challenger"] = Family.HOLT_WINTERS, Family.EMA
        common["tail"] = Tail.EXTREME_VALUE
        common["flags"] = st.LIVE | st.TRUSTED
        common["episode"] = -1
        shard.profiles["period0"] = SLOTS
        clocks[:] = clocks[0]
        clocks["cadence"], clocks["bucket"] = CADENCE_MS, FIRST_BUCKET - 2
        clocks["run_max"], clocks["gap_max"] = _RUN_MAX, _GAP_MAX
        for _ in range(2):
            apply(shard, entry_of(self.sweep()))
        clocks["final_n"] = _FINAL_N


def entry_of(values: Values) -> Samples:
    """The log entry that carries ``values``."""
    ts_ms = values.bucket * CADENCE_MS
    clock_ms = int(ts_ms.max(initial=0))
    return Samples(values.row, ts_ms, values.value, None, Mode.LIVE, clock_ms, clock_ms)


@njit(cache=True, nogil=True)
def _number(row: Any, following: Any, bucket: Any) -> None:
    for i in range(len(row)):
        bucket[i] = following[row[i]]
        following[row[i]] += 1
