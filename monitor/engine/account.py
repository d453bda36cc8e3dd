"""What a shard tells of itself for the system's own figures: its ledger, and stock of its state."""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.classify import CLASSES
from learners.compiled import kernel
from monitor.domain.meta import SETTLED
from monitor.engine.parts import Parts
from monitor.engine.translate import family_name
from monitor.shard import state as st

_HOUR_MS = 3_600_000
PERIODS = (("hour", 2 * _HOUR_MS), ("day", 36 * _HOUR_MS), ("week", 10 * 24 * _HOUR_MS))
"""Seasons by name: up to this long."""


def account(parts: Parts, at_ms: int) -> dict[str, Any]:
    """Plain values, to be added up over shards: those of `Ledger.read`, and of the series of others the
    numbers that live, learn, and are past their first passes; of the latter by class, champion and season.
    Some 3 ms for 100,000 series. The state lock is held."""
    parts.ledger.count(parts.shard.profiles["metric_class"], parts.shard.clocks["final_n"])
    return {**parts.ledger.read(at_ms), **_stock(parts)}


def _stock(parts: Parts) -> dict[str, Any]:
    shard = parts.shard
    living = _living(shard.common["flags"][: shard.rows], st.LIVE, st.ENDED)
    rows = living[~parts.ledger.own(living)]
    classes, champions = np.zeros(256, np.int64), np.zeros(256, np.int64)
    period_ms = np.zeros(len(rows), np.int64)
    learning, settled, seasonal = _count(
        rows, shard.common, shard.clocks, shard.profiles, SETTLED, classes, champions, period_ms
    )
    return {
        "living": len(rows),
        "learning": int(learning),
        "settled": int(settled),
        "seasonal": int(seasonal),
        "classes": {CLASSES[code]: int(classes[code]) for code in np.flatnonzero(classes).tolist()},
        "champions": {family_name(code): int(champions[code]) for code in np.flatnonzero(champions).tolist()},
        "periods": _by_length(period_ms[:seasonal]),
    }


@kernel
def _living(flags: Any, live: int, ended: int) -> Any:
    """Rows of series that have not ended."""
    found = np.empty(len(flags), np.int32)
    count = 0
    for row in range(len(flags)):
        found[count] = row
        count += (flags[row] & live != 0) & (flags[row] & ended == 0)
    return found[:count]


@kernel
def _count(
    rows: Any,
    common: Any,
    clocks: Any,
    profiles: Any,
    settled_after: int,
    classes: Any,
    champions: Any,
    period_ms: Any,
) -> tuple[int, int, int]:
    """How many learn, are settled, and have a season; of the settled the numbers by class and champion, and
    of those with a season how long it is. One look at each series' rows."""
    learning, settled, seasonal = 0, 0, 0
    for i in range(len(rows)):
        row = rows[i]
        if common[row].tail == 0:
            learning += 1
        elif clocks[row].final_n > settled_after:
            settled += 1
            classes[profiles[row].metric_class] += 1
            champions[common[row].champion] += 1
            if profiles[row].period0 > 0:
                period_ms[seasonal] = np.int64(profiles[row].period0) * np.int64(clocks[row].cadence)
                seasonal += 1
    return learning, settled, seasonal


def _by_length(period_ms: Any) -> dict[str, int]:
    places = np.searchsorted([most for _, most in PERIODS], period_ms)
    names = [*(name for name, _ in PERIODS), "longer"]
    return {names[place]: int(count) for place, count in enumerate(np.bincount(places, minlength=0)) if count}
