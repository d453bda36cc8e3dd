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
from numba import njit
from numpy.typing import NDArray

from learners.base import COMMON_BYTES, MODEL_BYTES, Family
from learners.memory import prefetch
from monitor.shard.cadence import ENOUGH, LONGEST_MS, SHORTEST_MS, learn_cadence
from monitor.shard.judge import N_MAX, final_missing, final_value
from monitor.shard.state import (
    BACKFILLED,
    CLOCK,
    COUNT,
    DIRTY,
    HELD,
    LAST,
    LIVE,
    MAX,
    MEAN,
    MIN,
    SUM,
    clock_at,
    common_at,
    dirty_at,
    pending_at,
    revision_at,
    rule_at,
    whole,
)

_EMA = int(Family.EMA)
ROOM_CHANGES = 8
AHEAD = 16
CLOCK_BYTES = CLOCK.itemsize
MOST_WAITING = 64
"""Distinct times at which a series gets its cadence even if two buckets did not pass since the eighth."""

_LARGEST = float(np.finfo(np.float64).max)  # what sums of samples are held to
IDLE_CADENCES = 5
IDLE_MS = 120_000


@njit(cache=True, nogil=True)
def has_room(s: Any) -> bool:
    """May one more sample be taken without a buffer overflowing? (Up to four buckets become final.)"""
    return (
        s.n_outcomes + 4 <= s.max_outcomes
        and s.n_changes + 4 * ROOM_CHANGES <= s.max_changes
        and s.n_due + 4 <= s.max_due
        and s.n_dirty + 4 <= s.max_dirty
        and s.n_revisions + 4 <= s.max_revisions
        and s.n_pending + 8 <= s.max_pending
        and s.n_episodes + 8 <= s.max_episodes
    )


@njit(cache=True, nogil=True)
def fetch(s: Any, row: int) -> None:
    """Ask for the memory that a sample of ``row`` will touch; without it, waiting is half the time."""
    prefetch(s.clocks + row * CLOCK_BYTES)  # type: ignore[call-arg]
    prefetch(s.common + row * COMMON_BYTES)
    prefetch(s.models + row * (2 * MODEL_BYTES))


@njit(cache=True, nogil=True)
def take(
    directory: NDArray[np.void],
    row: NDArray[np.int32],
    ts_ms: NDArray[np.int64],
    value: NDArray[np.float64],
    n: NDArray[np.float64],
    backfill: bool,
    start: int,
) -> int:
    """Take samples from ``start`` on; -> how many are taken (less than all: make room, then go on).

    ``n`` has one element or as many as there are samples; NaN is "none".
    """
    s = directory[0]
    with_n = len(n) == len(ts_ms)
    for i in range(start, len(ts_ms)):
        if not has_room(s):
            return i
        if i + AHEAD < len(ts_ms):
            fetch(s, row[i + AHEAD])
        take_one(s, row[i], ts_ms[i], value[i], n[i] if with_n else math.nan, backfill)
    return len(ts_ms)


@njit(cache=True, nogil=True)
def take_one(s: Any, row: int, ts_ms: int, value: float, n: float, backfill: bool) -> None:
    clock = clock_at(s, row)
    common = common_at(s, row)
    if common.flags & LIVE == 0:  # forgotten since it was sent
        return
    value += 0.0  # -0.0 is 0.0
    if n > N_MAX:
        n = N_MAX
    if backfill:
        common.flags |= BACKFILLED
    else:
        common.flags &= ~BACKFILLED & 0xFF
    if clock.cadence == 0:
        wait(s, row, ts_ms, value, n)
        return
    cadence = whole(clock.cadence)
    bucket = ts_ms // cadence
    newest = whole(clock.bucket)
    if is_pooled(s, row):
        if bucket <= final_before(s, row, newest) or (clock.final_n > 0 and bucket <= clock.v1):
            revise(s, row, ts_ms, value, n)
            return
        push(s, row, ts_ms, value, n)
        if bucket > newest:
            clock.bucket = bucket
            if common.flags & HELD == 0:
                mark(s, row)
        return
    if bucket > newest:
        advance(s, row, bucket)
        if common.flags & HELD:
            push(s, row, ts_ms, value, n)
            return
        newest = bucket
    at = ts_ms - bucket * cadence + 1
    if bucket == newest:
        merge0(s, clock, at, value, n)
    elif bucket == newest - 1:
        merge1(s, clock, at, value, n)
    else:
        revise(s, row, ts_ms, value, n)


