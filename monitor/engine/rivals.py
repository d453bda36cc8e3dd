"""What the challenger of a series would have expected, beside what its champion did."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import writable
from learners.choice import Chosen, Lived
from learners.families import BASELINES
from learners.single import Model
from monitor.engine.parts import Parts

RUN_IN = 512
"""Buckets before the span that bring its level and trend to where the span begins."""
_FOREVER_MS = 1 << 61
_COLUMNS = ("ts_ms", "value")


class Rivals:
    """Reads history and models; ``state`` is held only while both are read."""

    def __init__(self, parts: Parts, state: Lock) -> None:
        self._parts = parts
        self._lock = state

    def challenger(self, id: str, from_ms: int | None, to_ms: int | None, max_points: int) -> dict[str, Any]:
        """``model`` and columns ts_ms, expected, lower, upper of the newest ``max_points`` final buckets of
        the span; nothing for a series without models. The challenger as it is now, run over the values once
        more: it expects each before it learns from it, but its season knows them all. Some 30 µs a bucket,
        beside the shard's work."""
        with self._lock:
            row = int(self._parts.index.lookup(np.array([int(id, 16)], np.uint64))[0])
            shard = self._parts.shard
            if not 0 <= row < shard.rows or not shard.common["tail"][row]:
                return {}
            lived = shard.bank.lived(row)
            offset, unit = float(shard.common["offset"][row]), float(shard.common["unit"][row])
            clock = shard.clocks[row]
            cadence_ms, zone = int(clock["cadence"]), int(shard.rules.table["zone"][clock["rule"]])
            first = -_FOREVER_MS if from_ms is None else from_ms - RUN_IN * cadence_ms
            last = _FOREVER_MS if to_ms is None else to_ms
            (found,) = self._parts.history.spans([(row, first, last)], _COLUMNS)
            ts_ms, value = (found[name][-max_points - RUN_IN :] for name in _COLUMNS)
            t = shard.rules.zones.civil(zone, ts_ms) // cadence_ms
        columns = _run(_model(lived, offset, unit, int(t[0]) if len(t) else 0), t, value)
        shown = np.flatnonzero(ts_ms >= (first if from_ms is None else from_ms))[-max_points:]
        return {
            "model": lived.challenger.family.name.lower(),
            "ts_ms": ts_ms[shown],
            **{name: column[shown] for name, column in columns.items()},
        }


def _model(lived: Lived, offset: float, unit: float, first: int) -> Model:
    """The challenger with the champion's tail, its last sample taken to be just before bucket ``first``."""
    chosen = lived.challenger
    record = writable(chosen.record, BASELINES[chosen.family].dtype)
    if "last" in (record.dtype.names or ()):
        record["last"] = (first - 1) & 0xFFFF
    as_before = Chosen(chosen.family, record.tobytes(), chosen.season)
    return Model.living(as_before, lived.tail, offset, unit)


def _run(model: Model, t: NDArray[np.int64], value: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    found = np.full((3, len(t)), np.nan)
    for i, (at, one) in enumerate(zip(t.tolist(), value.tolist(), strict=True)):
        seen = model.forecast(at)
        found[:, i] = seen.centre, seen.lower, seen.upper
        if np.isfinite(one):
            model.learn_one(one, at)
    return dict(zip(("expected", "lower", "upper"), found, strict=True))
