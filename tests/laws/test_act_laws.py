"""What people do has its effect whenever it is told, however often, and whatever else is told first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.acts import Act, Anchor, Tie, Undo, Verb
from monitor.domain.anomaly import Anomaly, AnomalyEvent
from monitor.domain.incident import Incident, IncidentState, PlacedAnomaly, Progress, SeriesCounts
from monitor.incidents.engine import IncidentEngine
from monitor.incidents.grouping import Sweep, in_order
from monitor.incidents.incidents import compose
from monitor.incidents.people import People
from monitor.incidents.relations import frontier_of
from monitor.incidents.rules import Rules
from monitor.incidents.ties import Ties
from tests.incidents.making import (
    EPOCH,
    LINEAGE,
    Batch,
    MemoryLedger,
    Story,
    anomalies,
    easily,
    relations_of,
)
from tests.incidents.test_engine import streams

RULES = Rules()


def engine_on(ledger: MemoryLedger, memory: int = 100_000) -> IncidentEngine:
    return IncidentEngine(ledger, RULES, most_in_memory=memory, learn=easily, lineage=LINEAGE)


def anchor(one: Anomaly) -> Anchor:
    return Anchor(one.id, one.begin_ms)


def side(some: Sequence[Anomaly]) -> tuple[tuple[str, str], ...]:
    return tuple((f"{one.series.fingerprint():016x}", str(one.series)) for one in some)


@st.composite
def told(draw: st.DrawFn, found: Sequence[Anomaly]) -> list[Act | Undo]:
    """Acts on anomalies of one team that began within a cap of each other, some of them undone later."""
    log: list[Act | Undo] = []
    for position in range(1, draw(st.integers(0, 6)) + 1):
        acts = [one for one in log if isinstance(one, Act)]
        if acts and draw(st.integers(0, 3)) == 0:
            log.append(Undo(draw(st.sampled_from(acts)).id, "user:bob", position))
            continue
        first = draw(st.sampled_from(found))
        near = [
            one
            for one in found
            if one.team == first.team
            and one is not first
            and abs(one.begin_ms - first.begin_ms) < RULES.cap_ms // 2
        ]
        verb = draw(st.sampled_from(list(Verb) if near else [Verb.ACKNOWLEDGE, Verb.COMMENT]))
        others = (
            draw(st.lists(st.sampled_from(near), min_size=1, max_size=3, unique=True))
            if verb.arranges
            else []
        )
        since_ms = max(one.begin_ms for one in [first, *others]) + 1
        taught = Tie(side([first]), side(others), since_ms, apart=verb is not Verb.MERGE)
        log.append(
            Act(
                id=f"{position:032x}",
                verb=verb,
                incident_id=Incident.id_of(first.id),
                anchor=anchor(first),
                user=draw(st.sampled_from(("user:ann", "user:bob"))),
                at_ms=position,
                others=tuple(map(anchor, others)),
                ties=(taught,) if verb.arranges else (),
                team=first.team,
                position=position,
            )
        )
    return log


def holding(log: Sequence[Act | Undo]) -> list[Act]:
    gone = {one.undoes for one in log if isinstance(one, Undo)}
    return [one for one in log if isinstance(one, Act) and one.id not in gone]


def expected(
    found: Sequence[Anomaly], acts: Sequence[Act], now_ms: int, marks: Mapping[int, Progress]
) -> set[Story]:
    """Straight from the whole set and the acts that hold."""
    frontier_ms = frontier_of([p.clock_ms for p in marks.values()], RULES.patience_ms)
    relations = relations_of(list(found), RULES, frontier_ms)
    relations.ties = Ties.of(acts)
    sweep, groups = Sweep(RULES, relations), dict[str, list[PlacedAnomaly]]()
    placed = []
    for one in sorted(found, key=in_order):
        joined = sweep.place(one)
        placed.append(PlacedAnomaly(one, tuple(joined), None, tuple(joined.values())))
    for each in placed:
        groups.setdefault(sweep.root(each.anomaly.id), []).append(each)
    people, stories = People(acts), set()
    for group in people.arrange(list(groups.values())):
        founder = next((p.anomaly.id for p in group if RULES.opens(p.anomaly)), None)
        if founder is None and people.made(group):
            founder = group[0].anomaly.id
        if founder is not None:
            members = [p.anomaly for p in group]
            whole = people.overlaid(compose(founder, members, now_ms, SeriesCounts(), RULES))
            stories.add((whole.id, frozenset(whole.members), whole.start_ms, whole.end_ms, whole.state.value))
    return stories


@settings(max_examples=150, deadline=None)
@given(anomalies(most=14, span_hours=120), st.integers(1, 2), st.sampled_from((2, 100_000)), st.data())
def test_any_order_of_events_and_acts_gives_the_same_incidents(
    found: list[Anomaly], shards: int, memory: int, data: st.DataObject
) -> None:
    log = data.draw(told(found)) if found else []
    ledger = MemoryLedger()
    engine = engine_on(ledger, memory)
    lanes: list[list[AnomalyEvent | Act | Undo]] = [list(log)]
    lanes += [list(lane) for lane in streams(found, shards)]
    while waiting := [lane for lane in lanes if lane]:
        one = data.draw(st.sampled_from(waiting)).pop(0)
        for _ in range(data.draw(st.sampled_from((1, 1, 2)))):  # told twice, it changes nothing
            if isinstance(one, Act | Undo):
                engine.act(one)
            else:
                engine.absorb(Batch(one.shard, one.position, one.at_ms, [one]))
        if data.draw(st.integers(0, 9)) == 0:
            engine = engine_on(ledger, memory)
    now_ms = max((e.at_ms for lane in streams(found, shards) for e in lane), default=EPOCH)
    assert ledger.stories() == expected(found, holding(log), now_ms, ledger.marks)
    assert {name for name, act in ledger.done.items() if act.undone_by is None} == {
        act.id for act in holding(log)
    }


@settings(max_examples=50, deadline=None)
@given(anomalies(most=14, span_hours=120), st.data())
def test_what_is_undone_never_was(found: list[Anomaly], data: st.DataObject) -> None:
    """Undoing every act gives the incidents of the anomalies alone."""
    log = data.draw(told(found)) if found else []
    plain, ledger = MemoryLedger(), MemoryLedger()
    engines = engine_on(plain), engine_on(ledger)
    for event in (e for lane in streams(found, 1) for e in lane):
        for engine in engines:
            engine.absorb(Batch(event.shard, event.position, event.at_ms, [event]))
    for one in [*log, *(Undo(act.id, "user:ann", 99) for act in holding(log))]:
        engines[1].act(one)
    assert ledger.stories() == plain.stories()


@settings(max_examples=50, deadline=None)
@given(anomalies(most=14, span_hours=120), st.data())
def test_taking_an_incident_loses_no_end(found: list[Anomaly], data: st.DataObject) -> None:
    """Acknowledged or not, it recovers, closes and expires at the same times, with the same members."""
    ledger, plain = MemoryLedger(), MemoryLedger()
    engines = engine_on(ledger), engine_on(plain)
    events = [e for lane in streams(found, 1) for e in lane]
    at = data.draw(st.integers(0, len(events)))
    for number, event in enumerate(events):
        if number == at:
            for one in found:
                act = Act(one.id[:32], Verb.ACKNOWLEDGE, Incident.id_of(one.id), anchor(one), "user:ann", 1)
                engines[0].act(act)
        told_both = [e.absorb(Batch(0, event.position, event.at_ms, [event])) for e in engines]
        over = [
            [c.incident.id for c in changes if c.incident.state.over and c.incident.merged_into is None]
            for changes in told_both
        ]
        assert over[0] == over[1]
    for id, left in plain.incidents.items():
        taken = ledger.incidents[id]
        assert (taken.state.over, taken.end_ms, taken.due_ms) == (left.state.over, left.end_ms, left.due_ms)
        if left.state.over or left.state is IncidentState.RECOVERING:
            assert taken.state is left.state
    assert set(ledger.incidents) == set(plain.incidents)