@njit(cache=True, nogil=True)
def is_pooled(s: Any, row: int) -> bool:
    """Does the series go through the pool: by its declaration, while held, or until it has been drained?"""
    rule = rule_at(s, clock_at(s, row).rule)
    waits = common_at(s, row).flags & (HELD | DIRTY) != 0
    return waits or rule.aggregation != LAST or rule.lateness_ms >= 0


@njit(cache=True, nogil=True)
def final_before(s: Any, row: int, newest: int) -> int:
    """Index of the newest bucket that is final once ``newest`` has begun."""
    rule = rule_at(s, clock_at(s, row).rule)
    if rule.lateness_ms < 0:
        return newest - 2
    cadence = whole(clock_at(s, row).cadence)
    return (newest * cadence - rule.lateness_ms) // cadence - 1


@njit(cache=True, nogil=True)
def revise(s: Any, row: int, ts_ms: int, value: float, n: float) -> None:
    """A sample beyond the lateness bound: kept as a revision; models do not relearn."""
    s.n_late += 1
    late = revision_at(s, s.n_revisions)
    s.n_revisions += 1
    late.row = row
    late.ts_ms = ts_ms
    late.value = value
    late.n = n


@njit(cache=True, nogil=True)
def same_time(s: Any, equal: bool) -> None:
    if equal:
        s.n_duplicate += 1
    else:
        s.n_conflict += 1


@njit(cache=True, nogil=True)
def merge0(s: Any, clock: Any, at: int, value: float, n: float) -> None:
    """A value for the newest bucket, ``at`` ms from its start plus one: the last time wins, at one time
    the larger (value, n)."""
    if at == clock.t0:
        same_time(s, value == clock.v0)
        if not larger(value, n, clock.v0, clock.n0):
            return
    elif at < clock.t0:
        return
    clock.t0 = at
    clock.v0 = value
    clock.n0 = n


@njit(cache=True, nogil=True)
def merge1(s: Any, clock: Any, at: int, value: float, n: float) -> None:
    """The same for the bucket before the newest."""
    if at == clock.t1:
        same_time(s, value == clock.v1)
        if not larger(value, n, clock.v1, clock.n1):
            return
    elif at < clock.t1:
        return
    clock.t1 = at
    clock.v1 = value
    clock.n1 = n


@njit(cache=True, nogil=True)
def larger(value: float, n: float, other: float, other_n: float) -> bool:
    if value != other:
        return value > other
    if math.isnan(n):
        return False
    return math.isnan(other_n) or n > other_n


@njit(cache=True, nogil=True)
def advance(s: Any, row: int, bucket: int) -> None:
    """``bucket`` has begun: what lies two or more back becomes final. The new bucket is empty."""
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    newest = whole(clock.bucket)
    clock.bucket = bucket
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


@njit(cache=True, nogil=True)
def hold(s: Any, row: int, final: int, newest: int) -> None:
    """The series waits for its assignment: what was open goes to the pool."""
    clock = clock_at(s, row)
    if clock.t0 > 0:
        push(s, row, newest * whole(clock.cadence) + clock.t0 - 1, clock.v0, clock.n0)
    clock.t0 = 0
    clock.t1 = 0
    clock.v1 = final


@njit(cache=True, nogil=True)
def into_pool(s: Any, row: int) -> None:
    """The series goes on through the pool, since its declaration now asks for it; it did not before."""
    clock = clock_at(s, row)
    if clock.cadence == 0:
        return
    newest = whole(clock.bucket)
    if clock.t1 > 0:
        push(s, row, (newest - 1) * whole(clock.cadence) + clock.t1 - 1, clock.v1, clock.n1)
    hold(s, row, newest - 2, newest)


@njit(cache=True, nogil=True)
def push(s: Any, row: int, ts_ms: int, value: float, n: float) -> None:
    at = s.free_pending
    entry = pending_at(s, at)
    s.free_pending = entry.next
    s.n_pending += 1
    entry.ts_ms = ts_ms
    entry.value = value
    entry.n = n
    entry.next = clock_at(s, row).pool
    clock_at(s, row).pool = at


