"""Samples and time into a shard: a kernel is called again until all is done.

Between two calls room is made for what it tells, or a series starts anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.domain.records import Tick
from monitor.shard import state as st
from monitor.shard.buckets import into_pool, take, tick
from monitor.shard.drain import drain_all, is_pooled
from monitor.shard.episodes import close_all
from monitor.shard.shard import Shard


def feed(
    shard: Shard,
    row: NDArray[np.int32],
    ts_ms: NDArray[np.int64],
    value: NDArray[np.float64],
    n: NDArray[np.float64],
    backfill: bool,
) -> None:
    """Take samples. ``n`` has one element or as many as there are samples; NaN is "none"."""
    at = 0
    while True:
        at = take(shard.directory, row, ts_ms, value, n, backfill, at)
        if at == len(ts_ms):
            return
        if not _started_anew(shard):
            _make_room(shard)


def advance(shard: Shard, entry: Tick) -> None:
    """Event time goes on; at the end of a file all becomes final."""
    _advance(shard, entry, 0, shard.rows)
    drain(shard)
    while entry.complete and shard.renewed:  # what waits for a cadence after an end within the file
        rows, shard.renewed = shard.renewed, []
        for row in rows:
            _advance(shard, entry, row, row + 1)
        drain(shard)


def _advance(shard: Shard, entry: Tick, first: int, end: int) -> None:
    at = first
    while True:
        at = tick(shard.directory, entry.ts_ms, entry.complete, entry.complete, end, at)
        if at == end:
            return
        _make_room(shard)


def drain(shard: Shard) -> None:
    """Make final what may become so of the rows that are marked."""
    at = 0
    while shard.directory["n_dirty"][0]:
        at = drain_all(shard.directory, at)
        if shard.directory["n_dirty"][0]:
            drained = shard.drained
            if not _started_anew(shard):
                shard.results.collect()
                shard.make_room_to_wait()
            if shard.drained != drained:  # within, the whole list was drained
                at = 0
    shard.drained += 1


def _make_room(shard: Shard) -> None:
    shard.results.collect()
    shard.make_room_to_wait()
    drain(shard)
    shard.results.collect()
    shard.make_room_to_wait()


def make_room_to_mark(shard: Shard) -> None:
    """Room to mark some rows for draining."""
    if shard.marked_full:
        drain(shard)


def _started_anew(shard: Shard) -> bool:
    """Let the series start anew of which a kernel said that it must; False if there is none."""
    row = int(shard.directory["anew"][0])
    if row >= 0:
        shard.directory["anew"] = -1
        start_anew(shard, row, is_pooled(shard.directory[0], row))
    return row >= 0


def start_anew(shard: Shard, row: int, pooled: bool) -> None:
    """A series that ended and came back, or whose buckets were declared anew, is one never seen before. Its
    samples that are not final yet go on with it; nothing before them is taken any more. ``pooled``: do they
    wait in the pool by now?"""
    shard.results.make_room_to_tell()
    shard.make_room_to_wait()
    clock, cadence = shard.clocks[row], int(shard.clocks["cadence"][row])
    if not pooled:
        into_pool(shard.directory[0], row)
    final_ms = (int(clock["v1"]) + 1) * cadence if cadence else int(clock["v1"])
    flags, rule = int(shard.common["flags"][row]), int(clock["rule"])
    close_all(shard.directory[0], row, final_ms + cadence)
    ts_ms, value, n = _waiting(shard, row)
    shard.clear(row)
    shard.common["flags"][row] = flags & (st.LIVE | st.BACKFILLED | st.DIRTY)
    clock["rule"], clock["v1"] = rule, final_ms
    shard.renewed.append(row)
    rows = np.full(len(ts_ms), row, np.int32)
    feed(shard, rows, ts_ms, value, n, bool(flags & st.BACKFILLED))


def _waiting(shard: Shard, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The samples that wait in the row's pool, by time."""
    places = []
    at = int(shard.clocks["pool"][row])
    while at >= 0:
        places.append(at)
        at = int(shard.pending["next"][at])
    found = shard.pending[places[::-1]]
    found = found[np.argsort(found["ts_ms"], kind="stable")]
    return found["ts_ms"].copy(), found["value"].copy(), found["n"].astype(np.float64)
