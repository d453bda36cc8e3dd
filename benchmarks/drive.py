"""A shard and its learning passes over blocks of samples, as an engine drives them, without log and disk.

Windows of the learning pass come from arrays in place of history, the rest is what runs in production: the
shard, the learner, the decisions as assignment records. Holds 30 bytes a sample of its own series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.classify import CLASSES
from learners.processes import Block
from monitor.domain.anomaly import FLAGGED
from monitor.domain.batch import Mode
from monitor.domain.observation import Observations
from monitor.domain.records import Entry, Samples, Tick
from monitor.domain.series import Identity
from monitor.domain.switch import Switch
from monitor.engine.learner import Learner
from monitor.engine.parts import Parts
from monitor.history.window import Windows
from monitor.meta.freeze import Freeze
from monitor.shard import state as st
from monitor.shard.apply import apply
from monitor.shard.shard import Shard

START_MS = 1_767_571_200_000  # 2026-01-05, a Monday
CAUSES = ("residual", "low-pass", "flat line", "no data")
_NOTHING = 255


@dataclass(frozen=True, slots=True)
class Opened:
    """An anomaly as it opened: ``onset`` and ``known`` (when it was told) in buckets from the start, the
    statistic that opened it, and what the learning pass took the series for."""

    row: int
    onset: int
    known: int
    cause: str
    kind: str
    model: str
    metric_class: str
    periods: tuple[int, ...]


@dataclass(slots=True)
class _Arrays:
    """Final observations of all rows; `window` and `spans` are what the learner asks of history."""

    value: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    n: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]
    model: NDArray[np.uint8]
    cadence_ms: NDArray[np.int64]

    def spans(self, asked: Sequence[tuple[int, int, int]], names: Sequence[str]) -> list[dict[str, Any]]:
        found = []
        for row, from_ms, to_ms in asked:
            ts_ms = START_MS + np.arange(self.verdict.shape[1]) * self.cadence_ms[row]
            at = np.flatnonzero((self.verdict[row] != _NOTHING) & (ts_ms >= from_ms) & (ts_ms < to_ms))
            found.append(
                {name: ts_ms[at] if name == "ts_ms" else getattr(self, name)[row, at] for name in names}
            )
        return found

    def window(self, rows: NDArray[np.int32], count: int) -> Windows:
        places = [np.flatnonzero(self.verdict[row] != _NOTHING)[-count:] for row in rows]
        offsets = np.cumsum([0, *(len(p) for p in places)])
        which = np.repeat(rows, [len(p) for p in places])
        at = np.concatenate(places)
        ts_ms = START_MS + at * self.cadence_ms[which]
        return Windows(offsets, ts_ms, self.value[which, at], self.n[which, at], self.verdict[which, at])


class _Newest(dict[int, Switch]):
    """By row the newest change of models: what the learner asks of the journal."""

    def entries(self, row: int) -> list[dict[str, Any]]:
        one = self.get(row)
        return [] if one is None else [{"cause": one.cause.value, "at_ms": one.at_ms, "undoable": True}]

    def former(self, row: int) -> Mapping[str, Any] | None:
        return self[row].former


@dataclass(slots=True)
class _Parts:
    """What the learner needs of an engine's parts."""

    shard: Shard
    history: _Arrays
    names: list[Identity]
    freeze: Freeze = field(default_factory=Freeze)
    journal: _Newest = field(default_factory=_Newest)

    def identity(self, row: int) -> Identity:
        return self.names[row]


@dataclass(slots=True)
class Driven:
    """``opened``: every anomaly; ``switches``: every change of models; ``flagged`` bool (rows, buckets):
    verdicts of final buckets."""

    opened: list[Opened] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    flagged: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))


