"""Label replay: what a label would change, tried on the last days before it is said.

The series that it speaks of, and some of their siblings, are scored twice by a shard of their own, which
learns from what history holds before those days and knows the labels in force: once as things are, and once
with the label. What is told the first time and not the second would vanish; the other way round it would
appear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np

from monitor.domain.anomaly import Anomaly
from monitor.domain.batch import SampleBatch
from monitor.domain.durations import DAY_MS
from monitor.domain.labels import Label, Said, judged
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.intake.limits import Limits
from monitor.shadow import Shadow
from monitor.shards import POINTS_MAX, Row

DAYS = 14
DAYS_MAX = 90
SIBLINGS_MAX = 10


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What happens in [from, to) of event time if the label is said: anomalies that would vanish, those
    among them that somebody confirmed, and those that would appear. ``series``: how many were looked at."""

    label: Label
    from_ms: int
    to_ms: int
    series: int
    vanish: tuple[Anomaly, ...]
    appear: tuple[Anomaly, ...]
    confirmed: tuple[Anomaly, ...]


@dataclass(frozen=True, slots=True)
class Rehearsing:
    """``series(id)``: its row; ``siblings(metric)``: rows of its series, at most some; ``observations(id,
    most)``: its newest final buckets as columns; ``labels(metrics)``: those in force; ``declared(metric)``:
    what is declared of it. One at a time: another one waits."""

    series: Callable[[str], Row]
    siblings: Callable[[str, int, str | None], Sequence[Row]]
    observations: Callable[[str, int], Mapping[str, Any]]
    labels: Callable[[Sequence[str]], Sequence[Label]]
    declared: Callable[[str], Mapping[str, Any]]
    zone: str
    limits: Limits
    _one: Lock = field(default_factory=Lock)

    def of(self, label: Label, days: int = DAYS, team: str | None = None) -> Rehearsal:
        """Some 6 µs a bucket, and a second for the learning passes of ten series."""
        with self._one:
            rows = self._rows(label, team)
            past = {str(row["id"]): self.observations(str(row["id"]), POINTS_MAX) for row in rows}
            rows = [row for row in rows if len(past[str(row["id"])]["ts_ms"])]
            newest = [int(past[str(row["id"])]["ts_ms"][-1]) + int(row["cadence_ms"]) for row in rows]
            to_ms = max(newest, default=0)
            from_ms = to_ms - days * DAY_MS
            known = [one for one in self.labels(_metrics(rows)) if one.id != label.id]
            before = self._play(rows, past, from_ms, known)
            after = self._play(rows, past, from_ms, [*known, label])
        vanish = [one for one in before if not _among(one, after)]
        appear = [one for one in after if not _among(one, before)]
        confirmed = [one for one in vanish if _confirmed(one, known)]
        return Rehearsal(label, from_ms, to_ms, len(rows), tuple(vanish), tuple(appear), tuple(confirmed))

    def _rows(self, label: Label, team: str | None) -> list[Row]:
        """Those that it speaks of, and siblings of the same team."""
        rows = {id: self.series(id) for id in dict.fromkeys(shape.series for shape in label.shapes)}
        room = SIBLINGS_MAX
        for metric in dict.fromkeys(shape.metric for shape in label.shapes):
            for row in self.siblings(metric, room + len(rows), team):
                if room and row["id"] not in rows:
                    rows[str(row["id"])] = row
                    room -= 1
        return list(rows.values())

    def _play(
        self,
        rows: Sequence[Row],
        past: Mapping[str, Mapping[str, Any]],
        from_ms: int,
        labels: Sequence[Label],
    ) -> list[Anomaly]:
        """The anomalies that begin from ``from_ms`` on."""
        if not rows:
            return []
        end_ms = max(int(past[str(row["id"])]["ts_ms"][-1]) for row in rows)
        with Shadow(self.zone, self.limits) as shadow:
            for metric in _metrics(rows):
                cadence = next(int(row["cadence_ms"]) for row in rows if row["metric"] == metric)
                body = {"name": metric, "declaration": _as_seen(self.declared(metric), cadence)}
                shadow.tell(Control(Kind.METRIC, body))
            for later in (False, True):
                batch = _batch(rows, past, from_ms, later)
                if len(batch.ts_ms):
                    shadow.feed(batch, end_ms)
                if not later:
                    for one in labels:
                        shadow.tell(Control(Kind.LABEL, one.to_body()))
            shadow.tell(Tick(end_ms, complete=True))
            shadow.settle()
            found = [one for one in shadow.anomalies.values() if one.begin_ms >= from_ms]
        return sorted(found, key=lambda one: (one.begin_ms, one.id))


def _metrics(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["metric"]) for row in rows))


def _as_seen(declared: Mapping[str, Any], cadence_ms: int) -> dict[str, Any]:
    """What is declared, for buckets instead of samples: history has them put together already.

    >>> _as_seen({"kind": "cumulative", "aggregation": "sum", "polarity": "up"}, 60_000)
    {'polarity': 'up', 'cadence_ms': 60000, 'aggregation': 'last'}
    """
    kept = {name: value for name, value in declared.items() if name not in ("aggregation", "lateness_ms")}
    if kept.get("kind") in ("delta", "cumulative", "maturing"):
        del kept["kind"]
    return kept | {"cadence_ms": cadence_ms, "aggregation": "last"}


def _batch(
    rows: Sequence[Row], past: Mapping[str, Mapping[str, Any]], from_ms: int, later: bool
) -> SampleBatch:
    prints, times, values, counts = [], [], [], []
    identities = {}
    for row in rows:
        columns, identity = past[str(row["id"])], Identity.of(str(row["metric"]), row["tags"])
        there = (columns["ts_ms"] >= from_ms) == later
        times.append(np.asarray(columns["ts_ms"][there], np.int64))
        values.append(np.asarray(columns["value"][there], np.float64))
        counts.append(np.asarray(columns["n"][there], np.float64))
        prints.append(np.full(len(times[-1]), identity.fingerprint(), np.uint64))
        identities[identity.fingerprint()] = identity.canonical()
    n = np.concatenate(counts)
    return SampleBatch(
        fingerprint=np.concatenate(prints),
        ts_ms=np.concatenate(times),
        value=np.concatenate(values),
        n=n if np.isfinite(n).any() else None,
        identities=identities,
    )


def _among(one: Anomaly, others: Sequence[Anomaly]) -> bool:
    """Is there one of the same series at the same time?"""
    return any(
        other.series == one.series and other.onset_ms <= one.last_ms and one.onset_ms <= other.last_ms
        for other in others
    )


def _confirmed(one: Anomaly, labels: Sequence[Label]) -> bool:
    id = f"{one.series.fingerprint():016x}"
    return any(
        told.rules
        and told.label.said is Said.TRUE
        and shape.series == id
        and shape.from_ms <= one.last_ms
        and one.onset_ms < shape.to_ms
        for told in judged(labels)
        for shape in told.label.shapes
    )
