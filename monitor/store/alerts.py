"""Alerting in SQL: steps and what was said of incidents, written with the transitions they follow from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, delete, func, or_, select

from monitor.domain.alert import SERIES_MAX, Holding, Ruled, Standing, Step
from monitor.domain.incident import Incident, IncidentTransition
from monitor.domain.series import Identity
from monitor.store.alert_rows import (
    holding_of,
    holding_row,
    standing_of,
    standing_row,
    step_of,
    step_row,
)
from monitor.store.alert_tables import (
    ALERT_CLOCK,
    ALERT_HOLDINGS,
    ALERT_STANDINGS,
    ALERT_STEPS,
    NOTICES,
)
from monitor.store.budgets import keep
from monitor.store.database import Database
from monitor.store.outbox import ROWS_MAX, put
from monitor.store.tables import ANOMALIES, INCIDENT_MEMBERS, SERIES
from monitor.store.upsert import upsert

_IDS = 500
_ONE = 1


class AlertStore:
    """``rows_max``: notices that may wait. Thread-safe; what takes a connection is part of its
    transaction."""

    def __init__(self, database: Database, rows_max: int = ROWS_MAX) -> None:
        self.database = database
        self._rows_max = rows_max

    # -- within a transaction ---------------------------------------------------------------------

    def standings(self, connection: Connection, ids: Iterable[str] = ()) -> list[Standing]:
        """All active ones, and those of these incidents, by id."""
        wanted = sorted(set(ids))
        table, found = ALERT_STANDINGS, {}
        for start in range(0, max(len(wanted), 1), _IDS):
            some = wanted[start : start + _IDS]
            asked = select(table).where(or_(table.c.active == 1, table.c.incident_id.in_(some)))
            for row in connection.execute(asked).mappings():
                found[row["incident_id"]] = row
        return [standing_of(found[name]) for name in sorted(found)]

    def reached_ms(self, connection: Connection) -> int | None:
        found = connection.execute(select(ALERT_CLOCK.c.reached_ms)).scalar()
        return None if found is None else int(found)

    def step(
        self,
        connection: Connection,
        transition: IncidentTransition,
        incident: Incident,
        known: Standing | None,
        told_ms: int,
    ) -> Step:
        """What is to be known of a transition, from the members written before it."""
        series, kinds, newest_ms, cadence_ms = _members(connection, incident.id)
        told = (set(known.series), set(known.kinds)) if known is not None else (set(), set())
        return Step(
            transition,
            incident,
            tuple(one for one in series if one not in told[0]),
            tuple(one for one in kinds if one not in told[1]),
            told_ms,
            max(newest_ms, incident.start_ms),
            cadence_ms,
        )

    def write_steps(self, connection: Connection, steps: Sequence[Step]) -> None:
        if steps:
            connection.execute(ALERT_STEPS.insert(), [step_row(step) for step in steps])

    def write(self, connection: Connection, ruled: Ruled, reached_ms: int | None, now_ms: int) -> int:
        """-> how many updates were left out because too many notices wait."""
        upsert(connection, ALERT_STANDINGS, [standing_row(one) for one in ruled.standings])
        if ruled.holdings:
            connection.execute(ALERT_HOLDINGS.insert(), [holding_row(one) for one in ruled.holdings])
        keep(connection, ruled.balances)
        if reached_ms is not None:
            upsert(connection, ALERT_CLOCK, [{"id": _ONE, "reached_ms": reached_ms}])
        return put(connection, ruled.dispatches, now_ms, self._rows_max)

    def forget(self, connection: Connection, incident_ids: Collection[str]) -> None:
        """Of deleted incidents keep nothing but notices that have not been sent yet."""
        for name in incident_ids:
            for column in (
                ALERT_STEPS.c.incident_id,
                ALERT_HOLDINGS.c.incident_id,
                ALERT_STANDINGS.c.incident_id,
            ):
                connection.execute(delete(column.table).where(column == name))
            done = NOTICES.c.done_ms.is_not(None)
            connection.execute(delete(NOTICES).where(NOTICES.c.incident_id == name, done))

    # -- by itself --------------------------------------------------------------------------------

    def steps(self, since_ms: int, most: int = 100_000) -> list[Step]:
        """In the order in which they were written: all steps of the incidents that have one since a time,
        by event time."""
        table = ALERT_STEPS
        ids = select(table.c.incident_id).where(table.c.newest_ms >= since_ms).distinct()
        wanted = select(table).where(table.c.incident_id.in_(ids)).order_by(table.c.id).limit(most)
        with self.database.read() as connection:
            return [step_of(row) for row in connection.execute(wanted).mappings()]

    def newest_ms(self, before_ms: int) -> int | None:
        """Event time up to which the steps reach that were before a time; None where there are none."""
        newest = ALERT_STEPS.c.newest_ms
        with self.database.read() as connection:
            found = connection.execute(select(func.max(newest)).where(newest < before_ms)).scalar()
        return None if found is None else int(found)

    def active(self) -> list[Standing]:
        """All of which time alone may have something told, by incident."""
        with self.database.read() as connection:
            return self.standings(connection)

    def holdings(self, incident_id: str, limit: int = 1_000) -> list[Holding]:
        """Why an incident was not told, and which others it silenced, in the order of the decisions."""
        table = ALERT_HOLDINGS.c
        wanted = select(ALERT_HOLDINGS).where(or_(table.incident_id == incident_id, table.by == incident_id))
        with self.database.read() as connection:
            rows = connection.execute(wanted.order_by(table.id.desc()).limit(limit)).mappings().all()
        return [holding_of(row) for row in rows][::-1]

    def prune(self, steps_before_ms: int, holdings_before_ms: int) -> None:
        with self.database.write() as connection:
            connection.execute(delete(ALERT_STEPS).where(ALERT_STEPS.c.told_ms < steps_before_ms))
            connection.execute(delete(ALERT_HOLDINGS).where(ALERT_HOLDINGS.c.at_ms < holdings_before_ms))


def _members(connection: Connection, incident_id: str) -> tuple[list[Identity], list[str], int, int]:
    """Of an incident's members the first series to begin, the kinds, up to when they reach, and the slowest
    cadence. Read in the database, since there may be tens of thousands."""
    a = ANOMALIES.c
    mine = select(INCIDENT_MEMBERS.c.anomaly_id).where(INCIDENT_MEMBERS.c.incident_id == incident_id)
    ended_ms = func.max(func.coalesce(a.end_ms, a.last_ms + a.cadence_ms))
    sums = select(ended_ms, func.max(a.cadence_ms)).where(a.id.in_(mine))
    newest_ms, cadence_ms = connection.execute(sums).one()
    kinds = select(a.kind).where(a.id.in_(mine)).group_by(a.kind).order_by(func.min(a.onset_ms), a.kind)
    first = select(a.series_id, func.min(a.onset_ms).label("begin")).where(a.id.in_(mine))
    begun = first.group_by(a.series_id).order_by("begin", a.series_id).limit(SERIES_MAX).subquery()
    named = select(SERIES.c.metric, SERIES.c.tags).join(begun, begun.c.series_id == SERIES.c.id)
    rows = connection.execute(named.order_by(begun.c.begin, begun.c.series_id))
    series = [Identity(row.metric, tuple((key, value) for key, value in row.tags)) for row in rows]
    return series, [row.kind for row in connection.execute(kinds)], newest_ms or 0, cadence_ms or 0
