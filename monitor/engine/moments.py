"""What a shard knows of a series at one time, and before an anomaly: facts for explanations, as plain values.

Read from history between two records, never kept. Reading one series' eight days takes 1 to 20 ms; the lock
on the state is taken for one series at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.classify import CLASSES
from monitor.domain.durations import DAY_MS
from monitor.domain.observation import COLUMNS
from monitor.domain.past import DAYS_MS, Past, Seen, past_of, span_ms
from monitor.engine.parts import Parts
from monitor.engine.translate import family_name
from monitor.history.cuts import Span
from monitor.shard import state as st
from monitor.shard.drain import is_pooled
from monitor.shard.streaks import STREAK_MAX

_GRID_MS = DAY_MS
"""How far around a time its grid is looked for, of a series whose cadence is not known (any more)."""
_MODEL_BUCKETS_MAX = 65_536
"""Buckets that are read, at most, to say since when a model has judged."""
_NEIGHBOURS = 16
_AT_ONCE = 16
"""Anomalies whose pasts are read in one go, under the lock on the state."""
_LABELS_MAX = 16
_SEEN = [field.name for field in fields(Seen)]


class Moments:
    """Answers two questions of `Queries`."""

    def __init__(self, parts: Parts, state: Lock) -> None:
        self._parts = parts
        self._lock = state

    def pasts(self, asked: Sequence[Sequence[Any]]) -> list[dict[str, Any] | None]:
        """For each (id, onset_ms, peak_ms, cadence_ms, whether to read the past) what is declared of its
        metric, and the past; None for a series that is not there."""
        answer: list[dict[str, Any] | None] = []
        for start in range(0, len(asked), _AT_ONCE):
            with self._lock:
                answer += self._pasts(asked[start : start + _AT_ONCE])
        return answer

    def _pasts(self, asked: Sequence[Sequence[Any]]) -> list[dict[str, Any] | None]:
        rows = [self._row(one[0]) for one in asked]
        read = [place for place, one in enumerate(asked) if one[4] and rows[place] >= 0]
        spans = []
        for place in read:
            _, onset_ms, peak_ms, cadence_ms, _ = asked[place]
            spans.append((rows[place], onset_ms - span_ms(cadence_ms), max(onset_ms, peak_ms) + 1))
        answer = [self._said(row) | {"past": None} if row >= 0 else None for row in rows]
        for place, seen in zip(read, self._seen(spans), strict=True):
            _, onset_ms, peak_ms, cadence_ms, _ = asked[place]
            said = answer[place]
            assert said is not None
            said["past"] = _plain(past_of(seen, peak_ms, onset_ms, cadence_ms))
        return answer

    def moment(self, id: str, at_ms: int) -> dict[str, Any] | None:
        """Everything of a series that may explain what it shows at ``at_ms``; None for one not there."""
        with self._lock:
            row = self._row(id)
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
                "labels": self._labels(row),
                "waiting": [
                    value for ts, value in self._waiting(row, cadence) if _inside(ts, bucket_ms, step)
                ],
                **self._here(row, bucket_ms, step),
            }

    def waiting(self, row: int) -> list[float]:
        """Values that are not final yet, by time. The caller holds the state lock."""
        return [value for _, value in self._waiting(row, int(self._parts.shard.clocks["cadence"][row]))]

    def last_ms(self, rows: Sequence[int]) -> dict[int, int]:
        """Of rows the start of the newest bucket with a value, by row: the sample's own time while the
        cadence is not known, 0 where there is none. The caller holds the state lock. Reads history of series
        that have been silent for longer than their state remembers."""
        shard, found, silent = self._parts.shard, dict.fromkeys(rows, 0), []
        for row in (row for row in rows if row < shard.rows):
            clock = shard.clocks[row]
            cadence, missing = int(clock["cadence"]), max(-int(clock["streak"]), 0)
            if waiting := self._waiting(row, cadence):
                newest_ms = waiting[-1][0]
                found[row] = newest_ms - newest_ms % cadence if cadence else newest_ms
            elif not cadence or missing >= STREAK_MAX or shard.common["flags"][row] & st.ENDED:
                silent.append(row)
            elif clock["final_n"]:
                found[row] = (shard.newest_final(row) - missing) * cadence
        if silent:
            seen = self._parts.history.window(np.array(silent, np.int32), 1)
            for place, row in enumerate(silent):
                for newest_ms in seen.ts_ms[seen.offsets[place] : seen.offsets[place + 1]].tolist():
                    found[row] = int(newest_ms)
        return found

    def _row(self, id: str) -> int:
        return int(self._parts.index.lookup(np.array([int(id, 16)], np.uint64))[0])

    def _labels(self, row: int) -> list[list[Any]]:
        """The newest labels that have a say about a series, as `monitor.domain.explanation.Spoken`."""
        said = self._parts.shard.labelled.about(row, self._parts.identity(row).metric)[:_LABELS_MAX]
        return [
            [
                *(vote.label.id, vote.label.user, vote.label.at_ms),
                *((vote.shape.from_ms, vote.shape.to_ms), vote.shape.side, vote.quieter, own),
            ]
            for vote, own in said
        ]

    def _seen(self, spans: Sequence[Span]) -> list[Seen]:
        return [Seen(**columns) for columns in self._parts.history.spans(spans, _SEEN)]

    def _said(self, row: int) -> dict[str, Any]:
        """What is declared of a series' metric, and what class it was found to have."""
        shard, metric = self._parts.shard, self._parts.identity(row).metric
        known = row < shard.rows and int(shard.common["tail"][row]) != 0
        return {
            "declared": dict(shard.rules.declared.of(metric)),
            "class": CLASSES[int(shard.profiles["metric_class"][row])] if known else "unknown",
        }

    def _bucket(self, row: int, cadence: int, at_ms: int) -> tuple[int | None, int]:
        """Start and length of the bucket of a time. A series that started anew may have had another grid:
        where an observation's bucket holds the time by the spacing around it, it is that one."""
        reach = _NEIGHBOURS * cadence or _GRID_MS
        around = self._parts.history.spans([(row, at_ms - reach, at_ms + reach)], ["ts_ms"])[0]["ts_ms"]
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
        here = history.read(row, bucket_ms, bucket_ms + 1)
        judged = (
            {name: getattr(here, name)[-1].item() for name in COLUMNS if name != "row"} if len(here) else None
        )
        (found,) = self._seen([(row, bucket_ms - span_ms(step), bucket_ms + 1)])
        late = history.revisions(row, bucket_ms, bucket_ms + step)
        columns = (late.ts_ms.tolist(), late.value.tolist(), late.arrival_ms.tolist())
        past = past_of(found, bucket_ms, bucket_ms, step)
        return {
            "judged": judged,
            "late": [list(one) for one in zip(*columns, strict=True)],
            "previous_ms": self._previous(row, found, bucket_ms - span_ms(step)),
            "past": _plain(past) | self._since(row, found, past, bucket_ms - span_ms(step)),
        }

    def _previous(self, row: int, found: Seen, end_ms: int) -> int | None:
        """The newest observation among ``found``, else before ``end_ms``."""
        if len(found):
            return int(found.ts_ms[-1])
        return next((int(ts_ms[-1]) for ts_ms, _ in self._backwards(row, end_ms) if len(ts_ms)), None)

    def _since(self, row: int, found: Seen, past: Past, end_ms: int) -> dict[str, Any]:
        """Since when the model of the last of ``found`` has judged without a break, farther back than
        that."""
        if past.since_known or not len(found):
            return {}
        since, rows = past.since_ms, 0
        for ts_ms, model in self._backwards(row, end_ms):
            others = np.flatnonzero(model != past.model)
            first = int(others[-1]) + 1 if len(others) else 0
            if first < len(ts_ms):
                since = int(ts_ms[first])
            rows += len(ts_ms)
            if len(others) or rows > _MODEL_BUCKETS_MAX:
                return {"since_ms": since, "since_known": bool(len(others))}
        return {"since_ms": since, "since_known": True}

    def _backwards(self, row: int, end_ms: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Times and models of observations before a time, in spans that double, back to the first; each in
        time order."""
        width = DAYS_MS
        while end_ms > 0:
            start_ms = end_ms - width
            (part,) = self._parts.history.spans([(row, start_ms, end_ms)], ["ts_ms", "model"])
            yield part["ts_ms"], part["model"]
            end_ms, width = start_ms, 2 * width


def _plain(past: Past) -> dict[str, Any]:
    return asdict(past) | {"judged_by": family_name(past.model)}


def _inside(ts_ms: int, bucket_ms: int | None, step: int) -> bool:
    return bucket_ms is None or bucket_ms <= ts_ms < bucket_ms + step
