"""History read in beside live series goes by its own time: the clock of the day expires nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from monitor.assembly import build
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.incident import Incident
from monitor.domain.records import Tick
from monitor.domain.route import Route
from monitor.domain.series import Identity
from monitor.service import Monitor
from monitor.settings import Settings
from tests.fakes.clock import NOW_MS

BEGIN_MS = NOW_MS - 90 * DAY_MS
FAULT_H = 400
FAULT_MS = BEGIN_MS + FAULT_H * HOUR_MS
ORDERS = Identity.of("orders", {"country": "NL"})
BEAT = Identity.of("heartbeat")


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    """Its day is `NOW_MS`, as a live series says."""
    monitor = started(tmp_path, "inline")
    yield monitor
    monitor.stop()


def started(folder: Path, engine: Literal["inline", "processes"]) -> Monitor:
    settings = Settings(engine=engine, shards=1, data_dir=folder, auth="off")
    monitor = build(settings, clock_ms=lambda: NOW_MS)
    monitor.start()
    push(monitor, BEAT, [NOW_MS - HOUR_MS, NOW_MS], [1.0, 1.0], Mode.LIVE)
    return monitor


def push(monitor: Monitor, series: Identity, at: list[int], value: list[float], mode: Mode) -> None:
    prints = np.full(len(at), series.fingerprint(), np.uint64)
    names = {series.fingerprint(): series.canonical()}
    batch = SampleBatch(prints, np.array(at, np.int64), np.array(value), None, names)
    monitor.taking.submit(batch, mode).result(30)
    monitor.settle(60)


def read_in(monitor: Monitor, from_h: int, until_h: int, *, raised: bool) -> Incident:
    """A file with hours of the history, from which the level may be another; what became of the incident."""
    random = np.random.default_rng(7)
    value = 100.0 + random.standard_normal(2_000)[from_h:until_h]
    if raised:
        value[max(FAULT_H - from_h, 0) :] += 60.0
    at = [BEGIN_MS + hour * HOUR_MS for hour in range(from_h, until_h)]
    push(monitor, ORDERS, at, value.tolist(), Mode.BACKFILL)
    monitor._engine.control(Tick(at[-1] + HOUR_MS, complete=True)).result(60)
    monitor.settle(60)
    (found,) = monitor.recounting.incidents(limit=10).items
    return found


def test_it_is_open_while_its_own_history_has_it_so_and_ends_where_that_ends(monitor: Monitor) -> None:
    incident = read_in(monitor, 0, FAULT_H + 20, raised=True)
    assert incident.state == "open"
    assert incident.start_ms == FAULT_MS
    seen = monitor.alerts.preview([Route("all", ("ops",))], (), 7)
    assert {told.incidents[0].id for told in seen.dispatches} == {incident.id}
    assert seen.dispatches[0].kind == "opened"
    assert seen.since_ms < FAULT_MS < seen.until_ms < NOW_MS
    ended = read_in(monitor, FAULT_H + 20, FAULT_H + 60, raised=False)
    assert (ended.id, ended.state, ended.end_ms) == (incident.id, "closed", FAULT_MS + 20 * HOUR_MS)
    steps = monitor.recounting.transitions(incident.id)
    assert "expired" not in [step.kind for step in steps]
    assert all(step.at_ms < FAULT_MS + 60 * HOUR_MS for step in steps)


def test_it_expires_once_its_own_samples_are_past_the_longest_span(monitor: Monitor) -> None:
    assert (read_in(monitor, 0, FAULT_H + 90, raised=True)).state == "open"
    incident = read_in(monitor, FAULT_H + 90, FAULT_H + 110, raised=True)
    assert (incident.state, incident.end_ms) == ("expired", FAULT_MS + 4 * DAY_MS)
    assert monitor.recounting.transitions(incident.id)[-1].at_ms < FAULT_MS + 5 * DAY_MS


def test_it_stays_open_over_a_restart_and_in_another_engine(tmp_path: Path) -> None:
    monitor = started(tmp_path, "processes")
    before = read_in(monitor, 0, FAULT_H + 20, raised=True)
    monitor.stop()
    monitor = started(tmp_path, "inline")
    (after,) = monitor.recounting.incidents(limit=10).items
    assert (before.state, after.state, after.id) == ("open", "open", before.id)
    assert read_in(monitor, FAULT_H + 20, FAULT_H + 60, raised=False).state == "closed"
    monitor.stop()


def test_history_that_goes_live_goes_by_the_clock_from_there(monitor: Monitor) -> None:
    """60 hours of a fault in a file, 48 more live: past the longest span, four days."""
    turn_ms = NOW_MS - 2 * DAY_MS
    value = 100.0 + np.random.default_rng(7).standard_normal(508)
    value[400:] += 60.0
    at = [turn_ms + (hour - 460) * HOUR_MS for hour in range(508)]
    push(monitor, ORDERS, at[:460], value[:460].tolist(), Mode.BACKFILL)
    monitor._engine.control(Tick(turn_ms, complete=True)).result(60)
    monitor.settle(60)
    (incident,) = monitor.recounting.incidents(limit=10).items
    assert incident.state == "open"
    for hour in range(460, 508, 6):
        push(monitor, ORDERS, at[hour : hour + 6], value[hour : hour + 6].tolist(), Mode.LIVE)
    (incident,) = monitor.recounting.incidents(limit=10).items
    assert (incident.state, incident.end_ms) == ("expired", at[400] + 4 * DAY_MS)
