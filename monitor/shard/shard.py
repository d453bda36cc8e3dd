"""A shard: the deterministic state machine that owns some of the series. ``apply(entry) -> Applied``.

Event time only: no wall clock, no randomness. The same entries in the same order give the same state and
the same results, however samples are cut into batches, and whatever the order of arrival inside the
lateness bound. About 100-200 ns a sample and 368 bytes a series with a 24-slot season (`state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank, aligned, grown
from learners.base import view
from learners.block import BYTES, WIDTH
from learners.drift import reference
from learners.threshold.declared import tail_of
from monitor.domain.batch import Mode
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Entry, Kind, Samples, Tick
from monitor.domain.series import Identity
from monitor.domain.switch import Switch
from monitor.shard import block, fitted, heeding, judge
from monitor.shard import state as st
from monitor.shard.absorbed import change_of, emptied, told_already
from monitor.shard.arrays import columns_of, doubled, free_list, widened
from monitor.shard.assignment import TRUSTED_FROM, Assignment, place
from monitor.shard.buckets import into_pool, take, tick
from monitor.shard.drain import drain_all, is_pooled
from monitor.shard.former import Was, restore, switched, was
from monitor.shard.labelled import Labelled
from monitor.shard.pauses import Pauses
from monitor.shard.pauses import told as told_of_pause
from monitor.shard.pool import ROOM, drop, mark
from monitor.shard.probation import Probation
from monitor.shard.rules import Rules, regridded
from monitor.shard.tracker import close_all, release

_NO_N: NDArray[np.float64] = np.full(1, np.nan)
_NO_PAUSES = np.zeros(0, st.PAUSE)
_NO_SPANS = np.zeros(0, st.SPAN)
_BUFFER = 65_536
_KEPT = ("n_pending", "n_episodes", "free_pending", "free_episode")


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """What one entry brought about. ``changes``: anomaly changes (`state.CHANGE`) by event time and row;
    ``due``: rows that wait for an assignment; ``revisions``: late samples (`state.REVISION`); ``switches``:
    series that live by something else from now on."""

    observations: Observations
    changes: NDArray[np.void]
    due: NDArray[np.int32]
    revisions: NDArray[np.void]
    duplicates: int
    conflicts: int
    switches: tuple[Switch, ...] = ()


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
        self.labelled = Labelled()
        self.pauses = Pauses()
        self.probation = Probation()
        self.team_of: Callable[[Identity], str | None] = lambda identity: None
        self.opinions = np.zeros(0, st.OPINION)
        self.kin = np.zeros(0, st.OPINION)
        self.attentive: set[int] = set()
        self.unheard = False
        self._drained = 0
        self._renewed: list[int] = []
        self._switches: list[Switch] = []
        self.rows = 0
        self._outcomes = np.zeros(_BUFFER, st.OUTCOME)
        self._changes = np.zeros(16_384, st.CHANGE)
        self._due = np.zeros(_BUFFER, np.int32)
        self._dirty = np.zeros(_BUFFER, np.int32)
        self._revisions = np.zeros(_BUFFER, st.REVISION)
        self._jobs = np.zeros(WIDTH, st.JOB)
        self._block = aligned((BYTES,), np.dtype(np.uint8))
        self._parts: _Parts = _Parts()
        self._locate()

    # ------------------------------------------------------------------ entries

    def apply(self, entry: Entry) -> Applied:
        """Apply the entry of one log record. Never raises on what the intake has accepted."""
        self._renewed = []
        if isinstance(entry, Samples):
            self._samples(entry)
        elif isinstance(entry, Tick):
            self._tick(entry)
        elif entry.kind == Kind.ASSIGN:
            self._assign([Assignment.from_body(body) for body in entry.body["items"]])
        elif entry.kind == Kind.METRIC:
            self._declare(entry)
        elif entry.kind == Kind.FORGET:
            self._forget(entry.body["rows"])
        elif entry.kind == Kind.LABEL:
            heeding.told(self, entry.body)
        elif entry.kind in (Kind.MUTE, Kind.CALENDAR):
            told_of_pause(self.pauses, entry.body, entry.body.get("rows", ()))
            self._locate()
        self._drain()
        if self.unheard:
            heeding.heed(self)
        return self._flush()

    def _samples(self, entry: Samples) -> None:
        for row, canonical in entry.new_series:
            self._admit(row, Identity.from_canonical(canonical))
        n = entry.n if entry.n is not None else _NO_N
        if len(entry) == len(n) == 1 and entry.n is None:
            n = np.full(2, np.nan)
        self._take(entry.row, entry.ts_ms, entry.value, n, entry.mode == Mode.BACKFILL)

    def _take(
        self,
        row: NDArray[np.int32],
        ts_ms: NDArray[np.int64],
        value: NDArray[np.float64],
        n: NDArray[np.float64],
        backfill: bool,
    ) -> None:
        at = 0
        while True:
            at = take(self.directory, row, ts_ms, value, n, backfill, at)
            if at == len(ts_ms):
                return
            if not self._started_anew():
                self._make_room()

    def _tick(self, entry: Tick) -> None:
        self._advance(entry, 0, self.rows)
        self._drain()
        while entry.complete and self._renewed:  # what waits for a cadence after an end within the file
            rows, self._renewed = self._renewed, []
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

    def _admit(self, row: int, identity: Identity) -> None:
        if row < self.rows and self.common["flags"][row] & st.LIVE:
            return
        if row >= len(self.clocks):
            self._grow_rows(row + 1)
        self.rows = max(self.rows, row + 1)
        self._clear(row)
        self.common["flags"][row] = st.LIVE
        known = len(self.rules)
        self.clocks["rule"][row] = self.rules.number(identity)
        self.unheard |= len(self.labelled) > 0 and len(self.rules) > known
        if len(self.pauses):
            self.pauses.admit(row, identity, self.team_of(identity))
        self._locate()

    def _declare(self, entry: Control) -> None:
        metric = entry.body["name"]
        concerned = np.isin(self.clocks["rule"][: self.rows], self.rules.numbers_of(metric))
        rows = np.flatnonzero(concerned).tolist()
        before = [is_pooled(self.directory[0], row) for row in rows]
        table = self.rules.table.copy()
        self.rules.declare(metric, entry.body["declaration"])
        self._locate()
        for row, pooled in zip(rows, before, strict=True):
            self._ensure_room_to_mark()
            clock = self.clocks[row]
            if regridded(table[clock["rule"]], self.rules.table[clock["rule"]], int(clock["cadence"])):
                self._start_anew(row, pooled)
                continue
            if self._wants_another_tail(row):
                self._hold(row)
            if pooled:
                mark(self.directory[0], row)
            elif is_pooled(self.directory[0], row):
                self._ensure_pools()
                into_pool(self.directory[0], row)
                mark(self.directory[0], row)

    def _wants_another_tail(self, row: int) -> bool:
        """Is the series due for a pass of its own, since its declaration asks for another threshold?"""
        common = self.common[row]
        if not common["tail"] or common["flags"] & (st.HELD | st.ENDED | st.PINNED):
            return False
        name = self.rules.threshold_of(int(self.clocks["rule"][row]))
        return int(common["tail"]) != tail_of(name)

    def _hold(self, row: int) -> None:
        if self.directory["n_due"][0] + 1 > len(self._due):
            self._collect()
        self.common["flags"][row] |= st.HELD
        self._due[self.directory["n_due"][0]] = row
        self.directory["n_due"] += 1

    def _assign(self, assignments: Iterable[Assignment]) -> None:
        for item in assignments:
            if item.pinned is not None:
                self._told_by_person(item)
                continue
            if not self._waits(item):
                continue
            if self.common["flags"][item.row] & st.PINNED:
                item = replace(item, choice=None, models=False, former=None, bars=None)
            before = self._was(item)
            place(self.bank, self.profiles, self.clocks, item)
            if item.former is not None:
                restore(self.bank, self.profiles, self.clocks, item.row, item.former)
            self._locate()
            self._note(item, before)
            self._compare(item)
            if item.models or item.former is not None:
                self._end_anomaly(item.row)
            self.common["flags"][item.row] &= ~st.HELD & 0xFF
            self._ensure_room_to_mark()
            mark(self.directory[0], item.row)

    def _told_by_person(self, item: Assignment) -> None:
        """Undo, or the contest opened again; at the place of the record in the log, like a declaration."""
        row = item.row
        if row >= self.rows or not self.common["flags"][row] & st.LIVE:
            return
        before = self._was(item)
        if item.pinned:
            self.common["flags"][row] |= st.PINNED
        else:
            self.common["flags"][row] &= ~st.PINNED & 0xFF
        if item.former is not None:
            restore(self.bank, self.profiles, self.clocks, row, item.former)
            self._locate()
            self._end_anomaly(row)
        self._note(item, before)

    def _was(self, item: Assignment) -> Was:
        row = item.row
        return was(self.bank, self.common[row], self.profiles[row], self.clocks[row], item)

    def _note(self, item: Assignment, before: Was) -> None:
        row = item.row
        following = self.newest_final(row) + 1
        told = switched(item, before, self.common[row], self.profiles[row], self.clocks[row], following)
        if told is not None:
            self._switches.append(told)
        self.probation.heard(item, told, int(self.clocks["cadence"][row]))

    def newest_final(self, row: int) -> int:
        """Index of the newest final bucket of a series with a cadence."""
        clock = self.clocks[row]
        return int(clock["v1"]) if is_pooled(self.directory[0], row) else int(clock["bucket"]) - 2

    def _end_anomaly(self, row: int) -> None:
        """New models ask anew whether the series is as it should be."""
        if int(self.common["episode"][row]) < 0:
            return
        self.make_room_to_tell()
        close_all(self.directory[0], row, self.final_ms(row))

    def final_ms(self, row: int) -> int:
        """The event time at which the newest final bucket of a series with a cadence became so."""
        return (self.newest_final(row) + 2) * int(self.clocks["cadence"][row])

    def make_room_to_tell(self) -> None:
        """Room for the changes of one series."""
        if self.directory["n_changes"][0] + 8 > len(self._changes):
            self._collect()

    def hear(self, opinions: NDArray[np.void], kin: NDArray[np.void]) -> None:
        """What labels say of series, and of their siblings, from here on (`monitor.shard.labelled`)."""
        self.opinions, self.kin = opinions, kin
        self._locate()

    def _compare(self, item: Assignment) -> None:
        """The reference as the pass left it, and the drift that it found."""
        if item.reference is not None:
            self.references[item.row] = np.frombuffer(item.reference, reference.dtype)[0]
        if item.absorbed is not None:
            self.make_room_to_tell()
            at = int(self.directory["n_changes"][0])
            cadence_ms = int(self.clocks["cadence"][item.row])
            self._changes[at : at + 1] = change_of(item.row, cadence_ms, item.absorbed)
            self.directory["n_changes"] = at + 1

    def reference_of(self, row: int) -> bytes | None:
        """What a pass compares the level of a held series with; None while it is not trusted yet."""
        young = int(self.clocks["final_n"][row]) < TRUSTED_FROM
        return None if young else self.references[row].tobytes()

    def _ensure_room_to_mark(self) -> None:
        if self.directory["n_dirty"][0] + 8 > len(self._dirty):
            self._drain()

    def _waits(self, item: Assignment) -> bool:
        row = item.row
        if row >= self.rows or not self.common["flags"][row] & st.HELD:
            return False
        return int(self.clocks["final_n"][row]) == item.final_n

    def _forget(self, rows: Iterable[int]) -> None:
        for row in rows:
            if row < self.rows:
                self._clear(row)
        self.labelled.forget(rows)
        self.unheard |= len(self.labelled) > 0

    def _started_anew(self) -> bool:
        """Let the series start anew of which a kernel said that it must; False if there is none."""
        row = int(self.directory["anew"][0])
        if row >= 0:
            self.directory["anew"] = -1
            self._start_anew(row, is_pooled(self.directory[0], row))
        return row >= 0

    def _start_anew(self, row: int, pooled: bool) -> None:
        """A series that ended and came back, or whose buckets were declared anew, is one never seen before.
        Its samples that are not final yet go on with it; nothing before them is taken any more."""
        self.make_room_to_tell()
        self._ensure_pools()
        clock, cadence = self.clocks[row], int(self.clocks["cadence"][row])
        if not pooled:
            into_pool(self.directory[0], row)
        final_ms = (int(clock["v1"]) + 1) * cadence if cadence else int(clock["v1"])
        flags, rule = int(self.common["flags"][row]), int(clock["rule"])
        close_all(self.directory[0], row, final_ms + cadence)
        ts_ms, value, n = self._waiting(row)
        self._clear(row)
        self.common["flags"][row] = flags & (st.LIVE | st.BACKFILLED | st.DIRTY)
        clock["rule"], clock["v1"] = rule, final_ms
        self._renewed.append(row)
        rows = np.full(len(ts_ms), row, np.int32)
        self._take(rows, ts_ms, value, n, bool(flags & st.BACKFILLED))

    def _waiting(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """The samples that wait in the row's pool, by time."""
        places = []
        at = int(self.clocks["pool"][row])
        while at >= 0:
            places.append(at)
            at = int(self.pending["next"][at])
        found = self.pending[places[::-1]]
        found = found[np.argsort(found["ts_ms"], kind="stable")]
        return found["ts_ms"].copy(), found["value"].copy(), found["n"].astype(np.float64)

    def _clear(self, row: int) -> None:
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

    # ------------------------------------------------------------------ room

    def _drain(self) -> None:
        at = 0
        while self.directory["n_dirty"][0]:
            at = drain_all(self.directory, at)
            if self.directory["n_dirty"][0]:
                drained = self._drained
                if not self._started_anew():
                    self._collect()
                    self._ensure_pools()
                if self._drained != drained:  # within, the whole list was drained
                    at = 0
        self._drained += 1

    def _make_room(self) -> None:
        self._collect()
        self._ensure_pools()
        self._drain()
        self._collect()
        self._ensure_pools()

    def _collect(self) -> None:
        directory = self.directory
        count = int(directory["n_outcomes"][0])
        if count or not self._parts.outcomes:
            self._parts.outcomes.append(columns_of(self._outcomes, count))
        self._parts.changes.append(self._changes[: int(directory["n_changes"][0])].copy())
        self._parts.due.append(self._due[: int(directory["n_due"][0])].copy())
        self._parts.revisions.append(self._revisions[: int(directory["n_revisions"][0])].copy())
        for name in ("n_outcomes", "n_changes", "n_due", "n_revisions"):
            directory[name] = 0

    def _flush(self) -> Applied:
        self._collect()
        directory = self.directory
        parts, self._parts = self._parts, _Parts()
        outcomes = parts.outcomes
        changes = np.concatenate(parts.changes)
        for shift in told_already(changes) if len(changes) else ():
            zone = int(self.rules.table["zone"][self.clocks["rule"][shift["row"]]])
            (civil_ms,) = self.rules.zones.civil(zone, shift["end_ms"].reshape(1))
            self.references[shift["row"]] = emptied(int(civil_ms))
        applied = Applied(
            observations=outcomes[0] if len(outcomes) == 1 else Observations.concat(outcomes),
            changes=changes[np.lexsort((changes["row"], changes["at_ms"]))],
            due=np.concatenate(parts.due),
            revisions=np.concatenate(parts.revisions),
            duplicates=int(directory["n_duplicate"][0]),
            conflicts=int(directory["n_conflict"][0]),
            switches=tuple(self._switches),
        )
        self._switches.clear()
        directory["n_duplicate"] = directory["n_conflict"] = directory["n_late"] = 0
        return applied

    def _ensure_pools(self) -> None:
        if self.directory["n_pending"][0] + 64 > len(self.pending):
            self.pending = doubled(self.pending, self.directory, "free_pending")
        if self.directory["n_episodes"][0] + 2 * ROOM > len(self.episodes):
            self.episodes = doubled(self.episodes, self.directory, "free_episode")
        self._locate()

    def _grow_rows(self, rows: int) -> None:
        size = max(rows, 2 * len(self.clocks))
        self.bank.ensure(size)
        self.clocks = grown(self.clocks, size)
        self.profiles = grown(self.profiles, size)
        self.references = grown(self.references, size)
        self._locate()

    def _locate(self) -> None:
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
            "outcomes": self._outcomes,
            "changes": self._changes,
            "due": self._due,
            "revisions": self._revisions,
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

    # ------------------------------------------------------------------ snapshots

    def snapshot(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays (not copied) and plain values from which `restore` makes the same shard."""
        arrays: dict[str, NDArray[Any]] = {f"bank.{name}": a for name, a in self.bank.state().items()}
        arrays |= {
            "clocks": self.clocks[: self.rows],
            "profiles": self.profiles[: self.rows],
            "references": self.references[: self.rows],
            "pending": self.pending,
            "episodes": self.episodes,
            "counts": np.array([self.directory[name][0] for name in _KEPT], np.int64),
        }
        plain = {"rows": self.rows, "rules": self.rules.state(), "labels": self.labelled.state()}
        if len(self.pauses):
            arrays["paused"] = self.pauses.rows[: self.rows]
            plain["pauses"] = self.pauses.state()
        if len(self.probation):
            plain["probation"] = self.probation.state()
        return arrays, plain

    @staticmethod
    def restore(arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Shard:
        shard = Shard.__new__(Shard)
        shard.__init__(meta["rules"]["default_zone"], rows=1)  # type: ignore[misc]
        bank = {name.removeprefix("bank."): a for name, a in arrays.items() if name.startswith("bank.")}
        shard.bank = Bank.from_state(bank)
        size = len(shard.bank.common)
        shard.rows = int(meta["rows"])
        shard.rules = Rules.from_state(meta["rules"])
        shard.clocks = grown(arrays["clocks"], size)
        shard.profiles = grown(arrays["profiles"], size)
        shard.references = grown(arrays.get("references", reference.empty(0)), size)
        shard.pending = np.array(arrays["pending"])
        shard.episodes = widened(arrays["episodes"], st.EPISODE)
        for name, count in zip(_KEPT, arrays["counts"], strict=True):
            shard.directory[name] = count
        shard.labelled = Labelled.from_state(meta.get("labels", ()))
        shard.probation = Probation.from_state(meta.get("probation", {}))
        shard.pauses = Pauses.from_state(meta.get("pauses", ()), arrays.get("paused", np.zeros(0, st.PAUSED)))
        heeding.heed(shard)
        return shard

    def has_live(self) -> bool:
        """Is any series fed live? The wall clock says nothing of the others."""
        flags = self.common["flags"][: self.rows]
        return bool(np.any((flags & (st.LIVE | st.BACKFILLED)) == st.LIVE))

    @property
    def bytes(self) -> int:
        """Resident bytes of all arrays that hold state."""
        arrays, _ = self.snapshot()
        return sum(a.nbytes for a in arrays.values())


class _Parts:
    """Buffers copied out while one entry is applied."""

    def __init__(self) -> None:
        self.outcomes: list[Observations] = []
        self.changes: list[NDArray[np.void]] = []
        self.due: list[NDArray[np.int32]] = []
        self.revisions: list[NDArray[np.void]] = []
