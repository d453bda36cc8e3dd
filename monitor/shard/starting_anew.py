"""A series that ended and came back, or whose buckets were declared anew, is one never seen before.

Its samples that are not final yet go on with it; nothing before them is taken any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from monitor.shard import state as st
from monitor.shard.buckets import into_pool
from monitor.shard.drain import is_pooled
from monitor.shard.episodes import close_all

if TYPE_CHECKING:
    from monitor.shard.shard import Shard


def started_anew(shard: Shard) -> bool:
    """Let the series start anew of which a kernel said that it must; False if there is none."""
    row = int(shard.directory["anew"][0])
    if row >= 0:
        shard.directory["anew"] = -1
        start_anew(shard, row, is_pooled(shard.directory[0], row))
    return row >= 0


def start_anew(shard: Shard, row: int, pooled: bool) -> None:
    """``pooled``: do its samples wait in the pool by now?"""
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
    shard.take(rows, ts_ms, value, n, bool(flags & st.BACKFILLED))


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
