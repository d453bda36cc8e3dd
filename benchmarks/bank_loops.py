"""Compiled loops of the benchmark `bank`: the shipped kernels over a batch, and a probe of the same memory.

`step` puts the kernels together as `monitor.shard.judge.final_value` does for a series without ``n``
and without a declaration, leaving out what is told (band, verdict, observation) and the tracker.
"""

from __future__ import annotations

import math
from typing import Any

from numba import njit

from learners.base import COMMON_BYTES, MODEL_BYTES
from learners.baseline import ema, holt_winters
from learners.dispatch import forecast, learn, season, tail_learn, tail_surprise
from learners.lowpass import learn_scale
from learners.lowpass import step as lowpass_step
from learners.lowpass import surprise as lowpass_surprise
from learners.memory import prefetch, record_type
from learners.residual import contest, normal_score
from learners.runs import flat
from learners.score import L_OPEN, combine
from learners.threshold import extreme_value
from monitor.shard.judge import CONTEST_FORGETTING, LEAN_MOST, count_streak, final_value, gate
from monitor.shard.state import CLOCK, clock_at, common_at

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
    prefetch(s.models + 2 * MODEL_BYTES * (row + 1) - 1)
    prefetch(s.common + COMMON_BYTES * row)
    prefetch(s.common + COMMON_BYTES * (row + 1) - 1)
    prefetch(s.clocks + _CLOCK_BYTES * row)
    prefetch(s.clocks + _CLOCK_BYTES * (row + 1) - 1)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _fetch_season(s: Any, row: int, t: int) -> None:
    m = _champion(s.models + 2 * MODEL_BYTES * row)
    prefetch(s.season + _SLOT_BYTES * (m.at + t % m.slots))  # type: ignore[call-arg]


@njit(cache=True, nogil=True, error_model="numpy")
def step(directory: Any, row: Any, bucket: Any, value: Any, level: Any) -> None:
    """Forecast by two models, residual, three surprises, gate, learn: L of each sample into ``level``."""
    s = directory[0]
    count = len(row)
    for i in range(count):
        if i + AHEAD < count:
            _fetch_rows(s, row[i + AHEAD])
        if i + SEASON_AHEAD < count:
            _fetch_season(s, row[i + SEASON_AHEAD], bucket[i + SEASON_AHEAD])
        level[i] = _step_one(s, row[i], bucket[i], value[i])


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _step_one(s: Any, row: int, t: int, value: float) -> float:
    common = common_at(s, row)
    clock = clock_at(s, row)
    y = (value - common.offset) / common.unit
    centre, scale = forecast(s, common.champion, 2 * row, t)
    centre2, scale2 = forecast(s, common.challenger, 2 * row + 1, t)
    r = (y - centre) / scale
    count_streak(clock, value)
    spike = tail_surprise(s, common.tail, row, r)
    lowpass = lowpass_step(common.lowpass, normal_score(spike, r), 1.0 if spike < L_OPEN else 0.0)
    reach = LEAN_MOST * abs(common.lowpass_scale)
    lowpass = min(max(lowpass, -reach), reach)
    shift = lowpass_surprise(lowpass, common.lowpass_scale)
    still = flat(clock.streak, clock.run_max)
    level = combine(spike, shift, still)
    weight = gate(level)
    common.lowpass = lowpass
    common.lowpass_scale = learn_scale(common.lowpass_scale, lowpass, weight)
    tail_learn(s, common.tail, row, r, weight)
    learn(s, common.champion, 2 * row, t, y, weight)
    learn(s, common.challenger, 2 * row + 1, t, y, weight)
    common.advantage += CONTEST_FORGETTING * (contest(r, scale, y - centre2, scale2) - common.advantage)
    return level


@njit(cache=True, nogil=True, error_model="numpy")
def judge(directory: Any, row: Any, bucket: Any, value: Any) -> None:
    """The shard's own judgement of final values: the same, and band, verdict, tracker and observation."""
    s = directory[0]
    for i in range(len(row)):
        if s.n_outcomes + 4 > s.max_outcomes:
            s.n_outcomes = 0
        s.n_changes = 0
        s.n_due = 0
        final_value(s, row[i], bucket[i], value[i], math.nan, 0)


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
        tail.record[0] += nothing
        clock.n_mean += nothing
        clock.v0 += nothing
        slots[slot] += nothing
