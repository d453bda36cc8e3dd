"""The incidents are a function of what was told, however, in whatever pieces and how often."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.anomaly import Anomaly, AnomalyEvent, AnomalyKind, Change
from monitor.domain.durations import HOUR_MS
from monitor.domain.incident import (
    Incident,
    IncidentState,
    LedgerStep,
    Progress,
    SeriesCounts,
    TransitionKind,
)
from monitor.domain.series import Identity
from monitor.incidents import working_set
from monitor.incidents.engine import IncidentEngine
from monitor.incidents.grouping import group
from monitor.incidents.lifecycle import life
from monitor.incidents.relations import frontier_of
from monitor.incidents.rules import Rules
from tests.incidents.making import (
    EPOCH,
    LINEAGE,
    Batch,
    MemoryLedger,
    Story,
    anomalies,
    anomaly,
    batch,
    easily,
    opened,
    relations_of,
)

RULES = Rules()


def learning(ledger: MemoryLedger, memory: int = 100_000) -> IncidentEngine:
    """An engine that learns from few onsets, and knows of links."""
    return IncidentEngine(ledger, RULES, most_in_memory=memory, learn=easily, lineage=LINEAGE)


def expected(found: Sequence[Anomaly], now_ms: int, marks: Mapping[int, Progress]) -> set[Story]:
    """Straight from the whole set and how far shards were heard, by the pure functions."""
    stories = set()
    rules, frontier_ms = RULES, frontier_of([p.clock_ms for p in marks.values()], RULES.patience_ms)
    for one in group(found, rules, relations_of(list(found), rules, frontier_ms)):
        founder = next((m.id for m in one.members if rules.opens(m)), None)
        if founder is not None:
            lived = life(one.members, now_ms, rules)
            ids = frozenset(m.id for m in one.members)
            stories.add((Incident.id_of(founder), ids, lived.start_ms, lived.end_ms, lived.state.value))
    return stories


def streams(found: Sequence[Anomaly], shards: int) -> list[list[AnomalyEvent]]:
    """Per shard: every anomaly told open, then as it ended, in order of event time."""
    told: list[list[tuple[int, str, Change, Anomaly]]] = [[] for _ in range(shards)]
    for one in found:
        lane = told[one.series.fingerprint() % shards]
        lane.append((one.begin_ms, one.id, Change.OPENED, opened(one)))
        if one.end_ms is not None:
            lane.append((one.end_ms, one.id, Change.CLOSED, one))
        else:
            lane.append((one.begin_ms, one.id, Change.UPDATED, one))
    return [
        [
            AnomalyEvent(shard, 1 + i // 3, i % 3, change, at_ms, version)
            for i, (at_ms, _, change, version) in enumerate(sorted(lane, key=lambda e: e[:3]))
        ]
        for shard, lane in enumerate(told)
    ]


def deliver(data: st.DataObject, engine: IncidentEngine, events: list[list[AnomalyEvent]]) -> None:
    """Some interleaving, cut into batches anywhere between positions, parts of it twice."""
    at = [0] * len(events)
    while any(at[s] < len(events[s]) for s in range(len(events))):
        shard = data.draw(st.sampled_from([s for s in range(len(events)) if at[s] < len(events[s])]))
        lane = events[shard]
        until = min(len(lane), at[shard] + data.draw(st.sampled_from((1, 4, 50))))
        back = max(0, at[shard] - data.draw(st.sampled_from((0, 0, 5))))
        part = lane[back:until]
        engine.absorb(Batch(shard, part[-1].position, part[-1].at_ms, part))
        if data.draw(st.booleans()):
            engine.absorb(Batch(shard, part[-1].position, part[-1].at_ms, part))
        at[shard] = until


@settings(max_examples=150, deadline=None)
@given(anomalies(), st.integers(1, 3), st.sampled_from((2, 100_000)), st.data())
def test_any_interleaving_batching_and_repetition_gives_the_same_incidents(
    found: list[Anomaly], shards: int, memory: int, data: st.DataObject
) -> None:
    ledger = MemoryLedger()
    events = streams(found, shards)
    with patch.object(working_set, "_FIRST_CHECK", data.draw(st.sampled_from((1, 64)))):
        deliver(data, learning(ledger, memory), events)
    now_ms = max((e.at_ms for lane in events for e in lane), default=EPOCH)
    assert ledger.stories() == expected(found, now_ms, ledger.marks)


@settings(max_examples=30, deadline=None)
@given(anomalies(most=60, span_hours=1_000), st.data())
def test_a_shard_far_behind_the_other_changes_nothing(found: list[Anomaly], data: st.DataObject) -> None:
    ledger = MemoryLedger()
    engine = learning(ledger, data.draw(st.sampled_from((3, 100_000))))
    events = streams(found, 2)
    with patch.object(working_set, "_FIRST_CHECK", data.draw(st.sampled_from((1, 4)))):
        for one in (e for lane in events for e in lane):
            engine.absorb(Batch(one.shard, one.position, one.at_ms, [one]))
    now_ms = max((e.at_ms for lane in events for e in lane), default=EPOCH)
    assert ledger.stories() == expected(found, now_ms, ledger.marks)


class Dying(MemoryLedger):
    """Fails before or after the commit of a step, as a process does that is killed there."""

    def __init__(self, fail: set[int]) -> None:
        super().__init__()
        self.calls = 0
        self.fail = fail

    def commit(self, step: LedgerStep) -> None:
        self.calls += 1
        if self.calls in self.fail and self.calls % 2:
            raise OSError("before")
        super().commit(step)
        if self.calls in self.fail:
            raise OSError("after")


@settings(max_examples=60, deadline=None)
@given(anomalies(), st.sets(st.integers(1, 20)))
def test_dying_around_a_commit_and_hearing_all_again_changes_nothing(
    found: list[Anomaly], fail: set[int]
) -> None:
    ledger = Dying(fail)
    engine = learning(ledger)
    events = streams(found, 2)
    pending = [Batch(e.shard, e.position, e.at_ms, [e]) for lane in events for e in lane]
    while pending:
        try:
            engine.absorb(pending[0])
        except OSError:
            engine = learning(ledger)
        else:
            pending.pop(0)
    now_ms = max((e.at_ms for lane in events for e in lane), default=EPOCH)
    assert ledger.stories() == expected(found, now_ms, ledger.marks)
    for name in {t.incident_id for t in ledger.transitions}:
        steps = [t for t in ledger.transitions if t.incident_id == name]
        assert [t.sequence for t in steps] == list(range(1, len(steps) + 1))
        kinds = [t.kind for t in steps]
        assert kinds[0] in (TransitionKind.PENDING, TransitionKind.OPENED)
        assert kinds.count(TransitionKind.OPENED) == ledger.incidents[name].opened
        assert kinds.count(TransitionKind.PENDING) <= 1
        assert ledger.incidents[name].sequence == len(steps)


@settings(max_examples=60, deadline=None)
@given(anomalies(), st.data())
def test_forgetting_a_series_leaves_the_incidents_of_the_others(
    found: list[Anomaly], data: st.DataObject
) -> None:
    ledger = MemoryLedger()
    engine = learning(ledger, data.draw(st.sampled_from((3, 100_000))))
    events = streams(found, 2)
    deliver(data, engine, events)
    names = sorted({a.series for a in found}) or [Identity.of("none")]
    gone = data.draw(st.sampled_from(names))
    engine.forget(f"{gone.fingerprint():016x}")
    now_ms = max((e.at_ms for lane in events for e in lane), default=EPOCH)
    rest = [a for a in found if a.series != gone]
    assert ledger.stories() == expected(rest, now_ms, ledger.marks)
    late = anomaly("a.one", {"k": "2"}, 100, 3)
    engine.absorb(batch(9, 1, late, clock_ms=now_ms))
    assert ledger.stories() == expected([a for a in rest if a.id != late.id] + [late], now_ms, ledger.marks)


# -- one story at a time --------------------------------------------------------------------------


def told(changes: object) -> list[tuple[str, TransitionKind]]:
    return [(c.incident.id, c.transition.kind) for c in changes]  # type: ignore[attr-defined]


def test_a_life_from_open_to_closed() -> None:
    engine = IncidentEngine(MemoryLedger(), RULES)
    one, two = anomaly("m", {"k": "1"}, 0, 3), anomaly("m", {"k": "2"}, 1, 3)
    name = Incident.id_of(one.id)
    assert told(engine.absorb(batch(0, 1, opened(one)))) == [(name, TransitionKind.PENDING)]
    assert told(engine.absorb(batch(1, 1, opened(two)))) == [(name, TransitionKind.OPENED)]
    assert told(engine.absorb(batch(0, 2, one))) == [(name, TransitionKind.UPDATED)]  # its score grew
    (quiet,) = engine.absorb(batch(1, 2, two))
    assert quiet.transition.kind is TransitionKind.RECOVERING
    assert (quiet.incident.state, quiet.incident.end_ms) == (IncidentState.RECOVERING, None)
    assert engine.absorb(batch(0, 3, clock_ms=EPOCH + 6 * HOUR_MS - 1)) == []
    (closed,) = engine.absorb(batch(0, 4, clock_ms=EPOCH + 6 * HOUR_MS))
    assert closed.transition.kind is TransitionKind.CLOSED
    assert (closed.incident.state, closed.incident.end_ms) == (IncidentState.CLOSED, EPOCH + 4 * HOUR_MS)
    assert closed.incident.members == (one.id, two.id)
    assert closed.transition.sequence == 5
    assert engine.positions() == {0: 4, 1: 2}


def test_one_weak_bucket_of_one_series_is_never_opened() -> None:
    engine = IncidentEngine(MemoryLedger(), RULES)
    weak = anomaly("m", score=70.0)
    assert told(engine.absorb(batch(0, 1, weak))) == [(Incident.id_of(weak.id), TransitionKind.PENDING)]
    (closed,) = engine.absorb(batch(0, 2, clock_ms=EPOCH + 9 * HOUR_MS))
    assert (closed.transition.kind, closed.incident.opened) == (TransitionKind.CLOSED, False)


@pytest.mark.parametrize("more", [{"score": 75.0}, {"buckets": 2}, {"kind": AnomalyKind.LEVEL_SHIFT}])
def test_what_is_sure_is_opened_at_once(more: dict[str, object]) -> None:
    one = replace(anomaly("m", hours=None, score=70.0), **more)  # type: ignore[arg-type]
    assert [kind for _, kind in told(IncidentEngine(MemoryLedger(), RULES).absorb(batch(0, 1, one)))] == [
        TransitionKind.OPENED
    ]


def test_what_comes_and_goes_is_one_unstable_incident() -> None:
    """Eight hours apart and quiet in between, from the third on it is one story."""
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    some = [anomaly("m", at=6 * i, hours=1) for i in range(5)]
    for number, one in enumerate(some, 1):
        engine.absorb(batch(0, number, one))
    (whole,) = (i for i in ledger.incidents.values() if not i.state.over)
    assert (whole.id, whole.member_count, whole.flaps) == (Incident.id_of(some[0].id), 5, 5)
    assert "unstable" in whole.title
    assert "a series came and went 5 times" in whole.reasons
    others = [i for i in ledger.incidents.values() if i is not whole]
    assert {i.merged_into for i in others} == {whole.id}
    rare = [anomaly("n", at=20 * i, hours=1) for i in range(4)]
    for number, one in enumerate(rare, 9):
        engine.absorb(batch(0, number, one))
    assert [i.flaps for i in ledger.incidents.values() if "n " in i.title] == [0] * 4


def test_a_late_relative_reopens_nothing_twice() -> None:
    engine = IncidentEngine(MemoryLedger(), RULES)
    one = anomaly("m", {"k": "1"}, 0, 1)
    (first, second) = told(engine.absorb(batch(0, 1, one, clock_ms=EPOCH + 9 * HOUR_MS)))
    assert [first[1], second[1]] == [TransitionKind.OPENED, TransitionKind.CLOSED]
    late = anomaly("m", {"k": "2"}, 2, None)
    assert told(engine.absorb(batch(1, 1, late))) == [(first[0], TransitionKind.REOPENED)]


def test_the_older_incident_keeps_its_name_in_a_merger() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    old, young = anomaly("a", {"k": "1"}, 0, 2), anomaly("b", {"k": "2"}, 1, 2)
    engine.absorb(batch(0, 1, young))
    engine.absorb(batch(1, 1, old))
    changes = engine.absorb(batch(0, 2, anomaly("a", {"k": "2"}, 2, 1)))
    assert told(changes) == [
        (Incident.id_of(old.id), TransitionKind.UPDATED),
        (Incident.id_of(young.id), TransitionKind.MERGED),
    ]
    gone = ledger.incidents[Incident.id_of(young.id)]
    assert (gone.state, gone.merged_into) == (IncidentState.MERGED, Incident.id_of(old.id))
    assert changes[0].incident.member_count == 3


def test_an_incident_has_the_name_of_its_first_member_whoever_is_heard_first() -> None:
    early, late = anomaly("m", {"k": "1"}, 0, None), anomaly("m", {"k": "2"}, 1, None)
    name, former = Incident.id_of(early.id), Incident.id_of(late.id)
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    assert told(engine.absorb(batch(1, 1, late))) == [(former, TransitionKind.OPENED)]
    renamed = [(name, TransitionKind.OPENED), (former, TransitionKind.MERGED)]
    assert told(engine.absorb(batch(0, 1, early))) == renamed
    assert (ledger.incidents[name].state, ledger.incidents[former].merged_into) == (IncidentState.OPEN, name)
    other = MemoryLedger()
    engine = IncidentEngine(other, RULES)
    engine.absorb(batch(0, 1, early))
    assert told(engine.absorb(batch(1, 1, late))) == [(name, TransitionKind.UPDATED)]
    assert ledger.stories() == other.stories()


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("in_memory", [True, False])
def test_an_anomaly_keeps_the_team_it_began_with(at_once: bool, in_memory: bool) -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one = replace(anomaly("m", {"k": "1"}, 0, 3), team="red")
    other = replace(anomaly("m", {"k": "2"}, 0, 3), team="blue")
    steps = [opened(one), opened(other), replace(one, team="blue"), replace(other, team="red")]
    for number, step in enumerate(steps if not at_once else [steps], 1):
        several = step if isinstance(step, list) else [step]
        engine.absorb(batch(0, number, *several, clock_ms=EPOCH + number * HOUR_MS))
        if not in_memory:
            engine = IncidentEngine(ledger, RULES)
    kept = {incident.id: incident for incident in ledger.incidents.values()}
    assert {id: i.team for id, i in kept.items()} == {
        Incident.id_of(one.id): "red",
        Incident.id_of(other.id): "blue",
    }
    assert all(incident.member_count == 1 for incident in kept.values())


def test_counts_are_asked_of_the_incidents_team() -> None:
    asked: list[str] = []

    def counts(team: str) -> SeriesCounts:
        asked.append(team)
        return SeriesCounts(total={"red": 2, "": 9}.get(team, 0))

    engine = IncidentEngine(MemoryLedger(), RULES, counts=counts)
    some = [replace(anomaly(f"m{i}", {"k": str(i)}, 0, 3), team="red" if i else "") for i in range(3)]
    engine.absorb(batch(0, 1, *some))
    assert sorted(asked) == ["", "red"]


def test_what_outlasts_the_cap_expires_there_and_the_next_is_another() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    shift = anomaly("m", {"k": "1"}, 0, None, kind=AnomalyKind.LEVEL_SHIFT)
    engine.absorb(batch(0, 1, shift))
    (expired,) = engine.absorb(batch(0, 2, clock_ms=EPOCH + RULES.cap_ms))
    assert expired.transition.kind is TransitionKind.EXPIRED
    assert expired.incident.end_ms == EPOCH + RULES.cap_ms
    (after,) = engine.absorb(batch(0, 3, anomaly("m", {"k": "2"}, 97, None)))
    assert after.transition.kind is TransitionKind.OPENED
    ended = replace(shift, end_ms=EPOCH + 200 * HOUR_MS)
    assert engine.absorb(batch(0, 4, ended, clock_ms=EPOCH + 98 * HOUR_MS)) == []
    assert ledger.placed[shift.id].anomaly == ended


def test_ended_opens_no_incident_alone_and_joins_one() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    end = anomaly("m", {"k": "1"}, 0, 1, kind=AnomalyKind.ENDED, direction=0)
    assert engine.absorb(batch(0, 1, end)) == []
    (change,) = engine.absorb(batch(0, 2, anomaly("m", {"k": "2"}, 1, None)))
    assert change.incident.member_count == 2
    assert end.id in change.incident.members
    assert change.incident.founder_id != end.id


def test_events_at_one_position_may_come_in_two_batches() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    one, two = anomaly("a", at=0), anomaly("b", at=0)
    whole = batch(0, 5, one, two)
    engine.absorb(replace(whole, events=whole.events[:1]))
    engine.absorb(whole)
    assert set(ledger.placed) == {one.id, two.id}
    assert ledger.marks[0].sequence == 1


def test_a_failed_step_leaves_nothing_behind_in_memory() -> None:
    ledger = Dying({1})
    engine = IncidentEngine(ledger, RULES)
    one = batch(0, 1, anomaly("a"))
    with pytest.raises(OSError, match="before"):
        engine.absorb(one)
    assert engine.positions() == {}
    assert [c.transition.sequence for c in engine.absorb(one)] == [1, 2]


def test_memory_does_not_grow_with_time() -> None:
    engine = IncidentEngine(MemoryLedger(), RULES)
    for hour in range(0, 24 * 60, 2):
        engine.absorb(batch(0, 1 + hour, anomaly("m", at=hour, hours=1)))
    work = engine._work
    assert work is not None
    assert len(work.held.nodes) <= 8 * 12 + 1
    assert len(work.held.incidents) <= 5
    assert len(work.due) <= 1


def test_a_busy_stream_costs_little_a_batch() -> None:
    engine = IncidentEngine(MemoryLedger(), RULES)
    began = time.process_time()
    for hour in range(100):
        told_now = [anomaly("m.x", {"h": str(i)}, hour, 2) for i in range(20)]
        engine.absorb(batch(0, 1 + hour, *told_now))
    assert time.process_time() - began < 10
