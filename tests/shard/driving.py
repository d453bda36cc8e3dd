"""A shard driven as the engine drives it, with all that came out of it kept."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from monitor.domain.observation import COLUMNS, Observations
from monitor.domain.records import Control, Entry, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.learning.learning import Current, Waiting, decide, named, window_buckets
from monitor.shard import state as st
from monitor.shard.apply import apply
from monitor.shard.assignment import Assignment
from monitor.shard.digest import digest
from monitor.shard.results import Applied
from monitor.shard.shard import Shard
from monitor.shard.snapshot import restore, snapshot

START = 1_767_225_600_000  # 2026-01-01, a Thursday

KINDS = ("spike", "dip", "level shift", "flat line", "no data", "ended", "absorbed drift")
CHANGES = ("opened", "updated", "closed")


@dataclass(frozen=True)
class Told:
    """An anomaly change in words."""

    row: int
    change: str
    kind: str
    direction: int
    at_ms: int
    onset_ms: int
    last_ms: int
    end_ms: int | None
    buckets: int
    level: float


class Run:
    """``assigns`` False leaves held series waiting until `assign` is called."""

    def __init__(self, identities: Sequence[Identity] = (), assigns: bool = True, zone: str = "UTC") -> None:
        self.shard = Shard(zone, rows=4)
        self.identities = list(identities) or [Identity.of("orders")]
        self.assigns = assigns
        self.new = tuple((row, name.canonical()) for row, name in enumerate(self.identities))
        self.due: list[int] = []
        self.applied: list[Applied] = []

    def apply(self, entry: Entry) -> None:
        applied = apply(self.shard, entry)
        self.applied.append(applied)
        self.due += applied.due.tolist()
        if self.assigns:
            self.assign()

    def send(
        self,
        ts_ms: ArrayLike,
        value: ArrayLike,
        row: ArrayLike = 0,
        n: ArrayLike | None = None,
        mode: Mode = Mode.LIVE,
    ) -> None:
        at = np.array(ts_ms, np.int64).reshape(-1)
        rows = np.array(np.broadcast_to(np.asarray(row, np.int32), at.shape))
        values = np.array(value, np.float64).reshape(-1)
        counts = np.array(n, np.float64).reshape(-1) if n is not None else None
        clock = int(at.max(initial=0))
        new, self.new = self.new, ()
        self.apply(Samples(rows, at, values, counts, mode, clock, clock, new))

    def tick(self, ts_ms: int, complete: bool = False) -> None:
        self.apply(Tick(ts_ms, complete))

    def declare(self, metric: str, **declaration: Any) -> None:
        self.apply(Control(Kind.METRIC, {"name": metric, "declaration": declaration}))

    def assign(self) -> None:
        """The learning pass for every series that waits, until none does."""
        while self.due:
            rows, self.due = sorted(set(self.due)), []
            applied = apply(self.shard, self.assignment(rows))
            self.applied.append(applied)
            self.due += applied.due.tolist()

    def assignment(self, rows: Sequence[int]) -> Control:
        """The record that a learning pass over these rows puts into the log."""
        waiting = [self.waiting(row) for row in rows]
        items = [
            Assignment(
                one.row,
                one.final_n,
                decision.choice,
                decision.models,
                decision.reference,
                decision.absorbed,
            ).to_body()
            for one, decision in zip(waiting, decide(waiting), strict=True)
        ]
        return Control(Kind.ASSIGN, {"items": items})

    def waiting(self, row: int) -> Waiting:
        seen = self.observations(row)
        common, clock, profile = self.shard.common[row], self.shard.clocks[row], self.shard.profiles[row]
        zone = int(self.shard.rules.table["zone"][clock["rule"]])
        cadence = int(clock["cadence"])
        part = slice(len(seen) - min(window_buckets(cadence), int(clock["final_n"])), None)
        return Waiting(
            row=row,
            final_n=int(clock["final_n"]),
            cadence_ms=cadence,
            kind=self.shard.rules.declared.of(self.identities[row].metric).get("kind"),
            t=self.shard.rules.zones.civil(zone, seen.ts_ms[part]) // cadence,
            y=seen.value[part],
            n=seen.n[part].astype(np.float64),
            current=Current(
                champion=int(common["champion"]),
                challenger=int(common["challenger"]),
                periods=tuple(int(p) for p in (profile["period0"], profile["period1"]) if p),
                assigned=bool(common["tail"]),
                advantage=float(common["advantage"]),
                in_anomaly=bool(common["episode"] >= 0),
                pinned=bool(common["flags"] & st.PINNED),
                lately=self.shard.probation.lately(row, int(clock["final_n"])),
            ),
            bucket=seen.ts_ms[part] // cadence,
            reference=self.shard.reference_of(row),
            threshold=self.shard.rules.threshold_of(int(clock["rule"])),
            named=named(self.shard.rules.declared.of(self.identities[row].metric).get("models")),
        )

    def resume(self) -> None:
        """Go on with what a snapshot holds, and with nothing else."""
        arrays, meta = snapshot(self.shard)
        saved = {name: array.copy() for name, array in arrays.items()}
        self.shard = restore(saved, json.loads(json.dumps(meta)))
        for array in saved.values():  # the restored shard must not live on them
            array.reshape(-1).view(np.uint8)[:] = 0xFF

    def copied(self) -> Run:
        other = copy.copy(self)
        other.applied, other.due = list(self.applied), list(self.due)
        arrays, meta = snapshot(self.shard)
        other.shard = restore({k: a.copy() for k, a in arrays.items()}, copy.deepcopy(meta))
        return other

    # ------------------------------------------------------------------ what came out

    def observations(self, row: int = 0) -> Observations:
        seen = Observations.concat([one.observations for one in self.applied])
        return seen.take(seen.row == row)

    def told(self, row: int = 0, *changes: str) -> list[Told]:
        found = [c for one in self.applied for c in one.changes if int(c["row"]) == row]
        words = [_told(change) for change in found]
        return [one for one in words if not changes or one.change in changes]

    def revisions(self) -> NDArray[np.void]:
        return np.concatenate([one.revisions for one in self.applied])

    def verdicts(self, row: int = 0) -> list[int]:
        return [int(v) for v in self.observations(row).verdict]

    def digest(self) -> str:
        prints = [identity.fingerprint() for identity in self.identities]
        return digest(self.shard, range(len(prints)), prints)

    def outcome(self) -> dict[int, tuple[bytes, ...]]:
        """All observations and changes by series, to the bit, however they were cut into batches."""
        changes = np.concatenate([one.changes for one in self.applied])
        out = {}
        for row in range(len(self.identities)):
            seen = self.observations(row)
            columns = [np.ascontiguousarray(getattr(seen, name)).tobytes() for name in COLUMNS]
            story = changes[changes["row"] == row]
            columns += [np.ascontiguousarray(story[name]).tobytes() for name in story.dtype.names or ()]
            out[row] = tuple(columns)
        return out

    def finite(self) -> bool:
        """No NaN and no infinity where the state holds numbers."""
        rows = self.shard.rows
        common, clocks = self.shard.common[:rows], self.shard.clocks[:rows]
        numbers = [common[name] for name in ("offset", "unit", "lowpass", "lowpass_scale", "advantage")]
        numbers += [clocks["v0"], clocks["v1"], self.shard.bank.season]
        return all(bool(np.isfinite(part).all()) for part in numbers)


def _told(change: np.void) -> Told:
    end = int(change["end_ms"])
    return Told(
        row=int(change["row"]),
        change=CHANGES[int(change["change"])],
        kind=KINDS[int(change["kind"])],
        direction=int(change["direction"]),
        at_ms=int(change["at_ms"]),
        onset_ms=int(change["onset_ms"]),
        last_ms=int(change["last_ms"]),
        end_ms=end if end >= 0 else None,
        buckets=int(change["buckets"]),
        level=float(change["level"]),
    )


def play(values: ArrayLike, cadence: int = MINUTE_MS, start: int = START, run: Run | None = None) -> Run:
    """One value a bucket, NaN where there is none, in one batch."""
    run = run or Run()
    y = np.asarray(values, np.float64)
    there = ~np.isnan(y)
    run.send((start + cadence * np.arange(len(y)))[there], y[there])
    return run


def noise(count: int, seed: int = 1, level: float = 100.0, width: float = 1.0) -> NDArray[np.float64]:
    return level + width * np.random.default_rng(seed).standard_normal(count)


__all__ = ["CHANGES", "KINDS", "START", "Run", "Told", "noise", "play", "st"]