@njit(cache=True, nogil=True)
def drop(s: Any, at: int) -> None:
    pending_at(s, at).next = s.free_pending
    s.free_pending = at
    s.n_pending -= 1


@njit(cache=True, nogil=True)
def mark(s: Any, row: int) -> None:
    """Remember that the row's pool wants draining."""
    if common_at(s, row).flags & DIRTY == 0:
        common_at(s, row).flags |= DIRTY
        dirty_at(s, s.n_dirty).row = row
        s.n_dirty += 1


@njit(cache=True, nogil=True)
def drain_all(directory: NDArray[np.void], start: int) -> int:
    """Drain every marked row from ``start`` on; -> how many are done (less than all: make room, go on)."""
    s = directory[0]
    count = s.n_dirty
    for i in range(start, count):
        row = dirty_at(s, i).row
        common_at(s, row).flags &= ~DIRTY & 0xFF
        if not drain(s, row):
            common_at(s, row).flags |= DIRTY
            return i
    s.n_dirty = 0
    return count


@njit(cache=True, nogil=True)
def drain(s: Any, row: int) -> bool:
    """Make final what may become final among the row's pending samples. False: no room, call again."""
    clock = clock_at(s, row)
    common = common_at(s, row)
    if clock.cadence == 0:
        return True
    order, ts = gather(s, row)
    cadence = whole(clock.cadence)
    newest = whole(clock.bucket)
    limit = final_before(s, row, newest)
    final = whole(clock.v1)
    i = 0
    complete = True
    while common.flags & HELD == 0:
        bucket = ts[i] // cadence if i < len(order) else limit + 1
        if bucket > limit:
            if limit > final and clock.final_n > 0:
                if not has_room(s):
                    complete = False
                    break
                final_missing(s, row, final + 1, limit)
            final = max(final, limit)
            break
        if not has_room(s):
            complete = False
            break
        if bucket > final + 1 and clock.final_n > 0:
            final_missing(s, row, final + 1, bucket - 1)
        value, n, i = aggregate(s, row, order, ts, i, bucket, cadence)
        final = bucket
        final_value(s, row, bucket, value, n, (bucket + 2) * cadence)
    for j in range(i):
        drop(s, order[j])
    settle(s, row, order, ts, i, final, newest, complete)
    return complete


@njit(cache=True, nogil=True)
def settle(
    s: Any,
    row: int,
    order: NDArray[np.int32],
    ts: NDArray[np.int64],
    first: int,
    final: int,
    newest: int,
    complete: bool,
) -> None:
    """What is left goes back to the pool, or into the clock row where the series needs no pool any more."""
    clock = clock_at(s, row)
    clock.pool = -1
    clock.t0 = 0
    clock.t1 = 0
    if not complete or is_pooled(s, row):
        clock.v1 = final
        for j in range(len(order) - 1, first - 1, -1):
            pending_at(s, order[j]).next = clock.pool
            clock.pool = order[j]
        return
    cadence = whole(clock.cadence)
    if clock.final_n > 0 and newest < final + 2:  # a shorter lateness was declared until now
        newest = final + 2
        clock.bucket = newest
    for j in range(first, len(order)):
        entry = pending_at(s, order[j])
        at = ts[j] - ts[j] // cadence * cadence + 1
        if ts[j] // cadence == newest:
            merge0(s, clock, at, entry.value, entry.n)
        else:
            merge1(s, clock, at, entry.value, entry.n)
        drop(s, order[j])