class Drive:
    """``rows`` series of ``buckets`` at most, all of one cadence; `send` block after block, then `end`."""

    def __init__(self, rows: int, buckets: int, cadence_ms: int) -> None:
        self._shard = Shard(rows=rows)
        n, lower, upper = (np.full((rows, buckets), np.nan, np.float32) for _ in range(3))
        self._arrays = _Arrays(
            np.full((rows, buckets), np.nan),
            np.full((rows, buckets), _NOTHING, np.uint8),
            n,
            lower,
            upper,
            np.zeros((rows, buckets), np.uint8),
            np.full(rows, cadence_ms, np.int64),
        )
        names = [Identity.of("benchmark", {"row": str(row)}) for row in range(rows)]
        self._new = tuple((row, name.canonical()) for row, name in enumerate(names))
        self._parts = _Parts(self._shard, self._arrays, names)
        self._learner = Learner(cast(Parts, self._parts), Lock())
        self._cadence_ms = cadence_ms
        self._last_ms = START_MS
        self._driven = Driven()

    def send(self, first: int, value: NDArray[np.float64], n: NDArray[np.float64] | None = None) -> None:
        """Buckets from ``first`` on of all rows, (rows, buckets), NaN where nothing is sent."""
        bucket, row = np.nonzero(~np.isnan(value.T))
        ts_ms = START_MS + (first + bucket.astype(np.int64)) * self._cadence_ms
        self._last_ms = START_MS + (first + value.shape[1] - 1) * self._cadence_ms
        new, self._new = self._new, ()
        counts = np.ascontiguousarray(n[row, bucket]) if n is not None else None
        rows, values = row.astype(np.int32), np.ascontiguousarray(value[row, bucket])
        clock = self._last_ms
        self._apply(Samples(rows, ts_ms, values, counts, Mode.BACKFILL, clock, clock, new))
        if len(values) < value.size:
            self._apply(Tick(clock))

    def end(self) -> Driven:
        """What was found, all buckets final."""
        self._apply(Tick(self._last_ms, complete=True))
        self._driven.flagged = np.isin(self._arrays.verdict, FLAGGED)
        return self._driven

    @property
    def values(self) -> NDArray[np.float64]:
        """Values of final buckets, (rows, buckets)."""
        return self._arrays.value

    def _apply(self, entry: Entry) -> None:
        waiting = [entry]
        while waiting:
            applied = apply(self._shard, waiting.pop())
            seen = applied.observations
            self._keep(seen)
            self._note(applied.changes, seen)
            self._parts.journal.update({one.row: one for one in applied.switches if one.former})
            self._driven.switches += [replace(one, former=None) for one in applied.switches]
            self._learner.add(applied.due)
            if self._learner.ready():
                for control in self._learner.run(1e9):
                    self._learner.assigned(control)
                    waiting.append(control)

    def _keep(self, seen: Observations) -> None:
        at = self._bucket(seen.ts_ms)
        self._arrays.value[seen.row, at] = seen.value
        self._arrays.verdict[seen.row, at] = seen.verdict
        for name in ("n", "lower", "upper", "model"):
            getattr(self._arrays, name)[seen.row, at] = getattr(seen, name)

    def _bucket(self, ts_ms: Any) -> Any:
        return (ts_ms - START_MS) // self._cadence_ms

    def _note(self, changes: NDArray[np.void], seen: Observations) -> None:
        opened = changes[changes["change"] == st.OPENED]
        if not len(opened):
            return
        shard = self._shard
        for change in opened:
            row, onset = int(change["row"]), int(change["onset_ms"])
            here = np.flatnonzero((seen.row == row) & (seen.ts_ms == onset))
            profile = shard.profiles[row]
            self._driven.opened.append(
                Opened(
                    row=row,
                    onset=int(self._bucket(onset)),
                    known=int(self._bucket(change["at_ms"])),
                    cause=_cause(int(change["kind"]), seen, here),
                    kind=str(int(change["kind"])),
                    model=Family(int(seen.model[here[0]])).name.lower() if len(here) else "",
                    metric_class=CLASSES[int(profile["metric_class"])],
                    periods=tuple(int(p) for p in (profile["period0"], profile["period1"]) if p),
                )
            )


def _cause(kind: int, seen: Observations, here: NDArray[np.intp]) -> str:
    """The statistic that opened an anomaly: a value in its band was no residual's fault."""
    if kind == st.NO_DATA:
        return "no data"
    if kind == st.FLAT_LINE:
        return "flat line"
    if not len(here):
        return "residual"
    at = here[0]
    inside = seen.lower[at] <= seen.value[at] <= seen.upper[at]
    return "low-pass" if inside else "residual"


def whole(block: Block, cadence_ms: int, chunk: int = 48) -> Driven:
    """All of ``block`` through a shard of its own, ``chunk`` buckets a record."""
    rows, buckets = block.value.shape
    drive = Drive(rows, buckets, cadence_ms)
    for at in range(0, buckets, chunk):
        part = slice(at, at + chunk)
        drive.send(at, block.value[:, part], block.n[:, part] if block.n is not None else None)
    return drive.end()
