"""Waiting samples become final buckets in time order, as far as their series' own watermark lets them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.compiled import kernel
from learners.memory import whole
from monitor.shard.cadence import ENOUGH, LONGEST_MS, SHORTEST_MS, learn_cadence
from monitor.shard.calls import final_value
from monitor.shard.merge import aggregate, merge0, merge1, revise, step_of
from monitor.shard.missing import final_missing
from monitor.shard.pool import drop, gather, has_output_room, mark
from monitor.shard.state import (
    DIRTY,
    ENDED,
    HELD,
    LAST,
    clock_at,
    common_at,
    dirty_at,
    pending_at,
    rule_at,
)

_EMA = int(Family.EMA)


@kernel
def is_pooled(s: Any, row: int) -> bool:
    """Does the series go through the pool: by its declaration, while held, or until it has been drained?"""
    rule = rule_at(s, clock_at(s, row).rule)
    waits = common_at(s, row).flags & (HELD | DIRTY) != 0
    return waits or rule.aggregation != LAST or rule.lateness_ms >= 0 or rule.cumulative != 0


@kernel
def final_before(s: Any, row: int, newest: int) -> int:
    """Index of the newest bucket that is final once ``newest`` has begun."""
    rule = rule_at(s, clock_at(s, row).rule)
    if rule.lateness_ms < 0:
        return newest - 2
    cadence = whole(clock_at(s, row).cadence)
    return (newest * cadence - rule.lateness_ms) // cadence - 1


@kernel
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


@kernel
def drain(s: Any, row: int) -> bool:
    """Make final what may become final among the row's pending samples. False: call again, when there is
    room, or where ``anew`` names the row when its series has started anew with what still waits."""
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
    while complete and i < len(order) and ts[i] // cadence <= final:  # the first bucket of a new life, cut
        complete = has_output_room(s)
        if complete:
            entry = pending_at(s, order[i])
            revise(s, row, ts[i], entry.value, entry.n)
            i += 1
    while complete and common.flags & HELD == 0:
        bucket = ts[i] // cadence if i < len(order) else limit + 1
        if bucket > limit:
            if limit > final and clock.final_n > 0:
                if not has_output_room(s):
                    complete = False
                    break
                final_missing(s, row, final + 1, limit)
            if common.flags & ENDED and i < len(order):
                s.anew = row
                complete = False
                limit = min(limit, final_before(s, row, ts[i] // cadence))
            final = max(final, limit)
            break
        if not has_output_room(s):
            complete = False
            break
        if bucket > final + 1 and clock.final_n > 0:
            until = max(final, min(final_before(s, row, bucket), bucket - 1))
            final_missing(s, row, final + 1, until)
            if common.flags & ENDED == 0:
                final_missing(s, row, until + 1, bucket - 1)
                until = bucket - 1
            if common.flags & ENDED:
                s.anew = row
                final = until
                complete = False
                break
        value, n, i = aggregate(s, row, order, ts, i, bucket, cadence)
        final = bucket
        if not math.isnan(value):
            final_value(s, row, bucket, value, n, (bucket + 2) * cadence)
    for j in range(i):
        drop(s, order[j])
    settle(s, row, order, ts, i, final, newest, complete)
    return complete


@kernel
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
    if rule_at(s, clock.rule).cumulative == 0:
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


@kernel
def cadence_of(s: Any, row: int, ts: NDArray[np.int64]) -> int:
    """The cadence as declared, else as learned of the first `ENOUGH` times; in ms."""
    declared = rule_at(s, clock_at(s, row).rule).cadence_ms
    if declared > 0:
        return min(max(declared, SHORTEST_MS), LONGEST_MS)
    return learn_cadence(ts[:ENOUGH])


@kernel
def begin(s: Any, row: int, order: NDArray[np.int32], ts: NDArray[np.int64]) -> None:
    """Give the series a cadence and a first scale, both of its first `ENOUGH` samples by time.

    It waits until two buckets have passed since the eighth of them, so that neither the order of arrival
    nor the cut of batches decides which ones they are.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    cadence = cadence_of(s, row, ts)
    clock.cadence = cadence
    before = -(-whole(clock.v1) // cadence) - 1  # the bucket in which what was final ends is not whole
    clock.v1 = before
    clock.bucket = max(ts[-1] // cadence, before + 2)
    count = min(len(order), ENOUGH)
    values = np.empty(count, np.float64)
    for i in range(count):
        values[i] = pending_at(s, order[i]).value
    if rule_at(s, clock.rule).cumulative != 0:
        values = steps(values)
    common.offset = middle(values)
    spread = middle(np.abs(values - common.offset))
    common.unit = min(max(spread, 1e-3 * abs(common.offset), 1e-9), 1e30)
    common.champion = _EMA
    common.challenger = _EMA
    mark(s, row)


@kernel
def steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a counter counted from each value to the next; zero where there is but one."""
    found = np.zeros(max(len(values) - 1, 1), np.float64)
    for i in range(len(values) - 1):
        found[i] = step_of(values[i + 1], values[i])
    return found


@kernel
def middle(values: NDArray[np.float64]) -> float:
    """The lower median: a value that is there, so it cannot overflow."""
    return np.sort(values)[(len(values) - 1) // 2]
