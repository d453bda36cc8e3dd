"""A shard: the deterministic state machine that owns some of the series. ``apply(entry) -> Applied``.

Event time only: no wall clock, no randomness. The same entries in the same order give the same state and
the same results, however samples are cut into batches, and whatever the order of arrival inside the
lateness bound. About 100-200 ns a sample and 368 bytes a series with a 24-slot season (`state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank, aligned, grown
from learners.base import view
from learners.block import BYTES, WIDTH
from learners.drift import reference
from monitor.domain.batch import Mode
from monitor.domain.records import Entry, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.shard import block, fitted, heeding, judge
from monitor.shard import state as st
from monitor.shard.absorbed import emptied, told_already
from monitor.shard.arrays import doubled, free_list
from monitor.shard.assigning import assign
from monitor.shard.assignment import TRUSTED_FROM, Assignment
from monitor.shard.buckets import take, tick
from monitor.shard.declaring import declare
from monitor.shard.drain import drain_all, is_pooled
from monitor.shard.episodes import release
from monitor.shard.labelled import Labelled
from monitor.shard.pauses import Pauses
from monitor.shard.pauses import told as told_of_pause
from monitor.shard.pool import ROOM, drop
from monitor.shard.probation import Probation
from monitor.shard.results import Applied, Results
from monitor.shard.rules import Rules
from monitor.shard.starting_anew import started_anew

_NO_N: NDArray[np.float64] = np.full(1, np.nan)
_NO_PAUSES = np.zeros(0, st.PAUSE)
_NO_SPANS = np.zeros(0, st.SPAN)
_BUFFER = 65_536


class Shard:
    """State of the series in rows ``0 … rows - 1``; rows are given by the index that owns the shard."""

    def __init__(self, default_zone: str = "UTC", rows: int = 1024) -> None:
        self.bank = Bank(rows)
        self.rules = Rules(default_zone)
        self.clocks = aligned((rows,), st.CLOCK)
        self.profiles = np.zeros(rows, st.PROFILE)
        self.references = reference.empty(rows)
        self.pending = free_list(1024, st.PENDING)
        self.episodes = free_list(256, st.EPISODE)
        self.directory = np.zeros(1, st.DIRECTORY)
        self.directory["anew"] = -1
        self.directory["final_value"] = judge.entry().address
        self.directory["flush"] = block.entry().address
        for field, function in fitted.entries().items():
            self.directory[field] = function.address
        self.results = Results(self.directory)
        self.labelled = Labelled()
        self.pauses = Pauses()
        self.probation = Probation()
        self.team_of: Callable[[Identity], str | None] = lambda identity: None
        self.opinions = np.zeros(0, st.OPINION)
        self.kin = np.zeros(0, st.OPINION)
        self.attentive: set[int] = set()
        self.unheard = False
        self._drained = 0
        self.renewed: list[int] = []
        self.rows = 0
        self._dirty = np.zeros(_BUFFER, np.int32)
        self._jobs = np.zeros(WIDTH, st.JOB)
        self._block = aligned((BYTES,), np.dtype(np.uint8))
        self.locate()

    # ------------------------------------------------------------------ entries

    def apply(self, entry: Entry) -> Applied:
        """Apply the entry of one log record. Never raises on what the intake has accepted."""
        self.renewed = []
        if isinstance(entry, Samples):
            self._samples(entry)
        elif isinstance(entry, Tick):
            self._tick(entry)
        elif entry.kind == Kind.ASSIGN:
            assign(self, [Assignment.from_body(body) for body in entry.body["items"]])
        elif entry.kind == Kind.METRIC:
            declare(self, entry.body["name"], entry.body["declaration"])
        elif entry.kind == Kind.FORGET:
            self._forget(entry.body["rows"])
        elif entry.kind == Kind.LABEL:
            heeding.told(self, entry.body)
        elif entry.kind in (Kind.MUTE, Kind.CALENDAR):
            told_of_pause(self.pauses, entry.body, entry.body.get("rows", ()))
            self.locate()
        self._drain()
        if self.unheard:
            heeding.heed(self)
        return self._flush()

    def _samples(self, entry: Samples) -> None:
        for row, canonical in entry.new_series:
            self.admit(row, Identity.from_canonical(canonical))
        n = entry.n if entry.n is not None else _NO_N
        if len(entry) == len(n) == 1 and entry.n is None:
            n = np.full(2, np.nan)
        self.take(entry.row, entry.ts_ms, entry.value, n, entry.mode == Mode.BACKFILL)

    def take(
        self,
        row: NDArray[np.int32],
        ts_ms: NDArray[np.int64],
        value: NDArray[np.float64],
        n: NDArray[np.float64],
        backfill: bool,
    ) -> None:
        """Take samples. ``n`` has one element or as many as there are samples; NaN is "none"."""
        at = 0
        while True:
            at = take(self.directory, row, ts_ms, value, n, backfill, at)
            if at == len(ts_ms):
                return
            if not started_anew(self):
                self._make_room()

    def _tick(self, entry: Tick) -> None:
        self._advance(entry, 0, self.rows)
        self._drain()
        while entry.complete and self.renewed:  # what waits for a cadence after an end within the file
            rows, self.renewed = self.renewed, []
            for row in rows:
                self._advance(entry, row, row + 1)
            self._drain()

    def _advance(self, entry: Tick, first: int, end: int) -> None:
        at = first
        while True:
            at = tick(self.directory, entry.ts_ms, entry.complete, entry.complete, end, at)
            if at == end:
                return
            self._make_room()

    def _flush(self) -> Applied:
        applied = self.results.take()
        for shift in told_already(applied.changes) if len(applied.changes) else ():
            zone = int(self.rules.table["zone"][self.clocks["rule"][shift["row"]]])
            (civil_ms,) = self.rules.zones.civil(zone, shift["end_ms"].reshape(1))
            self.references[shift["row"]] = emptied(int(civil_ms))
        return applied

    # ------------------------------------------------------------------ rows

    def admit(self, row: int, identity: Identity) -> None:
        """A series begins in ``row``, unless it is there already."""
        if row < self.rows and self.common["flags"][row] & st.LIVE:
            return
        if row >= len(self.clocks):
            self._grow_rows(row + 1)
        self.rows = max(self.rows, row + 1)
        self.clear(row)
        self.common["flags"][row] = st.LIVE
        known = len(self.rules)
        self.clocks["rule"][row] = self.rules.number(identity)
        self.unheard |= len(self.labelled) > 0 and len(self.rules) > known
        if len(self.pauses):
            self.pauses.admit(row, identity, self.team_of(identity))
        self.locate()

    def _forget(self, rows: Iterable[int]) -> None:
        for row in rows:
            if row < self.rows:
                self.clear(row)
        self.labelled.forget(rows)
        self.unheard |= len(self.labelled) > 0

    def clear(self, row: int) -> None:
        """Leave nothing of the series that was in ``row``."""
        at = int(self.clocks["pool"][row]) if self.common["flags"][row] & st.LIVE else -1
        while at >= 0:
            following = int(self.pending["next"][at])
            drop(self.directory[0], at)
            at = following
        while self.common["flags"][row] & st.LIVE and self.common["episode"][row] >= 0:
            release(self.directory[0], int(self.common["episode"][row]))
        self.bank.clear(row)
        self.probation.forget(row)
        self.clocks[row] = np.zeros((), st.CLOCK)
        self.profiles[row] = np.zeros((), st.PROFILE)
        self.references[row] = np.zeros((), reference.dtype)
        clock = self.clocks[row]
        clock["pool"] = -1
        clock["n_mean"] = np.nan
        self.common["episode"][row] = st.NOTHING
        self.unheard |= row in self.attentive

    def hear(self, opinions: NDArray[np.void], kin: NDArray[np.void]) -> None:
        """What labels say of series, and of their siblings, from here on (`monitor.shard.labelled`)."""
        self.opinions, self.kin = opinions, kin
        self.locate()

    def newest_final(self, row: int) -> int:
        """Index of the newest final bucket of a series with a cadence."""
        clock = self.clocks[row]
        return int(clock["v1"]) if is_pooled(self.directory[0], row) else int(clock["bucket"]) - 2

    def final_ms(self, row: int) -> int:
        """The event time at which the newest final bucket of a series with a cadence became so."""
        return (self.newest_final(row) + 2) * int(self.clocks["cadence"][row])

    def reference_of(self, row: int) -> bytes | None:
        """What a pass compares the level of a held series with; None while it is not trusted yet."""
        young = int(self.clocks["final_n"][row]) < TRUSTED_FROM
        return None if young else self.references[row].tobytes()

    def has_live(self) -> bool:
        """Is any series fed live? The wall clock says nothing of the others."""
        flags = self.common["flags"][: self.rows]
        return bool(np.any((flags & (st.LIVE | st.BACKFILLED)) == st.LIVE))

    # ------------------------------------------------------------------ room

    def _drain(self) -> None:
        at = 0
        while self.directory["n_dirty"][0]:
            at = drain_all(self.directory, at)
            if self.directory["n_dirty"][0]:
                drained = self._drained
                if not started_anew(self):
                    self.results.collect()
                    self.make_room_to_wait()
                if self._drained != drained:  # within, the whole list was drained
                    at = 0
        self._drained += 1

    def _make_room(self) -> None:
        self.results.collect()
        self.make_room_to_wait()
        self._drain()
        self.results.collect()
        self.make_room_to_wait()

    def make_room_to_mark(self) -> None:
        """Room to mark some rows for draining."""
        if self.directory["n_dirty"][0] + 8 > len(self._dirty):
            self._drain()

    def make_room_to_wait(self) -> None:
        """Room for the samples and the episodes of one series."""
        if self.directory["n_pending"][0] + 64 > len(self.pending):
            self.pending = doubled(self.pending, self.directory, "free_pending")
        if self.directory["n_episodes"][0] + 2 * ROOM > len(self.episodes):
            self.episodes = doubled(self.episodes, self.directory, "free_episode")
        self.locate()

    def _grow_rows(self, rows: int) -> None:
        size = max(rows, 2 * len(self.clocks))
        self.bank.ensure(size)
        self.clocks = grown(self.clocks, size)
        self.profiles = grown(self.profiles, size)
        self.references = grown(self.references, size)
        self.locate()

    def locate(self) -> None:
        """Write down where every array lies now."""
        zones = self.rules.zones
        self.pauses.reach(len(self.clocks))
        pauses, spans = self.pauses.tables() if len(self.pauses) else (_NO_PAUSES, _NO_SPANS)
        arrays: dict[str, NDArray[Any]] = {
            "models": self.bank.models,
            "season": self.bank.season,
            "common": self.bank.common,
            "clocks": self.clocks,
            "profiles": self.profiles,
            "pending": self.pending,
            "episodes": self.episodes,
            "rules": self.rules.table,
            "zones": zones.table,
            "zone_changes": zones.changes,
            **self.results.arrays(),
            "dirty": self._dirty,
            "jobs": self._jobs,
            "block": self._block,
            "opinions": self.opinions,
            "kin": self.kin,
            "paused": self.pauses.rows,
            "pauses": pauses,
            "spans": spans,
        }
        for name, array in arrays.items():
            self.directory[name] = array.ctypes.data
            if f"max_{name}" in (self.directory.dtype.names or ()):
                self.directory[f"max_{name}"] = len(array)
        self.directory["n_opinions"], self.directory["n_kin"] = len(self.opinions), len(self.kin)
        self.directory["n_pauses"] = len(self.pauses)
        self.common = view(self.bank.common, st.COMMON)
        self._located = tuple(arrays.values())
