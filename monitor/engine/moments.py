"""What a shard knows of a series at one time, and before an anomaly: facts for explanations, as plain values.

Read from history between two records, never kept. Reading one series' eight days takes 1 to 20 ms; the lock
on the state is taken for one series at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from threading import Lock
from typing import Any

import numpy as np

from learners.classify import CLASSES
from monitor.domain.observation import COLUMNS, Observations
from monitor.domain.past import DAYS_MS, Past, past_of, span_ms
from monitor.engine.parts import Parts
from monitor.engine.translate import family_name
from monitor.shard import state as st
from monitor.shard.drain import is_pooled

_GRID_MS = 86_400_000
"""How far around a time its grid is looked for, of a series whose cadence is not known (any more)."""
_MODEL_BUCKETS_MAX = 65_536
"""Buckets that are read, at most, to say since when a model has judged."""
_NEIGHBOURS = 16


class Moments:
    """Answers two questions of `Queries`."""

    def __init__(self, parts: Parts, state: Lock) -> None:
        self._parts = parts
        self._lock = state

    def pasts(self, asked: Sequence[Sequence[Any]]) -> list[dict[str, Any] | None]:
        """For each (id, onset_ms, peak_ms, cadence_ms, whether to read the past) what is declared of its
        metric, and the past; None for a series that is not there."""
        return [self._past(*one) for one in asked]

    def _past(
        self, id: str, onset_ms: int, peak_ms: int, cadence_ms: int, wanted: bool
    ) -> dict[str, Any] | None:
        with self._series(id) as row:
            if row < 0:
                return None
            found = self._said(row)
            past = self._before(row, onset_ms, peak_ms, cadence_ms) if wanted else None
        return found | {"past": past}

    def moment(self, id: str, at_ms: int) -> dict[str, Any] | None:
        """Everything of a series that may explain what it shows at ``at_ms``; None for one not there."""
        with self._series(id) as row:
            if row < 0:
                return None
            shard, history = self._parts.shard, self._parts.history
            known = row < shard.rows
            clock = shard.clocks[row] if known else np.zeros((), st.CLOCK)
            cadence = int(clock["cadence"])
            bucket_ms, step = self._bucket(row, cadence, at_ms)
            held = bool(known and shard.common["flags"][row] & st.HELD)
            return {
                **self._said(row),
                "bucket_ms": bucket_ms,
                "cadence_ms": step,
                "final_ms": self._final_ms(row, clock, cadence),
                "newest_ms": int(clock["bucket"]) * cadence if cadence else None,
                "clock_ms": self._parts.clock_ms,
                "kept_ms": history.horizon_ms(self._parts.clock_ms),
                "held": held,
                "damaged": bool(history.damage),
                "waiting": [
                    value for ts, value in self._waiting(row, cadence) if _inside(ts, bucket_ms, step)
                ],
                **self._here(row, bucket_ms, step),
            }

    @contextmanager
    def _series(self, id: str) -> Iterator[int]:
        with self._lock:
            yield int(self._parts.index.lookup(np.array([int(id, 16)], np.uint64))[0])

    def _said(self, row: int) -> dict[str, Any]:
        """What is declared of a series' metric, and what class it was found to have."""
        shard, metric = self._parts.shard, self._parts.identity(row).metric
        known = row < shard.rows and int(shard.common["tail"][row]) != 0
        return {
            "declared": dict(shard.rules.declared.of(metric)),
            "class": CLASSES[int(shard.profiles["metric_class"][row])] if known else "unknown",
        }

    def _before(self, row: int, onset_ms: int, peak_ms: int, cadence_ms: int) -> dict[str, Any]:
        span = span_ms(cadence_ms)
        found = self._parts.history.read(row, onset_ms - span, max(onset_ms, peak_ms) + 1)
        return _plain(past_of(found, peak_ms, onset_ms, cadence_ms))

    def _bucket(self, row: int, cadence: int, at_ms: int) -> tuple[int | None, int]:
        """Start and length of the bucket of a time. A series that started anew may have had another grid:
        where an observation's bucket holds the time by the spacing around it, it is that one."""
        reach = _NEIGHBOURS * cadence or _GRID_MS
        around = self._parts.history.read(row, at_ms - reach, at_ms + reach).ts_ms
        place = int(np.searchsorted(around, at_ms, side="right"))
        near = around[max(place - _NEIGHBOURS, 0) : place + _NEIGHBOURS]
        spacing = [step for step in (cadence, *np.diff(near).tolist()) if step > 0]
        step = min(spacing, default=0)
        if place and step and at_ms < around[place - 1] + step:
            return int(around[place - 1]), step
        if cadence:
            return at_ms // cadence * cadence, cadence
        if step:
            return int(around[0] + (at_ms - around[0]) // step * step), step
        return None, 0

    def _final_ms(self, row: int, clock: Any, cadence: int) -> int | None:
        """Start of the newest final bucket; all before it are final too."""
        final = int(clock["v1"]) if cadence == 0 or self._pools(row) else int(clock["bucket"]) - 2
        if cadence == 0:  # then it is the time before which all is final
            return final - 1 if final > 0 else None
        return final * cadence

    def _pools(self, row: int) -> bool:
        return bool(is_pooled(self._parts.shard.directory[0], row))

    def _waiting(self, row: int, cadence: int) -> list[tuple[int, float]]:
        """Samples that are not final yet, by time."""
        shard = self._parts.shard
        if row >= shard.rows:
            return []
        clock, found = shard.clocks[row], []
        at = int(clock["pool"])
        while at >= 0:
            entry = shard.pending[at]
            found.append((int(entry["ts_ms"]), float(entry["value"])))
            at = int(entry["next"])
        if cadence and not self._pools(row):
            newest = int(clock["bucket"])
            for bucket, since, value in ((newest - 1, "t1", "v1"), (newest, "t0", "v0")):
                if clock[since] > 0:
                    found.append((bucket * cadence + int(clock[since]) - 1, float(clock[value])))
        return sorted(found, key=lambda sample: sample[0])

    def _here(self, row: int, bucket_ms: int | None, step: int) -> dict[str, Any]:
        """The observation of a bucket, late samples in it, and what came before."""
        if bucket_ms is None:
            return {"judged": None, "late": [], "previous_ms": None, "past": None}
        history = self._parts.history
        found = history.read(row, bucket_ms - span_ms(step), bucket_ms + 1)
        judged = None
        if len(found) and found.ts_ms[-1] == bucket_ms:
            judged = {name: getattr(found, name)[-1].item() for name in COLUMNS if name != "row"}
        late = history.revisions(row, bucket_ms, bucket_ms + step)
        columns = (late.ts_ms.tolist(), late.value.tolist(), late.arrival_ms.tolist())
        past = past_of(found, bucket_ms, bucket_ms, step)
        return {
            "judged": judged,
            "late": [list(one) for one in zip(*columns, strict=True)],
            "previous_ms": self._previous(row, found, bucket_ms - span_ms(step)),
            "past": _plain(past) | self._since(row, found, past, bucket_ms - span_ms(step)),
        }

    def _previous(self, row: int, found: Observations, end_ms: int) -> int | None:
        """The newest observation among ``found``, else before ``end_ms``."""
        if len(found):
            return int(found.ts_ms[-1])
        return next((int(part.ts_ms[-1]) for part in self._backwards(row, end_ms) if len(part)), None)

    def _since(self, row: int, found: Observations, past: Past, end_ms: int) -> dict[str, Any]:
        """Since when the model of the last of ``found`` has judged without a break, farther back than
        that."""
        if past.since_known or not len(found):
            return {}
        since, rows = past.since_ms, 0
        for part in self._backwards(row, end_ms):
            others = np.flatnonzero(part.model != past.model)
            first = int(others[-1]) + 1 if len(others) else 0
            if first < len(part):
                since = int(part.ts_ms[first])
            rows += len(part)
            if len(others) or rows > _MODEL_BUCKETS_MAX:
                return {"since_ms": since, "since_known": bool(len(others))}
        return {"since_ms": since, "since_known": True}

    def _backwards(self, row: int, end_ms: int) -> Iterator[Observations]:
        """Observations before a time in spans that double, each in time order, back to the first."""
        width = DAYS_MS
        while end_ms > 0:
            start_ms = end_ms - width
            yield self._parts.history.read(row, start_ms, end_ms)
            end_ms, width = start_ms, 2 * width


def _plain(past: Past) -> dict[str, Any]:
    return asdict(past) | {"judged_by": family_name(past.model)}


def _inside(ts_ms: int, bucket_ms: int | None, step: int) -> bool:
    return bucket_ms is None or bucket_ms <= ts_ms < bucket_ms + step