@njit(cache=True, nogil=True)
def gather(s: Any, row: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The row's pending samples in time order: places in the pool, and times."""
    count = 0
    at = clock_at(s, row).pool
    while at >= 0:
        count += 1
        at = pending_at(s, at).next
    places = np.empty(count, np.int32)
    ts = np.empty(count, np.int64)
    at = clock_at(s, row).pool
    for i in range(count - 1, -1, -1):
        places[i] = at
        ts[i] = pending_at(s, at).ts_ms
        at = pending_at(s, at).next
    if count < 2 or np.all(ts[1:] >= ts[:-1]):
        return places, ts
    order = np.argsort(ts, kind="mergesort")
    return places[order], ts[order]


@njit(cache=True, nogil=True)
def wait(s: Any, row: int, ts_ms: int, value: float, n: float) -> None:
    """A sample of a series without a cadence. One is kept for each time: a repeated one takes no memory."""
    clock = clock_at(s, row)
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


@njit(cache=True, nogil=True)
def cadence_of(s: Any, row: int, ts: NDArray[np.int64]) -> int:
    """The cadence as declared, else as learned of the first `ENOUGH` times; in ms."""
    declared = rule_at(s, clock_at(s, row).rule).cadence_ms
    if declared > 0:
        return min(max(declared, SHORTEST_MS), LONGEST_MS)
    return learn_cadence(ts[:ENOUGH])


@njit(cache=True, nogil=True)
def begin(s: Any, row: int, order: NDArray[np.int32], ts: NDArray[np.int64]) -> None:
    """Give the series a cadence and a first scale, both of its first `ENOUGH` samples by time.

    It waits until two buckets have passed since the eighth of them, so that neither the order of arrival
    nor the cut of batches decides which ones they are.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    cadence = cadence_of(s, row, ts)
    clock.cadence = cadence
    clock.bucket = ts[-1] // cadence
    clock.v1 = ts[0] // cadence - 1
    count = min(len(order), ENOUGH)
    values = np.empty(count, np.float64)
    for i in range(count):
        values[i] = pending_at(s, order[i]).value
    common.offset = middle(values)
    spread = middle(np.abs(values - common.offset))
    common.unit = min(max(spread, 1e-3 * abs(common.offset), 1e-9), 1e30)
    common.champion = _EMA
    common.challenger = _EMA
    mark(s, row)


@njit(cache=True, nogil=True)
def middle(values: NDArray[np.float64]) -> float:
    """The lower median: a value that is there, so it cannot overflow."""
    return np.sort(values)[(len(values) - 1) // 2]


@njit(cache=True, nogil=True)
def aggregate(
    s: Any,
    row: int,
    order: NDArray[np.int32],
    ts: NDArray[np.int64],
    first: int,
    bucket: int,
    cadence: int,
) -> tuple[float, float, int]:
    """One value of the samples of ``bucket``; -> value, n, place after its last sample.

    Two values for one time: the larger (value, n). For sum, mean and count, n is the sum of n.
    """
    how = rule_at(s, clock_at(s, row).rule).aggregation
    total = 0.0
    weight = 0.0
    sum_n = math.nan
    low = math.inf
    high = -math.inf
    last = math.nan
    last_n = math.nan
    count = 0
    i = first
    while i < len(order) and ts[i] // cadence == bucket:
        value = pending_at(s, order[i]).value
        n = np.float64(pending_at(s, order[i]).n)
        j = i + 1
        while j < len(order) and ts[j] == ts[i]:
            other = pending_at(s, order[j])
            same_time(s, other.value == value)
            if larger(other.value, other.n, value, n):
                value = other.value
                n = np.float64(other.n)
            j += 1
        i = j
        share = 1.0 if math.isnan(n) else n
        if not math.isnan(n):
            sum_n = n if math.isnan(sum_n) else sum_n + n
        total = bounded(total + (value * share if how == MEAN else value))
        weight = bounded(weight + share)
        count += 1
        low = min(low, value)
        high = max(high, value)
        last = value
        last_n = n
    if how == SUM:
        return total, sum_n, i
    if how == MEAN:
        return (total / weight if weight > 0.0 else last), sum_n, i
    if how == COUNT:
        return float(count), sum_n, i
    if how == MIN:
        return low, sum_n, i
    if how == MAX:
        return high, sum_n, i
    return last, last_n, i


@njit(cache=True, nogil=True)
def bounded(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)


@njit(cache=True, nogil=True)
def tick(
    directory: NDArray[np.void], ts_ms: int, backfilled: bool, finish: bool, rows: int, start: int
) -> int:
    """Event time is ``ts_ms``: advance every series that is (not) back-filled; -> rows done.

    A live series is left alone until it has been silent for `IDLE_CADENCES` and `IDLE_MS`.

    ``finish`` ends a file: series without a cadence get one, and everything up to ``ts_ms`` becomes final.
    """
    s = directory[0]
    for row in range(start, rows):
        if not has_room(s):
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
        bucket = ts_ms // cadence + (2 if finish else 0)
        if finish:
            rule = rule_at(s, clock.rule)
            bucket += max(rule.lateness_ms, 0) // cadence
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
    return rows
