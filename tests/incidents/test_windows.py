"""Windows keep anomalies out of incidents, whatever order they and the anomalies are told in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.anomaly import Anomaly
from monitor.domain.durations import HOUR_MS
from monitor.domain.incident import TransitionKind
from monitor.domain.mute import Mute, Selector, Weekly
from monitor.domain.windows import Windows, kept_out
from monitor.incidents.engine import IncidentEngine
from monitor.incidents.rules import Rules
from tests.incidents.making import EPOCH, MemoryLedger, anomalies, anomaly, batch, opened
from tests.incidents.test_engine import deliver, expected, learning, streams

RULES = Rules()


def mute(from_h: float, until_h: float, metric: str = "*", **more: object) -> Mute:
    times = {"start_ms": EPOCH + int(from_h * HOUR_MS), "end_ms": EPOCH + int(until_h * HOUR_MS)}
    kept = {"author": "ann", "reason": "move", "notices": False, "incidents": True, **times}
    return Mute(f"m{from_h}-{until_h}", Selector(metric), **{**kept, **more})  # type: ignore[arg-type]


@st.composite
def mutes(draw: st.DrawFn) -> list[Mute]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.integers(0, 200))
        until = first + draw(st.sampled_from((1, 6, 30, 150)))
        made = mute(first, until, draw(st.sampled_from(("*", "a.*", "c"))))
        if draw(st.booleans()):
            made = replace(made, ended_ms=EPOCH + draw(st.integers(first, until)) * HOUR_MS)
        if draw(st.booleans()):
            made = replace(made, selector=replace(made.selector, team=draw(st.sampled_from(("", "red")))))
        found.append(made)
    return found


def as_muted(found: Sequence[Anomaly], windows: Windows, now_ms: int) -> list[Anomaly]:
    """What of a set of anomalies incidents are made of."""
    muted = [windows.over(one) for one in found]
    return [one for one in muted if not kept_out(one, now_ms)]


@settings(max_examples=40, deadline=None)
@given(anomalies(), mutes(), st.data())
def test_when_a_window_is_told_of_changes_nothing(
    found: list[Anomaly], asked: list[Mute], data: st.DataObject
) -> None:
    """Before, amid or after the anomalies, first whole and then ended early, with restarts between."""
    ledger = MemoryLedger()
    engine = learning(ledger)
    events = streams(found, 2)
    cut = [data.draw(st.integers(0, len(lane))) for lane in events]
    deliver(data, engine, [lane[:end] for lane, end in zip(events, cut, strict=True)])
    whole, windows = Windows(replace(one, ended_ms=None) for one in asked), Windows(asked)
    engine.mute(whole, EPOCH)
    engine.mute(whole, EPOCH)
    if data.draw(st.booleans()):
        engine = IncidentEngine(ledger, RULES, learn=engine._learn, lineage=engine.lineage, windows=whole)
    deliver(data, engine, [lane[end:] for lane, end in zip(events, cut, strict=True)])
    engine.mute(windows, EPOCH)
    now_ms = max((e.at_ms for lane in events for e in lane), default=EPOCH)
    assert ledger.stories() == expected(as_muted(found, windows, now_ms), now_ms, ledger.marks)
    assert all(RULES.alone(one.anomaly) for one in ledger.placed.values() if one.incident_id is None)
    engine.mute(Windows(), EPOCH)
    assert ledger.stories() == expected(found, now_ms, ledger.marks)
    assert all(RULES.alone(one.anomaly) for one in ledger.placed.values() if one.incident_id is None)


def test_what_still_goes_on_begins_an_incident_at_the_end_of_the_window() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES, windows=Windows([mute(0, 10, "a.*")]))
    passing, lasting = anomaly("a.one", at=2, hours=3), anomaly("a.two", at=4, hours=None)
    other = anomaly("b.one", at=3, hours=1)
    engine.absorb(batch(0, 1, opened(passing), opened(lasting), opened(other), clock_ms=EPOCH + 4 * HOUR_MS))
    assert [one.founder_id for one in ledger.incidents.values()] == [other.id]
    engine.absorb(batch(0, 2, passing, other, clock_ms=EPOCH + 14 * HOUR_MS))
    assert len(ledger.incidents) == 1
    changes = engine.absorb(batch(0, 3, clock_ms=EPOCH + 15 * HOUR_MS))
    new = [one for one in changes if one.incident.founder_id == lasting.id]
    assert [one.transition.kind for one in new][-1] in (TransitionKind.OPENED, TransitionKind.PENDING)
    assert new[0].incident.start_ms == EPOCH + 10 * HOUR_MS
    assert {one.anomaly.id for one in ledger.placed.values() if one.incident_id is None} == {passing.id}


def test_what_began_before_somebody_asked_stays_in_its_incident() -> None:
    ledger = MemoryLedger()
    engine = IncidentEngine(ledger, RULES)
    before, amid = anomaly("a.one", at=2, hours=None), anomaly("a.two", at=4, hours=None)
    engine.absorb(batch(0, 1, before, clock_ms=EPOCH + 3 * HOUR_MS))
    engine.mute(Windows([mute(0, 10, created_ms=EPOCH + 3 * HOUR_MS)]), EPOCH)
    engine.absorb(batch(0, 2, amid, clock_ms=EPOCH + 5 * HOUR_MS))
    (incident,) = ledger.incidents.values()
    assert (incident.founder_id, incident.member_count) == (before.id, 1)


def test_ending_it_early_lets_in_what_goes_on() -> None:
    ledger = MemoryLedger()
    asked = mute(0, 200)
    engine = IncidentEngine(ledger, RULES, windows=Windows([asked]))
    one = anomaly("a.one", at=2, hours=None)
    engine.absorb(batch(0, 1, one, clock_ms=EPOCH + 20 * HOUR_MS))
    assert ledger.incidents == {}
    (change,) = engine.mute(Windows([replace(asked, ended_ms=EPOCH + 8 * HOUR_MS)]), EPOCH)
    assert change.incident.start_ms == EPOCH + 8 * HOUR_MS


@pytest.mark.parametrize(("at", "until"), [(1, 3), (4, 6), (6, None), (26, 30)])
def test_windows_that_overlap_or_come_back_are_followed_to_their_end(at: float, until: float | None) -> None:
    """Of two that overlap the later end counts; of weekly hours, those of the day."""
    first = mute(0, 2)
    second = mute(1.5, 3)
    night = mute(0, 100, weekly=Weekly(tuple(range(7)), (EPOCH // 60_000 + 240) % 1_440, 120))
    hourly = mute(26, 30)
    found = Windows([first, second, night, hourly]).until_ms(anomaly(at=at))
    assert found == (None if until is None else EPOCH + until * HOUR_MS)
