"""Compiled loops of the benchmark `bank`: the shipped judgement of final values, and a probe of its memory.

`step` is the shard's own path for final values, in blocks; `one_by_one` is the same for one value after the
other, which blocks must equal. Both include band, verdict, tracker and observation.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from learners.base import COMMON_BYTES, MODEL_BYTES
from learners.baseline import ema, holt_winters
from learners.memory import prefetch, record_type, season
from learners.threshold import extreme_value
from monitor.shard.block import flush, queue
from monitor.shard.judge import final_value
from monitor.shard.state import CLOCK, QUEUED, clock_at, common_at

AHEAD = 16
SEASON_AHEAD = 8
_CLOCK_BYTES = CLOCK.itemsize
_SLOT_BYTES = 4
_champion = record_type(holt_winters.dtype)
_challenger = record_type(ema.dtype)
_tail = record_type(extreme_value.dtype)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _fetch_rows(s: Any, row: int) -> None:
    prefetch(s.models + 2 * MODEL_BYTES * row)  # type: ignore[call-arg]
    prefetch(s.common + COMMON_BYTES * row)
    prefetch(s.clocks + _CLOCK_BYTES * row)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _fetch_season(s: Any, row: int, t: int) -> None:
    m = _champion(s.models + 2 * MODEL_BYTES * row)
    prefetch(s.season + _SLOT_BYTES * holt_winters.first_slot(m, t))  # type: ignore[call-arg]


@njit(cache=True, nogil=True, error_model="numpy")
def step(directory: Any, row: Any, bucket: Any, value: Any) -> None:
    """Forecast by two models, three surprises, score, band, gate, learn: final values in blocks."""
    s = directory[0]
    count = len(row)
    for i in range(count):
        if i + AHEAD < count:
            _fetch_rows(s, row[i + AHEAD])
        if i + SEASON_AHEAD < count:
            _fetch_season(s, row[i + SEASON_AHEAD], bucket[i + SEASON_AHEAD])
        if common_at(s, row[i]).flags & QUEUED:
            flush(s)
        if not queue(s, row[i], bucket[i], value[i], math.nan):
            final_value(s, row[i], bucket[i], value[i], math.nan, 0)
        _make_room(s)
    flush(s)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _make_room(s: Any) -> None:
    """What was told is forgotten."""
    if s.n_outcomes + 128 > s.max_outcomes:
        s.n_outcomes = 0
    if s.n_changes + 1024 > s.max_changes:
        s.n_changes = 0
    s.n_due = 0


@njit(cache=True, nogil=True, error_model="numpy")
def one_by_one(directory: Any, row: Any, bucket: Any, value: Any) -> None:
    """The same without blocks."""
    s = directory[0]
    count = len(row)
    for i in range(count):
        if i + AHEAD < count:
            _fetch_rows(s, row[i + AHEAD])
        if i + SEASON_AHEAD < count:
            _fetch_season(s, row[i + SEASON_AHEAD], bucket[i + SEASON_AHEAD])
        final_value(s, row[i], bucket[i], value[i], math.nan, 0)
        _make_room(s)


@njit(cache=True, nogil=True, error_model="numpy")
def touch(directory: Any, row: Any, bucket: Any, nothing: float) -> None:
    """Read, change and write each record and slot that `step` uses, adding ``nothing``; the same prefetch."""
    s = directory[0]
    count = len(row)
    for i in range(count):
        if i + AHEAD < count:
            _fetch_rows(s, row[i + AHEAD])
        if i + SEASON_AHEAD < count:
            _fetch_season(s, row[i + SEASON_AHEAD], bucket[i + SEASON_AHEAD])
        at = row[i]
        champion = _champion(s.models + 2 * MODEL_BYTES * at)
        challenger = _challenger(s.models + MODEL_BYTES * (2 * at + 1))
        common = common_at(s, at)
        tail = _tail(s.common + COMMON_BYTES * at)
        clock = clock_at(s, at)
        slots = season(s)
        slot = champion.at + bucket[i] % champion.slots
        champion.level += nothing
        challenger.count += nothing
        common.offset += nothing
        tail.excess[0] += nothing
        clock.n_mean += nothing
        clock.v0 += nothing
        slots[slot] += nothing
