"""What a shard does when a metric is declared: its series go on by the new rules from there on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from learners.threshold.declared import tail_of
from monitor.shard import state as st
from monitor.shard.buckets import into_pool
from monitor.shard.drain import is_pooled
from monitor.shard.feeding import make_room_to_mark, start_anew
from monitor.shard.pool import mark
from monitor.shard.rules import regridded
from monitor.shard.shard import Shard


def declare(shard: Shard, metric: str, declaration: Mapping[str, Any]) -> None:
    concerned = np.isin(shard.clocks["rule"][: shard.rows], shard.rules.numbers_of(metric))
    rows = np.flatnonzero(concerned).tolist()
    before = [is_pooled(shard.directory[0], row) for row in rows]
    table = shard.rules.table.copy()
    shard.rules.declare(metric, declaration)
    shard.locate()
    for row, pooled in zip(rows, before, strict=True):
        make_room_to_mark(shard)
        clock = shard.clocks[row]
        if regridded(table[clock["rule"]], shard.rules.table[clock["rule"]], int(clock["cadence"])):
            start_anew(shard, row, pooled)
            continue
        if _wants_another_tail(shard, row):
            shard.common["flags"][row] |= st.HELD
            shard.results.wait(row)
        if pooled:
            mark(shard.directory[0], row)
        elif is_pooled(shard.directory[0], row):
            shard.make_room_to_wait()
            into_pool(shard.directory[0], row)
            mark(shard.directory[0], row)


def _wants_another_tail(shard: Shard, row: int) -> bool:
    """Is the series due for a pass of its own, since its declaration asks for another threshold?"""
    common = shard.common[row]
    if not common["tail"] or common["flags"] & (st.HELD | st.ENDED | st.PINNED):
        return False
    name = shard.rules.threshold_of(int(shard.clocks["rule"][row]))
    return int(common["tail"]) != tail_of(name)
