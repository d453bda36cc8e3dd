"""Compile the shard's kernels, or load them from the cache, before anybody waits for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from learners.choice import Choice
from learners.select import Window, choose, look_at
from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from monitor.domain.records import Control, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.shard import block, fitted, judge
from monitor.shard import state as st
from monitor.shard.apply import apply
from monitor.shard.assignment import Assignment
from monitor.shard.buckets import take, tick
from monitor.shard.drain import drain_all
from monitor.shard.shard import Shard

_SAMPLES = 36


def is_compiled() -> bool:
    """Are the shard's loops in the cache?"""
    loop: Any = take
    return any(Path(loop.stats.cache_path).glob("buckets.take-*.nbi"))


def warm_looks() -> None:
    """Classes and seasons: the half of a learning pass that needs no model."""
    look_at([_window(_SAMPLES)])


def warm_loops() -> None:
    """The loops over samples alone, on none, and the families that are called by address."""
    directory = np.zeros(1, st.DIRECTORY)
    none = np.zeros(0)
    take(directory, np.zeros(0, np.int32), np.zeros(0, np.int64), none, np.full(1, np.nan), False, 0)
    tick(directory, 0, False, False, 0, 0)
    drain_all(directory, 0)
    fitted.entries()


def warm_judges() -> None:
    """What judges a value alone, and the learning pass, which shares the models with it."""
    judge.entry()
    block.entry()
    _choice(_SAMPLES)


def warm_shard() -> None:
    """Take one series through everything that compiled code does: some ms once the cache is filled."""
    shard = Shard(rows=8)
    name = Identity.of("warm.up").canonical()
    for i in range(_SAMPLES):
        at = np.array([i * MINUTE_MS], np.int64)
        value = np.array([float(i % 5)])
        row = np.zeros(1, np.int32)
        apply(shard, Samples(row, at, value, None, Mode.BACKFILL, 0, 0, ((0, name),) if i == 0 else ()))
    count = int(shard.clocks["final_n"][0])
    apply(shard, Control(Kind.ASSIGN, {"items": [Assignment(0, count, _choice(count)).to_body()]}))
    apply(shard, Tick(60 * MINUTE_MS, complete=True))
    apply(shard, Control(Kind.FORGET, {"rows": [0]}))


def _choice(count: int) -> Choice:
    return choose(_window(count))


def _window(count: int) -> Window:
    t = np.arange(count, dtype=np.int64)
    return Window(t=t, y=(t % 5).astype(np.float64), n=np.full(count, np.nan), cadence_ms=MINUTE_MS)
