"""What a shard tells of itself for the system's own figures: its ledger, and stock of its state."""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.classify import CLASSES
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
    common = shard.common[: shard.rows]
    flags = common["flags"]
    living = np.flatnonzero((flags & st.LIVE != 0) & (flags & st.ENDED == 0))
    rows = living[~parts.ledger.own(living)]
    there = common["tail"][rows] != 0
    settled = rows[there & (shard.clocks["final_n"][rows] > SETTLED)]
    profile = shard.profiles[settled]
    classes = np.bincount(profile["metric_class"], minlength=len(CLASSES))
    champions = np.bincount(common["champion"][settled], minlength=256)
    period_ms = profile["period0"].astype(np.int64) * shard.clocks["cadence"][settled]
    return {
        "living": len(rows),
        "learning": int(len(rows) - np.count_nonzero(there)),
        "settled": len(settled),
        "seasonal": int(np.count_nonzero(profile["period0"])),
        "classes": {CLASSES[code]: int(classes[code]) for code in np.flatnonzero(classes).tolist()},
        "champions": {family_name(code): int(champions[code]) for code in np.flatnonzero(champions).tolist()},
        "periods": _by_length(period_ms[period_ms > 0]),
    }


def _by_length(period_ms: Any) -> dict[str, int]:
    places = np.searchsorted([most for _, most in PERIODS], period_ms)
    names = [*(name for name, _ in PERIODS), "longer"]
    return {names[place]: int(count) for place, count in enumerate(np.bincount(places, minlength=0)) if count}
