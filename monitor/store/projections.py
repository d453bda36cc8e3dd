"""The ledger of incidents in SQL: rows and the log position they follow from, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, select, update

from monitor.domain.acts import Act
from monitor.domain.incident import LIVING, Incident, LedgerStep, PlacedAnomaly, Progress
from monitor.domain.series import Identity
from monitor.domain.topology import UNTOLD, Onset
from monitor.store import acts
from monitor.store.database import Database
from monitor.store.rows import (
    DRIFTED,
    MUTED,
    anomaly_row,
    incident_of,
    incident_row,
    placed_of,
    select_anomalies,
    series_id,
    series_row,
    transition_row,
)
from monitor.store.tables import (
    ANOMALIES,
    INCIDENT_MEMBERS,
    INCIDENT_TRANSITIONS,
    INCIDENTS,
    SERIES,
    SHARD_PROGRESS,
)
from monitor.store.upsert import insert_new, upsert

_PARAMETERS = 500
"""Ids per statement; SQLite may be built with no more than 999."""


Announce = Callable[[Connection, LedgerStep], None]


class OutOfStepError(RuntimeError):
    """Another writer has moved the shard's progress; nothing was written. Load again and retry."""


class SqlLedger:
    """`monitor.domain.incident.Ledger` over a database with our schema. Thread-safe. ``announce`` writes what
    is told of a step, in the step's transaction."""

    def __init__(self, database: Database, announce: Announce | None = None) -> None:
        self._database = database
        self._announce = announce

    def progress(self) -> dict[int, Progress]:
        with self._database.read() as connection:
            rows = connection.execute(select(SHARD_PROGRESS)).all()
        return {r.shard: Progress(r.position, r.sequence, r.clock_ms) for r in rows}

    def anomalies_between(self, from_ms: int, until_ms: int | None) -> list[PlacedAnomaly]:
        # Three statements, each along an index (`Anomaly.begin_ms`).
        ways = (
            (ANOMALIES.c.onset_ms, and_(~DRIFTED, ~MUTED)),
            (ANOMALIES.c.peak_ms, and_(DRIFTED, ~MUTED)),
            (ANOMALIES.c.muted_until_ms, MUTED),
        )
        wanted = [select_anomalies().where(concerned, begin >= from_ms) for begin, concerned in ways]
        if until_ms is not None:
            wanted = [one.where(begin < until_ms) for one, (begin, _) in zip(wanted, ways, strict=True)]
        return self._anomalies(wanted)

    def onsets_between(self, from_ms: int, until_ms: int) -> list[Onset]:
        begin = ANOMALIES.c.onset_ms
        wanted = (
            select(
                SERIES.c.id, SERIES.c.metric, SERIES.c.tags, begin, ANOMALIES.c.cadence_ms, ANOMALIES.c.team
            )
            .join(SERIES, SERIES.c.id == ANOMALIES.c.series_id)
            .where(begin >= from_ms, begin < until_ms, ANOMALIES.c.kind.not_in(UNTOLD), ~MUTED)
        )
        names: dict[str, Identity] = {}
        found = []
        with self._database.read() as connection:
            for known_as, metric, tags, begin_ms, cadence_ms, team in connection.execute(wanted):
                if known_as not in names:
                    names[known_as] = Identity(metric, tuple((k, v) for k, v in tags))
                found.append(Onset(names[known_as], begin_ms, cadence_ms, team))
        return found

    def anomalies_by_id(self, ids: Iterable[str]) -> list[PlacedAnomaly]:
        return self._anomalies(select_anomalies().where(ANOMALIES.c.id.in_(some)) for some in _chunks(ids))

    def anomalies_of_series(self, series_id: str) -> list[PlacedAnomaly]:
        return self._anomalies([select_anomalies().where(ANOMALIES.c.series_id == series_id)])

    def members(self, incident_id: str) -> list[PlacedAnomaly]:
        return self._anomalies([select_anomalies().where(INCIDENT_MEMBERS.c.incident_id == incident_id)])

    def incidents_of(self, founder_ids: Iterable[str]) -> list[Incident]:
        found: list[Incident] = []
        with self._database.read() as connection:
            for some in _chunks(founder_ids):
                rows = connection.execute(select(INCIDENTS).where(INCIDENTS.c.founder_id.in_(some)))
                found += [incident_of(row) for row in rows.mappings()]
        return found

    def due(self) -> dict[str, int]:
        wanted = select(INCIDENTS.c.id, INCIDENTS.c.due_ms).where(
            INCIDENTS.c.state.in_(LIVING), INCIDENTS.c.due_ms.is_not(None)
        )
        with self._database.read() as connection:
            return {row.id: row.due_ms for row in connection.execute(wanted)}

    def acts(self) -> list[Act]:
        return acts.holding(self._database)

    def act(self, act_id: str) -> Act | None:
        return acts.one(self._database, act_id)

    def commit(self, step: LedgerStep) -> None:
        """Raises `OutOfStepError` when the shard's progress is not ``step.before``."""
        with self._database.write() as connection:
            if step.shard is not None:
                _move_on(connection, step)
            _write_anomalies(connection, step.anomalies)
            upsert(connection, INCIDENTS, [incident_row(i) for i in step.incidents])
            _write_memberships(connection, step)
            if step.transitions:
                rows = [transition_row(t) for t in step.transitions]
                connection.execute(INCIDENT_TRANSITIONS.insert(), rows)
            if self._announce is not None:
                self._announce(connection, step)
            _forget(connection, step)
            acts.write(connection, step.acts, step.undone)

    def _anomalies(self, wanted: Iterable[Select[Any]]) -> list[PlacedAnomaly]:
        found: list[PlacedAnomaly] = []
        with self._database.read() as connection:
            for statement in wanted:
                found += [placed_of(row) for row in connection.execute(statement).mappings()]
        found.sort(key=lambda p: (p.anomaly.begin_ms, p.anomaly.id))
        return found


