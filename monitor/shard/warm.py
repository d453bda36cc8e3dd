"""Compile the shard's kernels, or load them from the cache, before anybody waits for them."""

from __future__ import annotations

import numpy as np

from learners.select import Window, choose
from monitor.domain.batch import Mode
from monitor.domain.records import Control, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.shard.assignment import Assignment
from monitor.shard.shard import Shard

_MINUTE_MS = 60_000


def warm_shard() -> None:
    """Take one series through everything that compiled code does: some ms once the cache is filled."""
    shard = Shard(rows=8)
    name = Identity.of("warm.up").canonical()
    for i in range(40):
        new = ((0, name),) if i == 0 else ()
        at = np.array([i * _MINUTE_MS], np.int64)
        value = np.array([float(i % 5)])
        row = np.zeros(1, np.int32)
        entry = Samples(row, at, value, None, Mode.BACKFILL, 0, 0, new)
        if len(shard.apply(entry).due):
            shard.apply(_assignment(shard))
    shard.apply(Tick(60 * _MINUTE_MS, complete=True))
    shard.apply(Control(Kind.FORGET, {"rows": [0]}))


def _assignment(shard: Shard) -> Control:
    count = int(shard.clocks["final_n"][0])
    t = np.arange(count, dtype=np.int64)
    y, none = (t % 5).astype(np.float64), np.full(count, np.nan)
    window = Window(t=t, y=y, n=none, cadence_ms=_MINUTE_MS, kind=None)
    return Control(Kind.ASSIGN, {"items": [Assignment(0, count, choose(window)).to_body()]})
