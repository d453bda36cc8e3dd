"""Final values of many series judged together, some twice as fast as one by one and with the same result.

`queue` takes the ordinary case: a trusted series with an extreme-value tail, no anomaly open, no gap before
it, not new, no learning pass due, no ``n``, no fixed bound broken. At most one value of a series waits at a
time. `flush` judges what waits; a value that turns out to be anomalous is given, untouched, to
`judge.final_value`, which knows all cases and is what this file must equal to the bit.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc

from learners import block as table
from learners.base import COMMON_BYTES, Tail
from learners.block import WIDTH
from learners.compiled import inlined, kernel
from learners.dispatch import forecast, learn, load, store
from learners.grade import place, stretch
from learners.lowpass import SCALE_EVERY, learn_scale
from learners.memory import record_type, whole
from learners.residual import normal_score
from learners.runs import flat
from learners.score import L_OPEN, is_young
from learners.threshold import extreme_value
from monitor.shard import calls
from monitor.shard.calls import FLUSH
from monitor.shard.due import pass_due
from monitor.shard.pausing import paused
from monitor.shard.state import (
    ENDED,
    IN_BAND,
    NOTHING,
    QUEUED,
    clock_at,
    common_at,
    directory_at,
    job_at,
    outcome_at,
    rule_at,
)
from monitor.shard.streaks import count_streak, fold
from monitor.shard.surprise import on_unseen_day
from monitor.shard.zones import local_offset

FEW = 4
"""So many are judged one by one: a block costs as much for one as for all its lanes."""
_EXTREME_VALUE = int(Tail.EXTREME_VALUE)
_tail = record_type(extreme_value.dtype)


@kernel
def queue(s: Any, row: int, bucket: int, value: float, n: float) -> bool:
    """Let the final ``value`` of ``bucket`` wait for its block; False if it is no ordinary case.

    The row must not be queued already. Room for a block's outcomes and changes has been made.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    if (
        is_young(clock.final_n, cadence)
        or common.tail != _EXTREME_VALUE
        or common.episode != NOTHING
        or clock.streak < 0
        or not math.isnan(n)
    ):
        return False
    if pass_due(clock.final_n + 1, clock.cadence):
        return False
    rule = rule_at(s, clock.rule)
    if value < rule.static_lower or value > rule.static_upper:
        return False
    if on_unseen_day(s, row, bucket * cadence):
        return False
    if paused(s, row, (bucket - 1) * cadence, (bucket + 1) * cadence):
        return False
    job = job_at(s, s.n_jobs)
    job.row = row
    job.bucket = bucket
    job.value = value
    common.flags |= QUEUED
    s.n_jobs += 1
    if s.n_jobs == WIDTH:
        calls.flush(s)
    return True


@kernel
def flush(s: Any) -> None:
    """Judge all that waits."""
    count = s.n_jobs
    s.n_jobs = 0
    if count <= FEW:
        for k in range(count):
            _alone(s, k)
        return
    x = table.table(s.block)
    for k in range(count):
        _load(s, x, k)
    table.residuals(x)
    for k in range(count):
        if x[table.PART + k] > 1.0:
            up = x[table.R + k] >= 0.0
            far = min(abs(x[table.R + k]), extreme_value.FAR_MOST)
            tail = _tail(s.common + job_at(s, k).row * COMMON_BYTES)
            x[table.SPIKE + k] = extreme_value.beyond(tail, 1 if up else 0, far)
            x[table.Z + k] = normal_score(x[table.SPIKE + k], x[table.R + k])
    table.levels(x)
    table.bands(x)
    table.learn(x)
    for k in range(count):
        if x[table.LEVEL + k] < L_OPEN:
            _store(s, x, k)
            _tell(s, x, k)
        else:
            _alone(s, k)


def _entry(directory: int) -> None:
    flush(directory_at(directory))


@cache
def entry() -> Any:
    """`flush` as a C function, for `calls.flush`."""
    return cfunc(FLUSH, cache=True)(_entry)


@kernel
def _alone(s: Any, k: int) -> None:
    job = job_at(s, k)
    row = job.row
    common_at(s, row).flags &= ~QUEUED & 0xFF
    cadence = whole(clock_at(s, row).cadence)
    calls.final_value(s, row, job.bucket, job.value, math.nan, (job.bucket + 2) * cadence)