def _move_on(connection: Connection, step: LedgerStep) -> None:
    """First of all statements: of two writers one waits here, and then finds itself out of step."""
    mark = step.after
    after = {"position": mark.position, "sequence": mark.sequence, "clock_ms": mark.clock_ms}
    known = SHARD_PROGRESS.c
    if step.before is None:
        there = select(known.shard).where(known.shard == step.shard)
        if connection.execute(there).first() is not None:
            raise OutOfStepError(f"shard {step.shard} has been absorbed by another writer")
        connection.execute(SHARD_PROGRESS.insert(), {"shard": step.shard, **after})
        return
    same = update(SHARD_PROGRESS).where(
        known.shard == step.shard,
        known.position == step.before.position,
        known.sequence == step.before.sequence,
    )
    if connection.execute(same.values(**after)).rowcount != 1:
        raise OutOfStepError(f"shard {step.shard} is no longer at position {step.before.position}")


def _write_anomalies(connection: Connection, anomalies: Sequence[PlacedAnomaly]) -> None:
    ids: dict[Identity, str] = {}
    fresh: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for placed in anomalies:
        identity = placed.anomaly.series
        if identity not in ids:
            ids[identity] = series_id(identity)
            fresh.append(series_row(placed.anomaly, ids[identity]))
        rows.append(anomaly_row(placed, ids[identity]))
    insert_new(connection, SERIES, fresh)
    upsert(connection, ANOMALIES, rows)


def _write_memberships(connection: Connection, step: LedgerStep) -> None:
    joined = [{"anomaly_id": a, "incident_id": i} for a, i in step.memberships.items() if i is not None]
    left = [a for a, i in step.memberships.items() if i is None]
    upsert(connection, INCIDENT_MEMBERS, joined)
    for some in _chunks(left):
        connection.execute(delete(INCIDENT_MEMBERS).where(INCIDENT_MEMBERS.c.anomaly_id.in_(some)))


def _forget(connection: Connection, step: LedgerStep) -> None:
    """Incidents before the anomalies that founded them."""
    for some in _chunks(step.forgotten_incidents):
        for column in (INCIDENT_TRANSITIONS.c.incident_id, INCIDENT_MEMBERS.c.incident_id, INCIDENTS.c.id):
            connection.execute(delete(column.table).where(column.in_(some)))
    for some in _chunks(step.forgotten_anomalies):
        for column in (INCIDENT_MEMBERS.c.anomaly_id, ANOMALIES.c.id):
            connection.execute(delete(column.table).where(column.in_(some)))
    for some in _chunks(step.forgotten_series):
        connection.execute(delete(SERIES).where(SERIES.c.id.in_(some)))


def _chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(ids)
    for start in range(0, len(every), _PARAMETERS):
        yield every[start : start + _PARAMETERS]
