"""The parts of one shard, and what one record does to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.catalogue.catalogue import Catalogue
from monitor.domain.anomaly import AnomalyEvent
from monitor.domain.batch import Mode, Reason
from monitor.domain.mute import selector_of
from monitor.domain.records import Control, Entry, Kind, Record, Samples, Tick
from monitor.domain.series import Identity, fingerprint
from monitor.domain.switch import Cause, Switch
from monitor.domain.teams import Rule, Teams
from monitor.engine.long_ago import gone_live, rows_of_history, still_open
from monitor.engine.team_counts import TeamCounts
from monitor.engine.translate import events_of
from monitor.history.history import History
from monitor.history.journal import Journal
from monitor.intake.dedup import Remembered
from monitor.intake.index import SeriesIndex
from monitor.intake.limits import Limits
from monitor.intake.log import Log
from monitor.intake.tags import TagCounts
from monitor.meta.freeze import Freeze
from monitor.meta.ledger import Ledger
from monitor.shard.apply import apply
from monitor.shard.former import lives
from monitor.shard.results import Applied
from monitor.shard.rules import tagged_zone
from monitor.shard.shard import Shard


@dataclass(slots=True)
class Parts:
    """``applied``: newest record in the state; ``checkpointed``: newest in a checkpoint; ``clock_ms``: newest
    event time; ``newest_ms``: newest event time of a sample; ``arrival_ms``: newest arrival in the log;
    ``late``, ``duplicate``, ``conflict``: samples kept that taught nothing; ``unlogged``: rows given out
    whose record did not reach the disk, to be named again; ``found``: damage that the start found, a line
    each; ``old``: rows of history with an open anomaly, which live samples of others do not change; None
    where they are to be looked for."""

    log: Log
    index: SeriesIndex
    remembered: Remembered
    shard: Shard
    history: History
    journal: Journal
    applied: int = 0
    checkpointed: int = 0
    clock_ms: int = 0
    newest_ms: int = 0
    arrival_ms: int = 0
    samples: int = 0
    late: int = 0
    duplicate: int = 0
    conflict: int = 0
    old: NDArray[np.int32] | None = None
    unlogged: dict[int, bytes] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    limits: Limits = field(default_factory=Limits)
    tags: TagCounts = field(init=False)
    zones: Counter[str] = field(default_factory=Counter)
    teams: Teams = field(default_factory=Teams)
    team_counts: TeamCounts = field(default_factory=TeamCounts)
    freeze: Freeze = field(default_factory=Freeze)
    catalogue: Catalogue = field(default_factory=lambda: Catalogue(None))
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.index.canonical)
        self.tags = TagCounts(self.limits.tag_values_max)
        self.shard.team_of = lambda identity: self.teams.of(identity)
        prints = self.index.fingerprints()
        unlisted = set(self.catalogue.unknown(prints[self.index.rows()]).tolist())
        for row in self.index:
            self._count(self.identity(row))
            if int(prints[row]) in unlisted:
                self.catalogue.add(int(prints[row]), self.identity(row))

    def refusal(self, canonical: bytes) -> Reason | None:
        """Why a new series is not taken, if it is not."""
        identity = Identity.from_canonical(canonical)
        if self.tags.full(identity):
            return Reason.TAG_VALUES_LIMIT
        zone = tagged_zone(identity)
        if zone is not None and zone not in self.zones and len(self.zones) >= self.limits.time_zones_max:
            return Reason.TIME_ZONE_LIMIT
        return None

    def enter(self, fingerprint: int, canonical: bytes) -> int:
        """A new series: its row. Raises FingerprintTaken."""
        row = self.index.insert(fingerprint, canonical)
        self._entered(fingerprint, Identity.from_canonical(canonical))
        return row

    def leave(self, row: int, position: int) -> None:
        """The series of ``row`` is forgotten at ``position``; the row will be used again, and what was sent
        before may be sent again."""
        self.unlogged.pop(row, None)
        self.remembered.forget_series(self.index.fingerprint(row), position)
        self.catalogue.discard(self.index.fingerprint(row))
        identity = self.identity(row)
        self.tags.discard(identity)
        self.team_counts.discard(self.teams, identity)
        if zone := tagged_zone(identity):
            self.zones[zone] -= 1
            if not self.zones[zone]:
                del self.zones[zone]
        self.index.remove(row)

    def _entered(self, fingerprint: int, identity: Identity) -> None:
        self._count(identity)
        self.catalogue.add(fingerprint, identity)

    def _count(self, identity: Identity) -> None:
        self.tags.add(identity)
        self.team_counts.add(self.teams, identity)
        if zone := tagged_zone(identity):
            self.zones[zone] += 1

    def apply(self, record: Record) -> Applied:
        """Models, tracker and history move on by one record."""
        entry = record.entry
        live = isinstance(entry, Samples) and entry.mode is Mode.LIVE
        old = (rows_of_history(self.shard) if self.old is None else self.old) if live else None
        applied = apply(self.shard, self._placed(entry))
        if old is not None and len(old):
            more, old = gone_live(self.shard, old)
            applied = _with(applied, more)
        self.old = old
        self.history.append(applied.observations)
        self.journal.append(record.position, [*applied.switches, *self._held_back(entry)])
        self.late += len(applied.revisions)
        self.duplicate += applied.duplicates
        self.conflict += applied.conflicts
        for late in applied.revisions:
            self.history.append_revision(
                int(late["row"]),
                int(late["ts_ms"]),
                float(late["value"]),
                float(late["n"]),
                self._arrival(entry),
            )
        if isinstance(entry, Samples):
            self.samples += len(entry)
            self.clock_ms = max(self.clock_ms, entry.clock_ms)
            self.newest_ms = max(self.newest_ms, entry.clock_ms)
            self.arrival_ms = max(self.arrival_ms, entry.arrival_ms)
        elif isinstance(entry, Tick):
            if entry.complete:
                self.clock_ms = max(self.clock_ms, min(entry.ts_ms, self.newest_ms))
                applied = _with(applied, still_open(self.shard, self.arrival_ms))
            elif self.shard.has_live():
                self.clock_ms = max(self.clock_ms, entry.ts_ms)
        elif entry.kind == Kind.FORGET:
            self.history.delete(np.array(entry.body["rows"], np.int32))
            self.journal.forget(entry.body["rows"])
            self.ledger.forget(entry.body["rows"])
        elif entry.kind == Kind.TEAM:
            self.declare_team(entry.body["name"], entry.body["rules"])
        elif entry.kind == Kind.SETTING and "freeze" in entry.body:
            self.freeze = Freeze.from_body(entry.body["freeze"])
        self.applied = record.position
        return applied

    def events(self, number: int, position: int, applied: Applied) -> list[AnomalyEvent]:
        """What a record changed of anomalies, as the outside is told."""
        shard = self.shard
        known = (self.index, self.teams, shard.rules.declared, self.arrival_ms, shard.common["flags"])
        return events_of(number, position, applied, *known)

    def _held_back(self, entry: Entry) -> list[Switch]:
        """The journal's entries of what passes would have changed, and a freeze kept as it was."""
        if not isinstance(entry, Control) or entry.kind != Kind.ASSIGN:
            return []
        shard = self.shard
        found = []
        for item in entry.body["items"]:
            row, kept = item["row"], item.get("frozen")
            if (
                not kept
                or row >= shard.rows
                or (now := lives(shard.common[row], shard.profiles[row])) is None
            ):
                continue
            found.append(
                Switch(
                    row=row,
                    at_ms=(shard.newest_final(row) + 1) * int(shard.clocks["cadence"][row]),
                    buckets=int(shard.clocks["final_n"][row]),
                    cause=Cause.FROZEN,
                    before=now,
                    after=now,
                    reasons=tuple(kept),
                )
            )
        return found

    def _placed(self, entry: Entry) -> Entry:
        """A label, or a pause of learning, with the rows of the series that are meant, as they are at its
        place in the log."""
        if isinstance(entry, Control) and "pause" in entry.body:
            return Control(entry.kind, {**entry.body, "rows": self._selected(entry.body["pause"])})
        if not isinstance(entry, Control) or entry.kind != Kind.LABEL or not entry.body.get("shapes"):
            return entry
        prints = np.array([int(shape["series"], 16) for shape in entry.body["shapes"]], np.uint64)
        return Control(Kind.LABEL, {**entry.body, "rows": self.index.lookup(prints).tolist()})

    def _selected(self, pause: Mapping[str, Any]) -> list[int]:
        """Rows of the series that a pause selects; looks at each, some 7 µs. Those given out and not applied
        yet are looked at again when they are admitted."""
        selector = selector_of(pause["selector"])
        found = []
        for row in self.index:
            identity = self.identity(row)
            if selector.selects(identity) and selector.team in (None, self.teams.of(identity)):
                found.append(row)
        return found

    def replay(self, record: Record) -> Applied:
        """The same for a record read from the log: the index and the request ids move on too."""
        entry = record.entry
        if isinstance(entry, Samples):
            for row, canonical in entry.new_series:
                if row not in self.index:
                    self.index.insert_at(row, fingerprint(canonical), canonical)
                    self._entered(fingerprint(canonical), Identity.from_canonical(canonical))
        elif isinstance(entry, Control) and entry.kind == Kind.FORGET:
            for row in entry.body["rows"]:
                if row in self.index:
                    self.leave(row, record.position)
        request_id = b"" if isinstance(entry, Control) else entry.request_id
        if request_id:
            self.remembered.add(request_id, record.position, self._arrival(entry))
        return self.apply(record)

    def declare_team(self, name: str, rules: Sequence[Rule]) -> None:
        """Which series belong to a team from here on; counts every series anew, some 7 µs each."""
        self.teams.declare(name, rules)
        self.team_counts.count_anew(self.teams, map(self.identity, self.index))

    def trouble(self) -> tuple[str, ...]:
        """What is wrong with the shard's files now, a line each. From any thread."""
        lines = [*self.found, *self.history.damage]
        if self.history.trouble:
            lines.append(f"history cannot be written: {self.history.trouble}")
        if self.journal.trouble:
            lines.append(self.journal.trouble)
        if self.log.failure is not None:
            lines.append(f"the intake log cannot be written: {self.log.failure}")
        return tuple(lines)

    def identity(self, row: int) -> Identity:
        return Identity.from_canonical(self.index.canonical(row))

    def _arrival(self, entry: Samples | Tick | Control) -> int:
        """When an entry reached us; a tick says event time only, which may be any."""
        return entry.arrival_ms if isinstance(entry, Samples) else self.arrival_ms


def _with(applied: Applied, changes: NDArray[np.void]) -> Applied:
    return replace(applied, changes=np.concatenate([applied.changes, changes])) if len(changes) else applied
