"""Several samples of one bucket become one value: the larger (value, n) of one time, then the aggregation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from learners.memory import whole
from monitor.shard.state import (
    COUNT,
    MAX,
    MEAN,
    MIN,
    SUM,
    clock_at,
    pending_at,
    revision_at,
    rule_at,
)

_LARGEST = float(np.finfo(np.float64).max)  # what sums of samples are held to


@kernel
def same_time(s: Any, equal: bool) -> None:
    if equal:
        s.n_duplicate += 1
    else:
        s.n_conflict += 1


@kernel
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


@kernel
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


@kernel
def revise(s: Any, row: int, ts_ms: int, value: float, n: float) -> None:
    """A sample beyond the lateness bound: kept as a revision; models do not relearn."""
    s.n_late += 1
    late = revision_at(s, s.n_revisions)
    s.n_revisions += 1
    late.row = row
    late.ts_ms = ts_ms
    late.value = value
    late.n = n


@kernel
def larger(value: float, n: float, other: float, other_n: float) -> bool:
    if value != other:
        return value > other
    if math.isnan(n):
        return False
    return math.isnan(other_n) or n > other_n


@kernel
def step_of(counter: float, before: float) -> float:
    """What a counter has counted since ``before``; a fall says that it began again from zero.

    >>> step_of(12.0, 10.0), step_of(3.0, 12.0)
    (2.0, 3.0)
    """
    return bounded(counter - before) if counter >= before else counter


@kernel
def counted(clock: Any, bucket: int, counter: float) -> float:
    """The step to a sample of a cumulative series, which then is what the next is compared with.

    What was counted over empty buckets is spread evenly over them, of which this bucket has its part:
    all of it in one bucket would look like a peak. NaN for the first sample there is.
    """
    known = whole(clock.t0)
    before = clock.v0
    clock.v0 = counter
    clock.t0 = bucket + 1
    if known == 0:
        return math.nan
    step = step_of(counter, before)
    passed = bucket + 1 - known
    return step / passed if passed > 1 else step


@kernel
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

    Two values for one time: the larger (value, n). For sum, mean and count, n is the sum of n. Of a
    cumulative series the steps are aggregated; NaN where there is none yet.
    """
    clock = clock_at(s, row)
    how = rule_at(s, clock.rule).aggregation
    cumulative = rule_at(s, clock.rule).cumulative != 0
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
        if cumulative:
            value = counted(clock, bucket, value)
            if math.isnan(value):
                continue
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
    if count == 0:
        return math.nan, math.nan, i
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


@kernel
def bounded(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)
