"""The stored graph, links and changes: what was written comes back, in pages, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.correlation.learned import Bar, learn
from monitor.domain.durations import DAY_MS
from monitor.domain.errors import BadRequest
from monitor.domain.event import ChangeEvent
from monitor.domain.lineage import Link
from monitor.domain.topology import LearnedEdge
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.projections import SqlLedger
from monitor.store.queries import Queries
from monitor.store.topology import TopologyStore
from tests.correlation.test_learned import END, START, world
from tests.incidents.making import EPOCH, anomaly, batch


def test_a_graph_comes_back_in_pages_and_replaces_the_one_before(database: Database) -> None:
    store = TopologyStore(database)
    assert store.version() is None
    graph = learn(world(), START, END, Bar(count_min=3))
    store.write(5, learn(world(groups=1), START, END).edges())
    store.write(7, graph.edges())
    store.write(7, graph.edges())
    found: list[LearnedEdge] = []
    after = ""
    while True:
        page = store.edges(after=after, limit=37)
        found += page.items
        if page.next is None:
            break
        after = page.next
    store.write(9, [])  # long after the last that began together
    assert store.version() == 7
    assert len(found) == len(graph) == len({(e.source, e.target) for e in found})
    names = {(str(e.source), str(e.target)): e for e in graph.edges()}
    assert all(names[e.source_name, e.target_name].count == e.count for e in found)
    focus = store.edges(found[0].source, limit=1_000).items
    assert all(found[0].source in (e.source, e.target) for e in focus)
    with pytest.raises(BadRequest):
        store.edges(after="é")
    store.forget(found[0].source)
    assert not store.edges(found[0].source).items
    assert store.edges().items


def test_earlier_incidents_of_the_same_series_are_like_a_later_one(database: Database) -> None:
    engine = IncidentEngine(SqlLedger(database))
    days = {0: "abcd", 10: "xyz", 20: "abce", 30: "abcd"}
    for position, (day, hosts) in enumerate(days.items(), 1):
        found = [anomaly("m", {"host": host}, 24 * day) for host in hosts]
        engine.absorb(batch(0, position, *found, clock_ms=EPOCH + (day + 1) * DAY_MS))
    (latest, *_) = Queries(database).incidents().items
    alike = TopologyStore(database).similar(latest)
    assert [(one.shared, round(one.likeness, 2)) for one in alike] == [(4, 1.0), (3, 0.6)]


def test_only_incidents_of_one_team_are_like_each_other(database: Database) -> None:
    engine = IncidentEngine(SqlLedger(database))
    for position, (day, team) in enumerate({0: "red", 10: "blue", 20: "", 30: "red"}.items(), 1):
        found = [replace(anomaly("m", {"host": host}, 24 * day), team=team) for host in "abcd"]
        engine.absorb(batch(0, position, *found, clock_ms=EPOCH + (day + 1) * DAY_MS))
    (latest, *_) = Queries(database).incidents().items
    assert [one.start_ms for one in TopologyStore(database).similar(latest)] == [EPOCH]


def test_a_graph_of_the_ledger_is_of_the_teams_that_onsets_were_of(database: Database) -> None:
    """After a restart too, when the onsets come from the database."""
    days = {0: "red", 2: "red", 4: "blue"}
    for position, (day, team) in enumerate(days.items(), 1):
        found = [replace(anomaly(metric, at=24 * day), team=team) for metric in ("a", "b")]
        IncidentEngine(SqlLedger(database)).absorb(batch(0, position, *found))
    onsets = SqlLedger(database).onsets_between(EPOCH, EPOCH + 9 * DAY_MS)
    told = sorted((o.begin_ms - EPOCH, o.team, o.series.metric) for o in onsets)
    assert told == [(day * DAY_MS, team, metric) for day, team in days.items() for metric in ("a", "b")]


def test_links_are_replaced_as_a_whole(database: Database) -> None:
    store = TopologyStore(database)
    store.declare([Link("a", "b", 3), Link("b", "c")])
    store.declare([Link("b", "c", 1)])
    assert store.lineage().links == (Link("b", "c", 1),)


def test_a_change_told_twice_is_one(database: Database) -> None:
    store = TopologyStore(database)
    one, other = (ChangeEvent(at, "deployment", "web 2", (("service", "web"),)) for at in (10, 20))
    for change in (one, other, one):
        store.tell(change)
    assert store.changes(0, 100) == [other, one]
    assert store.changes(11, 20) == []
