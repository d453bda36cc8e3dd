"""Labels that are late by up to two weeks: the same incidents in the end, and none while they are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.assembly import build
from monitor.domain.batch import Mode
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.records import Tick
from monitor.domain.served import METRIC, ModelSettings
from monitor.service import Monitor
from monitor.settings import MetaSettings, Settings
from tests.served.world import START_MS, World, like, records, world

HOURS, BAD_FROM, BAD_HOURS = 288, 230, 10
MATURITY_MS = 14 * DAY_MS
END_MS = START_MS + HOURS * HOUR_MS + MATURITY_MS + DAY_MS
DELAYS = (0, 3 * DAY_MS, MATURITY_MS - 2 * HOUR_MS)


def truth() -> World:
    """A model that is wrong more often than right for ten hours."""
    made = np.random.default_rng(7)
    found = world(HOURS * 60, hours=HOURS, seed=7)
    hour = (found.ts_ms - START_MS) // HOUR_MS
    bad = (hour >= BAD_FROM) & (hour < BAD_FROM + BAD_HOURS) & (made.random(len(found)) < 0.9)
    return like(found, truth=np.where(bad, ~found.truth, found.truth), country=np.full(len(found), "NL"))


@dataclass
class Told:
    """Incidents in the end, and the metrics of those there were when the last prediction had come."""

    incidents: list[tuple[Any, ...]]
    meanwhile: set[str]


def run(folder: Path, delay_ms: int) -> Told:
    now = [START_MS]
    settings = Settings(engine="inline", shards=1, data_dir=folder, meta=MetaSettings(enabled=False))
    monitor = build(settings, clock_ms=lambda: now[0])
    monitor.start()
    try:
        meanwhile = _live(monitor, now, delay_ms)
        return Told(_incidents(monitor), meanwhile)
    finally:
        monitor.stop()


def _live(monitor: Monitor, now: list[int], delay_ms: int) -> set[str]:
    serving = monitor.serving
    serving.declare("churn", ModelSettings(maturity_ms=MATURITY_MS))
    of = truth()
    late = (delay_ms * np.random.default_rng(3).random(len(of))).astype(np.int64)
    meanwhile: set[str] | None = None
    told = records(like(of, known_ms=of.ts_ms + late + 1), every_ms=HOUR_MS)
    for place, (arrival_ms, kind, batch) in enumerate(told):
        if meanwhile is None and arrival_ms >= START_MS + HOURS * HOUR_MS:
            meanwhile = {series.partition("{")[0] for one in _incidents(monitor) for series, *_ in one[2:]}
        now[0] = arrival_ms
        getattr(serving, kind)(batch, Mode.LIVE, place.to_bytes(16)).result(30)
    now[0] = END_MS
    serving.complete(END_MS).result(30)
    serving.settle(120)
    monitor._engine.control(Tick(END_MS, complete=True, request_id=b"the end of it...")).result(60)
    return meanwhile or set()


def _incidents(monitor: Monitor) -> list[tuple[Any, ...]]:
    """Start and end, and of each member series, onset and kind."""
    monitor.settle(120)
    found = []
    for one in monitor.recounting.incidents(limit=100).items:
        incident, members = monitor.recounting.incident(one.id)
        whole = sorted((str(m.anomaly.series), m.anomaly.onset_ms, m.anomaly.kind.value) for m in members)
        found.append((incident.start_ms, incident.end_ms, *whole))
    return found


@pytest.mark.slow
def test_however_late_labels_come_the_incidents_are_the_same_in_the_end(tmp_path: Path) -> None:
    at_once, late, latest = (run(tmp_path / str(delay_ms), delay_ms) for delay_ms in DELAYS)
    assert at_once.incidents == late.incidents == latest.incidents
    (bad,) = [one for one in latest.incidents if one[0] == START_MS + BAD_FROM * HOUR_MS]
    names = {series.partition("{")[0] for series, *_ in bad[2:]}
    assert "model.accuracy" in names
    assert "model.accuracy" in at_once.meanwhile
    # While labels are missing nothing that they decide is told.
    decided = {
        METRIC + name for name in ("accuracy", "precision", "recall", "f1", "auc", "log_loss", "brier")
    }
    assert not (late.meanwhile | latest.meanwhile) & decided
