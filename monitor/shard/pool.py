"""Samples that wait: places of a shared pool, linked by row, taken and given back; room in the buffers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.block import WIDTH
from learners.compiled import kernel
from monitor.shard.state import DIRTY, clock_at, common_at, dirty_at, pending_at

ROOM_CHANGES = 8
ROOM = WIDTH + 4
"""Final values that one more sample may bring about: its own, and all that wait for their block."""


@kernel
def has_room(s: Any) -> bool:
    """May one more sample be taken without a buffer overflowing? (Four final buckets, and a block.)"""
    return has_output_room(s) and s.n_dirty + 4 <= s.max_dirty


@kernel
def has_output_room(s: Any) -> bool:
    """The same for a sample that already waits: it marks no row, and the list of marked ones may be full."""
    return (
        s.n_outcomes + ROOM <= s.max_outcomes
        and s.n_changes + ROOM * ROOM_CHANGES <= s.max_changes
        and s.n_due + ROOM <= s.max_due
        and s.n_revisions + 4 <= s.max_revisions
        and s.n_pending + 8 <= s.max_pending
        and s.n_episodes + ROOM <= s.max_episodes
    )


@kernel
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


@kernel
def drop(s: Any, at: int) -> None:
    pending_at(s, at).next = s.free_pending
    s.free_pending = at
    s.n_pending -= 1


@kernel
def mark(s: Any, row: int) -> None:
    """Remember that the row's pool wants draining."""
    if common_at(s, row).flags & DIRTY == 0:
        common_at(s, row).flags |= DIRTY
        dirty_at(s, s.n_dirty).row = row
        s.n_dirty += 1


@kernel
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