@inlined
def _load(s: Any, x: Any, k: int) -> None:
    """Fill lane ``k``; changes nothing of the series."""
    job = job_at(s, k)
    row = job.row
    common = common_at(s, row)
    clock = clock_at(s, row)
    zone = rule_at(s, clock.rule).zone
    t = job.bucket
    if zone != 0:
        cadence = whole(clock.cadence)
        ts_ms = job.bucket * cadence
        t = (ts_ms + local_offset(s, zone, ts_ms)) // cadence
    job.t = t
    x[table.VALUE + k] = job.value
    x[table.OFFSET + k] = common.offset
    x[table.UNIT + k] = common.unit
    centre, scale = load(s, common.champion, 2 * row, t, x, WIDTH, table.MODEL + k)
    job.suits = scale > 0.0
    if scale <= 0.0:
        centre, scale = forecast(s, common.champion, 2 * row, t)
    x[table.CENTRE + k], x[table.SCALE + k] = centre, scale
    centre, scale = load(s, common.challenger, 2 * row + 1, t, x, WIDTH, table.MODEL2 + k)
    job.suits2 = scale > 0.0
    if scale <= 0.0:
        centre, scale = forecast(s, common.challenger, 2 * row + 1, t)
    x[table.CENTRE2 + k], x[table.SCALE2 + k] = centre, scale
    x[table.LOWPASS + k] = common.lowpass
    x[table.LOWPASS_SCALE + k] = common.lowpass_scale
    x[table.ADVANTAGE + k] = common.advantage
    still = 0.0  # a run of one is no evidence
    if clock.streak > 0 and fold(job.value) == clock.last:
        still = flat(clock.streak + 1, clock.run_max)
    x[table.STILL + k] = still
    grade = place(whole(clock.cadence))
    x[table.STRETCH + k] = stretch(grade)
    tail = _tail(s.common + row * COMMON_BYTES)
    x[table.FLOOR + k] = tail.floor
    for side in range(2):
        lane = side * WIDTH + k
        x[table.THRESHOLD + lane] = tail.threshold[side]
        x[table.EXCESS + lane] = tail.excess[side]
        x[table.TO_OPEN + lane] = extreme_value.TO_OPEN[grade, tail.shape[side]]


@inlined
def _store(s: Any, x: Any, k: int) -> None:
    """All learn from the value of lane ``k``."""
    job = job_at(s, k)
    row = job.row
    common = common_at(s, row)
    clock = clock_at(s, row)
    weight = x[table.WEIGHT + k]
    y = x[table.Y + k]
    count_streak(clock, job.value)
    common.lowpass = x[table.LOWPASS + k]
    if clock.final_n % SCALE_EVERY == 0:
        common.lowpass_scale = learn_scale(common.lowpass_scale, common.lowpass, weight)
    common.advantage = x[table.ADVANTAGE + k]
    extreme_value.learn(_tail(s.common + row * COMMON_BYTES), x[table.R + k], weight)
    if job.suits:
        store(s, common.champion, 2 * row, job.t, x, WIDTH, table.MODEL + k)
    else:
        learn(s, common.champion, 2 * row, job.t, y, x[table.CENTRE + k], x[table.SCALE + k], weight)
    if job.suits2:
        store(s, common.challenger, 2 * row + 1, job.t, x, WIDTH, table.MODEL2 + k)
    else:
        learn(s, common.challenger, 2 * row + 1, job.t, y, x[table.CENTRE2 + k], x[table.SCALE2 + k], weight)
    clock.final_n += 1
    common.flags &= ~(ENDED | QUEUED) & 0xFF


@inlined
def _tell(s: Any, x: Any, k: int) -> None:
    """The observation of lane ``k``."""
    job = job_at(s, k)
    out = outcome_at(s, s.n_outcomes)
    s.n_outcomes += 1
    out.row = job.row
    out.ts_ms = job.bucket * whole(clock_at(s, job.row).cadence)
    out.value = job.value
    out.n = np.float32(math.nan)
    out.expected = x[table.EXPECTED + k]
    out.lower = x[table.LOWER + k]
    out.upper = x[table.UPPER + k]
    out.score = x[table.SCORE + k]
    out.verdict = IN_BAND
    out.model = common_at(s, job.row).champion
