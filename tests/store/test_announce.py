"""What is told is written with the transitions it follows from, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError

from monitor.alerts import Alerts
from monitor.domain.anomaly import Anomaly
from monitor.domain.budget import Budget
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.notice import NoticeKind
from monitor.domain.route import DEFAULT, Route
from monitor.incidents.engine import IncidentEngine
from monitor.store.alert_tables import ALERT_STEPS, NOTICES
from monitor.store.database import Database
from monitor.store.projections import SqlLedger
from monitor.store.tables import INCIDENT_TRANSITIONS
from tests.alerting.parts import DEED, alerts_over, declare
from tests.incidents.making import EPOCH, anomaly, batch

NOW = EPOCH + DAY_MS


class Broken(SQLAlchemyError):
    """The database fails."""


@pytest.fixture
def alerts(database: Database) -> Alerts:
    made = alerts_over(database, {}, lambda: NOW)
    declare(made, Route(DEFAULT, ("all",)))
    return made


def heard(database: Database, alerts: Alerts) -> IncidentEngine:
    return IncidentEngine(SqlLedger(database, alerts.announce))


def going_on(**said: Any) -> Anomaly:
    return replace(anomaly(at=20, hours=None, score=90.0), **said)


def notices(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(select(NOTICES.c.kind, NOTICES.c.incident_id).order_by(NOTICES.c.id))
        return [(row.kind, row.incident_id) for row in rows]


@contextmanager
def breaking_at(database: Database, number: int) -> Iterator[list[int]]:
    """The transaction fails at its statement of this number; how many there were is told."""
    seen = [0]

    def count(*_: Any) -> None:
        seen[0] += 1
        if seen[0] == number:
            raise Broken

    event.listen(database.writer, "before_cursor_execute", count)
    try:
        yield seen
    finally:
        event.remove(database.writer, "before_cursor_execute", count)


def test_an_incident_is_told_when_it_is_written(database: Database, alerts: Alerts) -> None:
    engine = heard(database, alerts)
    engine.absorb(batch(0, 1, going_on()))
    incident = f"inc-{going_on().id}"
    assert notices(database) == [("opened", incident)]
    engine.absorb(batch(0, 2, replace(going_on(), end_ms=EPOCH + 21 * HOUR_MS), clock_ms=NOW + 2 * DAY_MS))
    assert [kind for kind, _ in notices(database)][-1] == "closed"
    told = alerts.correspondence(incident)
    assert told.notices[0].dispatch.kind is NoticeKind.OPENED


def test_broken_anywhere_neither_is_there_and_again_both_are(database: Database, alerts: Alerts) -> None:
    number, there = 1, False
    while not there:
        with breaking_at(database, number), suppress(Broken):
            heard(database, alerts).absorb(batch(0, 1, going_on()))
        with database.read() as connection:
            found = [len(connection.execute(select(t)).all()) for t in (INCIDENT_TRANSITIONS, ALERT_STEPS)]
        there = bool(found[0])
        assert [*found, len(notices(database))] == ([1, 1, 1] if there else [0, 0, 0])
        number += 1
    assert number > 15


def test_a_decision_that_fails_stops_no_incident(
    database: Database, alerts: Alerts, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> str | None:
        raise ZeroDivisionError

    alerts.muted = fail
    changes = heard(database, alerts).absorb(batch(0, 1, going_on()))
    assert len(changes) == 1
    assert notices(database) == []
    assert "unknown" in caplog.text


def test_deleting_the_series_closes_what_was_told_and_forgets_the_rest(
    database: Database, alerts: Alerts
) -> None:
    engine = heard(database, alerts)
    engine.absorb(batch(0, 1, going_on()))
    engine.forget(f"{going_on().series.fingerprint():016x}")
    assert [kind for kind, _ in notices(database)] == ["opened", "closed"]
    with database.read() as connection:
        assert connection.execute(select(ALERT_STEPS)).all() == []


def test_the_preview_of_what_was_heard_is_what_was_sent(database: Database, alerts: Alerts) -> None:
    engine = heard(database, alerts)
    engine.absorb(batch(0, 1, going_on(), anomaly("b.one", at=21, hours=1, score=80.0)))
    engine.absorb(batch(0, 2, replace(going_on(), score=99.0)))
    found = alerts.preview([], [], 7)
    told = [(one.kind.value, one.incidents[0].id) for one in found.dispatches]
    assert told == notices(database) != []
    assert alerts.preview([Route(DEFAULT, ("all",), severity=9e9)], [], 7).dispatches == ()
    assert alerts.preview([], [DEFAULT], 7).dispatches == ()


def test_a_budget_says_of_how_many_incidents_it_told_and_which_it_holds(
    database: Database, alerts: Alerts
) -> None:
    engine = heard(database, alerts)
    engine.absorb(batch(0, 1, going_on()))
    alerts.put_budget(Budget(5.0, route=DEFAULT, first=16.0), DEED)
    small = replace(anomaly("c.two", at=8, hours=None, score=70.0), buckets=3)
    engine.absorb(batch(0, 2, small))
    (use,) = alerts.uses()
    assert use.told == 1
    assert [(one.route, one.why) for one in use.held] == [
        (DEFAULT, "held by the budget of route default: score 70.0 < 80.0")
    ]


def test_a_look_tells_what_time_brings(database: Database) -> None:
    now = [NOW]
    alerts = alerts_over(database, {}, lambda: now[0])
    declare(alerts, Route(DEFAULT, ("all",), repeat_s=3_600))
    heard(database, alerts).absorb(batch(0, 1, going_on()))
    for minutes in (30, 61, 90):
        now[0] = NOW + minutes * 60_000
        alerts.look()
    assert [kind for kind, _ in notices(database)] == ["opened", "updated"]
