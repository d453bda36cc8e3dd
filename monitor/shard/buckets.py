"""Samples onto each series' own grid: open, provisional and final buckets.

A series in the usual case (cadence known, last value of a bucket counts, one bucket of lateness) keeps its
newest bucket and the one before it in its clock row; a sample that begins a new bucket makes the one
two back final. Every other series (cadence unknown yet, held for an assignment, sum or mean of samples,
longer lateness) lets its samples wait in the pending pool, from which `drain` makes buckets final in time
order.
Which way a series goes never changes a result: what is late depends on the newest bucket seen, and two
values for one time leave the larger (value, n), in both.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import COMMON_BYTES, MODEL_BYTES
from learners.compiled import kernel
from learners.dispatch import fetch_season
from learners.memory import prefetch, whole
from monitor.shard.block import queue
from monitor.shard.cadence import ENOUGH
from monitor.shard.calls import final_value, flush
from monitor.shard.drain import begin, cadence_of, final_before, is_pooled
from monitor.shard.judge import N_MAX
from monitor.shard.merge import larger, merge0, merge1, revise, same_time
from monitor.shard.missing import ENDED_CADENCES, ENDED_DAYS_MS, final_missing
from monitor.shard.pool import gather, has_room, mark, push
from monitor.shard.state import (
    BACKFILLED,
    CLOCK,
    ENDED,
    HELD,
    LIVE,
    QUEUED,
    clock_at,
    common_at,
    pending_at,
    rule_at,
)

AHEAD = 16
SEASON_AHEAD = 8
CLOCK_BYTES = CLOCK.itemsize
MOST_WAITING = 64
"""Distinct times at which a series gets its cadence even if two buckets did not pass since the eighth."""
IDLE_CADENCES = 5
IDLE_MS = 120_000


@kernel
def fetch(s: Any, row: int) -> None:
    """Ask for the memory that a sample of ``row`` will touch; without it, waiting is half the time."""
    prefetch(s.clocks + row * CLOCK_BYTES)  # type: ignore[call-arg]
    prefetch(s.common + row * COMMON_BYTES)
    prefetch(s.models + row * (2 * MODEL_BYTES))


@kernel
def take(
    directory: NDArray[np.void],
    row: NDArray[np.int32],
    ts_ms: NDArray[np.int64],
    value: NDArray[np.float64],
    n: NDArray[np.float64],
    backfill: bool,
    start: int,
) -> int:
    """Take samples from ``start`` on; -> how many are taken. Less than all: make room, or if ``anew`` names
    a row let its series start anew; then go on.

    ``n`` has one element or as many as there are samples; NaN is "none".
    """
    s = directory[0]
    with_n = len(n) == len(ts_ms)
    for i in range(start, len(ts_ms)):
        if not has_room(s):
            flush(s)
            return i
        if i + AHEAD < len(ts_ms):
            fetch(s, row[i + AHEAD])
        if i + SEASON_AHEAD < len(ts_ms):
            j = row[i + SEASON_AHEAD]  # its records are here by now, and say where its slot is
            fetch_season(s, common_at(s, j).champion, 2 * j, whole(clock_at(s, j).bucket) - 1)
        if not take_one(s, row[i], ts_ms[i], value[i], n[i] if with_n else math.nan, backfill):
            flush(s)
            return i
    flush(s)
    return len(ts_ms)


@kernel
def take_one(s: Any, row: int, ts_ms: int, value: float, n: float, backfill: bool) -> bool:
    """Take a sample, or say False if the series must start anew, or its pool be drained, before it is."""
    clock = clock_at(s, row)
    common = common_at(s, row)
    if common.flags & LIVE == 0:  # forgotten since it was sent
        return True
    if common.flags & ENDED:
        if ts_ms // whole(clock.cadence) <= final_before(s, row, whole(clock.bucket)):
            revise(s, row, ts_ms, value, n)
            return True
        s.anew = row
        return False
    value += 0.0  # -0.0 is 0.0
    if n > N_MAX:
        n = N_MAX
    if backfill:
        common.flags |= BACKFILLED
    else:
        common.flags &= ~BACKFILLED & 0xFF
    if clock.cadence == 0:
        wait(s, row, ts_ms, value, n)
        return True
    cadence = whole(clock.cadence)
    bucket = ts_ms // cadence
    newest = whole(clock.bucket)
    if is_pooled(s, row):
        if bucket <= final_before(s, row, newest) or (clock.final_n > 0 and bucket <= clock.v1):
            revise(s, row, ts_ms, value, n)
            return True
        if bucket > newest:
            clock.bucket = bucket
            if common.flags & HELD == 0:
                mark(s, row)
                if bucket - newest > ENDED_CADENCES and (bucket - newest) * cadence > ENDED_DAYS_MS:
                    return False  # so long a silence may have been the end: what waits is made final first
        push(s, row, ts_ms, value, n)
        return True
    if bucket > newest:
        if common.flags & QUEUED:
            flush(s)
        advance(s, row, bucket)
        if common.flags & HELD:
            push(s, row, ts_ms, value, n)
            return True
        if common.flags & ENDED:
            s.anew = row
            return False
        newest = bucket
    at = ts_ms - bucket * cadence + 1
    if bucket == newest:
        merge0(s, clock, at, value, n)
    elif bucket == newest - 1:
        merge1(s, clock, at, value, n)
    else:
        revise(s, row, ts_ms, value, n)
    return True


@kernel
def wait(s: Any, row: int, ts_ms: int, value: float, n: float) -> None:
    """A sample of a series without a cadence. One is kept for each time: a repeated one takes no memory."""
    clock = clock_at(s, row)
    if ts_ms < clock.v1:
        revise(s, row, ts_ms, value, n)
        return
    count = 1
    at = clock.pool
    while at >= 0:
        entry = pending_at(s, at)
        if entry.ts_ms == ts_ms:
            same_time(s, entry.value == value)
            if larger(value, n, entry.value, entry.n):
                entry.value = value
                entry.n = n
            return
        count += 1
        at = entry.next
    push(s, row, ts_ms, value, n)
    if count >= ENOUGH:
        order, ts = gather(s, row)
        cadence = cadence_of(s, row, ts)
        if ts[-1] // cadence >= ts[ENOUGH - 1] // cadence + 2 or count >= MOST_WAITING:
            begin(s, row, order, ts)


@kernel
def advance(s: Any, row: int, bucket: int) -> None:
    """``bucket`` has begun: what lies two or more back becomes final. The new bucket is empty."""
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    newest = whole(clock.bucket)
    clock.bucket = bucket
    if clock.t1 > 0 and bucket == newest + 1 and queue(s, row, newest - 1, clock.v1, clock.n1):
        clock.t1, clock.v1, clock.n1 = clock.t0, clock.v0, clock.n0
        clock.t0 = 0
        return
    if clock.t1 > 0:
        final_value(s, row, newest - 1, clock.v1, clock.n1, (newest + 1) * cadence)
    elif clock.final_n > 0:
        final_missing(s, row, newest - 1, newest - 1)
    clock.t1 = 0
    if common_at(s, row).flags & HELD:
        hold(s, row, newest - 1, newest)
        return
    if bucket == newest + 1:
        clock.t1, clock.v1, clock.n1 = clock.t0, clock.v0, clock.n0
        clock.t0 = 0
        return
    if clock.t0 > 0:
        clock.t0 = 0
        final_value(s, row, newest, clock.v0, clock.n0, (newest + 2) * cadence)
    elif clock.final_n > 0:
        final_missing(s, row, newest, newest)
    if common_at(s, row).flags & HELD:
        hold(s, row, newest, newest)
        return
    if bucket - 2 > newest and clock.final_n > 0:
        final_missing(s, row, newest + 1, bucket - 2)


@kernel
def hold(s: Any, row: int, final: int, newest: int) -> None:
    """The series waits for its assignment: what was open goes to the pool."""
    clock = clock_at(s, row)
    if clock.t0 > 0:
        push(s, row, newest * whole(clock.cadence) + clock.t0 - 1, clock.v0, clock.n0)
    clock.t0 = 0
    clock.t1 = 0
    clock.v1 = final


@kernel
def into_pool(s: Any, row: int) -> None:
    """The series goes on through the pool, since its declaration now asks for it; it did not before."""
    clock = clock_at(s, row)
    if clock.cadence == 0:
        return
    newest = whole(clock.bucket)
    if clock.t1 > 0:
        push(s, row, (newest - 1) * whole(clock.cadence) + clock.t1 - 1, clock.v1, clock.n1)
    hold(s, row, newest - 2, newest)


@kernel
def tick(
    directory: NDArray[np.void], ts_ms: int, backfilled: bool, finish: bool, rows: int, start: int
) -> int:
    """Event time is ``ts_ms``: advance every series that is (not) back-filled; -> rows done.

    A live series is left alone until it has been silent for `IDLE_CADENCES` and `IDLE_MS`.

    ``finish`` ends a file: series without a cadence get one, and every bucket with a value becomes final.
    """
    s = directory[0]
    for row in range(start, rows):
        if not has_room(s):
            flush(s)
            return row
        flags = common_at(s, row).flags
        if flags & LIVE == 0 or (flags & BACKFILLED != 0) != backfilled:
            continue
        clock = clock_at(s, row)
        if clock.cadence == 0:
            if not finish or clock.pool < 0:
                continue
            order, ts = gather(s, row)
            begin(s, row, order, ts)
        cadence = whole(clock.cadence)
        bucket = ts_ms // cadence
        if finish:
            # Not beyond what makes its own newest bucket final: the next file may go on with it.
            lateness = max(rule_at(s, clock.rule).lateness_ms, 0) // cadence
            bucket = min(bucket, whole(clock.bucket)) + 2 + lateness
        idle_ms = ts_ms - whole(clock.bucket) * cadence
        if not finish and idle_ms <= max(IDLE_CADENCES * cadence, IDLE_MS):
            continue
        if bucket <= clock.bucket and clock.pool < 0:
            continue
        if clock.pool >= 0 or is_pooled(s, row):
            clock.bucket = max(whole(clock.bucket), bucket)
            if flags & HELD == 0:
                mark(s, row)
        else:
            advance(s, row, bucket)
    flush(s)
    return rows
