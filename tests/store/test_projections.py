"""Incidents in SQL: exactly once by log position, wherever a step breaks."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import HOUR_MS
from monitor.domain.incident import IncidentState, SeriesCounts
from monitor.domain.mute import Mute, Selector
from monitor.domain.windows import Windows
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.migrations import upgrade
from monitor.store.projections import OutOfStepError, SqlLedger
from monitor.store.queries import Queries
from tests.incidents.making import EPOCH, MemoryLedger, Story, anomalies, anomaly, batch, opened

COUNTS = SeriesCounts(100, {("k", "1"): 5, ("k", "2"): 9, ("z", "9"): 40}, {})

SLOWER = 3  # other work may share the machine


def stories(database: Database) -> set[Story]:
    queries = Queries(database)
    found = (queries.incident(i.id) for i in queries.incidents(limit=1000).items)
    return {(i.id, frozenset(i.members), i.start_ms, i.end_ms, i.state.value) for i in found if i is not None}


class BrokenError(RuntimeError):
    pass


@contextmanager
def breaking(database: Database, at: int) -> Iterator[list[int]]:
    """The writer's ``at``-th statement, or the commit after the last, does not come about."""
    count = [0]

    def step(*_: Any) -> None:
        count[0] += 1
        if count[0] == at:
            raise BrokenError(f"statement {at}")

    watched = [("before_cursor_execute", step), ("commit", step)]
    for name, listener in watched:
        event.listen(database.writer, name, listener)
    try:
        yield count
    finally:
        for name, listener in watched:
            event.remove(database.writer, name, listener)


def shards(found: list[Anomaly]) -> list[Any]:
    """Everything told open, then as it is, by two shards."""
    told = [(a.begin_ms, opened(a)) for a in found] + [(a.end_ms or a.begin_ms, a) for a in found]
    told.sort(key=lambda t: (t[0], t[1].id, t[1].end_ms is not None))
    return [batch(a.series.fingerprint() % 2, i, a, clock_ms=at) for i, (at, a) in enumerate(told, 1)]


STORY = [
    anomaly("a", {"k": "1"}, 0, 2),
    anomaly("b", {"k": "2"}, 1, 2, kind=AnomalyKind.DIP, direction=-1),
    anomaly("a", {"k": "2"}, 2, 1),
    anomaly("a", {"z": "9"}, 100, None),
]


def test_a_step_that_breaks_anywhere_is_taken_whole_the_next_time(database: Database) -> None:
    wanted = MemoryLedger()
    twin = IncidentEngine(wanted)
    ledger = SqlLedger(database)
    engine = IncidentEngine(ledger)
    for events in shards(STORY):
        twin.absorb(events)
        before = stories(database), ledger.progress()
        at, broken = 1, True
        while broken:
            with breaking(database, at):
                try:
                    engine.absorb(events)
                    broken = False
                except BrokenError:
                    assert (stories(database), ledger.progress()) == before
                    if at % 2:
                        engine = IncidentEngine(ledger)
            at += 1
        assert at > 3
        assert engine.absorb(events) == []
        assert stories(database) == wanted.stories()
    queries = Queries(database)
    for name, incident in wanted.incidents.items():
        assert queries.incident(name) == replace(
            incident, members=tuple(p.anomaly.id for p in wanted.members(name))
        )
        steps = [t for t in wanted.transitions if t.incident_id == name]
        assert queries.transitions(name) == steps


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=anomalies(most=12), data=st.data())
def test_sql_and_memory_tell_the_same(
    found: list[Anomaly], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('law')}/a.db"
    upgrade(url)
    with Database(url) as database:
        wanted, ledger = MemoryLedger(), SqlLedger(database)
        mute = Mute(
            "m", Selector("a.*"), EPOCH + 20 * HOUR_MS, EPOCH + 60 * HOUR_MS, "ann", "move", incidents=True
        )
        windows = Windows([mute] if data.draw(st.booleans()) else [])
        memory = 100_000 if windows else 3
        twin = IncidentEngine(wanted, counts=lambda _: COUNTS, windows=windows)
        engine = IncidentEngine(ledger, counts=lambda _: COUNTS, most_in_memory=memory, windows=windows)
        for events in shards(found):
            if data.draw(st.integers(0, 5)) == 0:
                engine = IncidentEngine(ledger, counts=lambda _: COUNTS, windows=windows)
            assert engine.absorb(events) == twin.absorb(events)
        assert stories(database) == wanted.stories()
        assert ledger.progress() == wanted.progress()
        assert ledger.anomalies_between(0, None) == wanted.anomalies_between(0, None)


def test_numbers_that_are_none_and_odd_names_come_back(database: Database) -> None:
    odd = anomaly("m'; DROP TABLE x", {"ключ": "a=b,{c}\U0001f600", "z": ""}, 0, None)
    odd = replace(odd, value=math.nan, expected=math.inf, lower=-0.1, direction=0, kind=AnomalyKind.NO_DATA)
    ledger = SqlLedger(database)
    IncidentEngine(ledger).absorb(batch(0, 1, odd))
    (back,) = ledger.anomalies_by_id([odd.id])
    assert math.isnan(back.anomaly.value)
    assert replace(back.anomaly, value=0.0) == replace(odd, value=0.0)
    (incident,) = Queries(database).incidents().items
    assert incident.title == "m'; DROP TABLE x no data at z  since 4 Feb 17:00 UTC; 1 series"


def test_two_writers_cannot_both_move_on(database: Database) -> None:
    ledger = SqlLedger(database)
    one, two = IncidentEngine(ledger), IncidentEngine(ledger)
    assert two.positions() == {}
    one.absorb(batch(0, 1, STORY[0]))
    with pytest.raises(OutOfStepError):
        two.absorb(batch(0, 1, STORY[0]))
    assert two.positions() == {0: 1}
    two.absorb(batch(0, 2, STORY[1]))
    with pytest.raises(OutOfStepError):
        one.absorb(batch(0, 2, STORY[1]))
    assert one.absorb(batch(0, 2, STORY[1])) == []


def test_forgetting_leaves_no_row(database: Database) -> None:
    ledger = SqlLedger(database)
    engine = IncidentEngine(ledger)
    for events in shards(STORY):
        engine.absorb(events)
    for one in STORY:
        engine.forget(f"{one.series.fingerprint():016x}")
    assert stories(database) == set()
    assert ledger.anomalies_between(0, None) == []
    assert ledger.due() == {}


def test_a_storm_is_written_in_two_seconds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    upgrade(url)
    storm = [
        anomaly(f"app.m{i % 40}", {"host": f"h{i % 500}", "dc": f"d{i % 3}"}, i / 1000, None)
        for i in range(10_000)
    ]
    with Database(url) as database:
        engine = IncidentEngine(SqlLedger(database), counts=lambda _: COUNTS)
        engine.positions()
        began = time.perf_counter()
        (change,) = engine.absorb(batch(0, 1, *storm, clock_ms=EPOCH + 11 * HOUR_MS))
        took = time.perf_counter() - began
        assert change.incident.member_count == 10_000
        assert change.incident.state is IncidentState.OPEN
    assert took < 2.0 * SLOWER
