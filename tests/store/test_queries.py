"""Pages, filters and hostile cursors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import BadRequest
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.projections import SqlLedger
from monitor.store.queries import Queries
from tests.incidents.making import EPOCH, anomaly, batch

FOUND = [anomaly(f"m{i}", {"k": str(i)}, at=i // 2 * 10, hours=None if i > 7 else 1) for i in range(10)]


@pytest.fixture
def queries(database: Database) -> Queries:
    engine = IncidentEngine(SqlLedger(database))
    engine.absorb(batch(0, 1, *FOUND))
    return Queries(database)


def walk(page: Callable[..., Any], **arguments: Any) -> list[str]:
    ids: list[str] = []
    after = ""
    while True:
        found = page(after=after, limit=3, **arguments)
        assert len(found.items) <= 3
        ids += [getattr(i, "id", None) or i.anomaly.id for i in found.items]
        if found.next is None:
            return ids
        after = found.next


def test_pages_hold_everything_once_newest_first(queries: Queries) -> None:
    newest = [a.id for a in sorted(FOUND, key=lambda a: (a.onset_ms, a.id), reverse=True)]
    assert walk(queries.anomalies) == newest
    assert walk(queries.incidents) == ["inc-" + i for i in newest]
    assert len(walk(queries.incidents, state="open")) == 2
    assert len(walk(queries.incidents, state="closed")) == 8
    assert queries.incidents_open() == 2


def test_filters(queries: Queries) -> None:
    one = FOUND[4]
    series = f"{one.series.fingerprint():016x}"
    assert walk(queries.anomalies, series=series) == [one.id]
    assert walk(queries.anomalies, metric="m4") == [one.id]
    assert walk(queries.anomalies, metric="m") == []
    assert set(walk(queries.anomalies, state="open")) == {FOUND[8].id, FOUND[9].id}
    assert len(walk(queries.anomalies, state="closed")) == 8
    within = walk(queries.anomalies, since_ms=EPOCH + 10 * HOUR_MS, until_ms=EPOCH + 20 * HOUR_MS)
    assert set(within) == {FOUND[2].id, FOUND[3].id}
    assert len(walk(queries.incidents, since_ms=EPOCH + 31 * HOUR_MS)) == 2
    assert len(walk(queries.incidents, since_ms=10**30)) == 2


def test_incidents_are_found_by_what_they_and_their_members_are_called(queries: Queries) -> None:
    named = ["inc-" + FOUND[4].id]
    assert walk(queries.incidents, q="M4{k") == named
    assert walk(queries.incidents, q=queries.incident(named[0]).title.upper()) == named  # type: ignore[union-attr]
    assert walk(queries.incidents, tag=("k", "4")) == named
    assert walk(queries.incidents, tag=("k", "%")) == walk(queries.incidents, q="_") == []
    assert walk(queries.incidents, tag=("k", "\x00")) == walk(queries.incidents, kind="\ud800") == []
    assert len(walk(queries.incidents, kind=FOUND[0].kind.value, team="")) == 10
    assert walk(queries.incidents, kind="none") == walk(queries.incidents, team="none") == []


def test_incidents_of_a_priority_or_more_urgent(queries: Queries) -> None:
    every = queries.incidents(limit=100).items
    for priority in ("P1", "P2", "P3", "P4"):
        wanted = [i.id for i in every if i.priority.value <= priority]
        assert walk(queries.incidents, priority=priority) == wanted


def test_lists_of_one_team(database: Database) -> None:
    teams = ("", "red", "blue")
    owned = [replace(a, team=teams[i % 3]) for i, a in enumerate(FOUND)]
    again = [
        replace(a, score=a.score + 1, team="blue") for a in owned
    ]  # told anew, its series in another team
    engine = IncidentEngine(SqlLedger(database))
    engine.absorb(batch(0, 1, *owned))
    IncidentEngine(SqlLedger(database)).absorb(batch(0, 2, *again))
    queries = Queries(database)
    for team in teams:
        own = {a.id for a in owned if a.team == team}
        assert set(walk(queries.anomalies, team=team)) == own
        assert set(walk(queries.incidents, team=team)) == {"inc-" + id for id in own}
        found = [queries.incident("inc-" + id) for id in own]
        assert {incident.team for incident in found if incident is not None} == {team}
    assert walk(queries.anomalies, team="green") == walk(queries.incidents, team="green") == []
    assert [queries.incidents_open(team) for team in teams] == [1, 0, 1]
    assert len(walk(queries.anomalies)) == len(FOUND)


def test_an_incident_with_its_members_and_history(queries: Queries) -> None:
    name = "inc-" + FOUND[0].id
    incident = queries.incident(name)
    assert incident is not None
    assert incident.members == (FOUND[0].id,)
    assert [p.incident_id for p in queries.members(name)] == [name]
    assert [t.kind.value for t in queries.transitions(name)] == ["opened", "closed"]
    assert queries.incident("inc-else") is None


@pytest.mark.parametrize("text", ["x\x00y", "\ud800", "' OR 1=1 --", "%", "_"])
def test_hostile_text_finds_nothing(queries: Queries, text: str) -> None:
    assert queries.incident(text) is None
    assert queries.members(text) == []
    assert queries.transitions(text) == []
    assert queries.anomalies(metric=text).items == []
    assert queries.anomalies(series=text).items == []


BAD = ["x", "é", "WzFd", "bnVsbA", "WyIxIiwgIjIiXQ", "A" * 500, "W1tbW1tbW1tb", "WzFlOTksICJhIl0", "\x00"]


@pytest.mark.parametrize("cursor", BAD)
def test_a_cursor_that_is_none_is_refused(queries: Queries, cursor: str) -> None:
    with pytest.raises(BadRequest, match="cursor"):
        queries.incidents(after=cursor)


def test_an_unknown_state_is_refused(queries: Queries) -> None:
    with pytest.raises(BadRequest, match="state"):
        queries.incidents(state="asleep")
    with pytest.raises(BadRequest, match="state"):
        queries.anomalies(state="expired")
