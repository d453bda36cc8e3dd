"""Absorbed drift among incidents: it stands where it was reported, however long it took."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.incident import IncidentState, SeriesCounts
from monitor.incidents.engine import IncidentEngine
from monitor.incidents.grouping import group
from monitor.incidents.incidents import compose
from monitor.incidents.rules import Rules
from tests.incidents.making import EPOCH, MemoryLedger, anomaly, batch

WEEKS = 5 * 7 * 24


def drift(metric: str = "m", host: str = "a", at: float = 0, direction: int = 1) -> Anomaly:
    """Reported in the hour ``at``, five weeks after its reference."""
    made = anomaly(metric, {"host": host}, at - WEEKS, WEEKS + 1, kind=AnomalyKind.ABSORBED_DRIFT)
    return replace(made, direction=direction, value=5.0, expected=2.0, buckets=WEEKS + 1)


def test_it_stands_at_its_report() -> None:
    one = drift(at=10)
    assert one.onset_ms == EPOCH + (10 - WEEKS) * HOUR_MS
    assert one.begin_ms == EPOCH + 10 * HOUR_MS
    assert anomaly(at=3, hours=None).begin_ms == EPOCH + 3 * HOUR_MS
    assert one.id.endswith("-d")


def test_it_draws_nothing_in_from_the_weeks_it_took() -> None:
    before = [anomaly("m", {"host": "a"}, at=-48 * i, hours=2) for i in range(1, 17)]
    found = group([*before, drift()], Rules())
    assert len(found) == 17
    assert sorted(len(one.members) for one in found) == [1] * 17


def test_hundreds_at_different_days_are_hundreds() -> None:
    drifts = [drift("m", f"h{i}", at=26 * i) for i in range(300)]
    assert len(group(drifts, Rules())) == 300


def test_those_of_one_metric_that_are_reported_together_are_one_story() -> None:
    (one,) = group([drift("m", f"h{i}", at=0.2 * i) for i in range(6)], Rules())
    assert len(one.members) == 6


def test_its_incident_opens_and_closes_and_is_told_in_words() -> None:
    now = EPOCH + 3 * DAY_MS
    incident = compose("x", [drift()], now, SeriesCounts(), Rules())
    assert incident.state is IncidentState.CLOSED
    assert (incident.start_ms, incident.end_ms) == (EPOCH, EPOCH + HOUR_MS)
    assert (incident.kind, incident.direction) == ("absorbed drift", 1)
    assert incident.title == "m has drifted up at host a since 31 Dec 17:00 UTC; 1 series"
    assert incident.suspects[0].why == ("moved first; absorbed drift, 5 where 2 was expected (score 90)")
    down = compose("x", [drift(direction=-1)], now, SeriesCounts(), Rules())
    assert down.title.startswith("m has drifted down at")


def test_the_engine_places_it_by_its_report_also_after_a_restart() -> None:
    ledger = MemoryLedger()
    spike = anomaly("m", {"host": "a"}, at=0.5, hours=1)
    IncidentEngine(ledger).absorb(batch(0, 1, drift(), clock_ms=EPOCH + HOUR_MS))
    IncidentEngine(ledger).absorb(batch(0, 2, spike, clock_ms=EPOCH + 2 * HOUR_MS))
    (story,) = ledger.stories()
    assert story[0] == f"inc-{drift().id}"
    assert story[1] == {drift().id, spike.id}
    older = anomaly("m", {"host": "a"}, at=-WEEKS + 1, hours=1)
    IncidentEngine(ledger).absorb(batch(0, 3, older, clock_ms=EPOCH + 3 * HOUR_MS))
    assert len(ledger.stories()) == 2
