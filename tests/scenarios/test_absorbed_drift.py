"""A ramp that the band swallows, from samples to the answer of the API; with restarts, and from the log
alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.assembly import build
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.records import Tick
from monitor.domain.series import Identity
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.service import Monitor
from monitor.settings import Settings
from tests.engine.making import Kept

START_MS = 1_750_000_000_000 // DAY_MS * DAY_MS
BEFORE, DAYS = 35, 90
NAMES = [
    Identity.of("latency", {"host": "a"}),
    Identity.of("latency", {"host": "b"}),
    Identity.of("accuracy", {"model": "churn"}),
    Identity.of("orders", {"shop": "nl"}),
]
SIDES = (1.0, 0.0, -1.0, 0.0)
PARTS = 3


@dataclass
class Answers:
    anomalies: list[dict[str, Any]]
    incidents: list[dict[str, Any]]
    digests: list[str]


def batches() -> Iterator[SampleBatch]:
    """Every hour of 90 days; two of four series ramp by 0.1 scales a day from day 35 to 65."""
    hours = np.arange(DAYS * 24)
    ramp = np.clip(0.1 * (hours / 24 - BEFORE), 0.0, 3.0)
    season = 4.0 * np.sin(2.0 * np.pi * hours / 24)
    noise = np.random.default_rng(11).standard_normal((len(NAMES), len(hours)))
    values = 80.0 + season + noise + np.array(SIDES)[:, None] * ramp
    prints = np.array([name.fingerprint() for name in NAMES], np.uint64)
    for part in np.array_split(hours, PARTS):
        yield SampleBatch(
            fingerprint=np.tile(prints, len(part)),
            ts_ms=np.repeat(START_MS + part * HOUR_MS, len(NAMES)).astype(np.int64),
            value=np.ascontiguousarray(values[:, part].T).reshape(-1),
            identities={name.fingerprint(): name.canonical() for name in NAMES},
        )


def fed(folder: Path, restarts: bool) -> tuple[Monitor, Answers]:
    monitor = _started(folder)
    for batch in batches():
        if restarts:
            monitor.stop()
            monitor = _started(folder)
        monitor.taking.submit(batch, Mode.BACKFILL).result(60)
        monitor.settle(120)
    end_ms = START_MS + DAYS * DAY_MS
    monitor._engine.control(Tick(end_ms, complete=True)).result(60)
    monitor.settle(120)
    with TestClient(create_app(monitor), base_url="http://localhost") as http:
        anomalies = http.get("/api/v1/anomalies").json()["items"]
        incidents = http.get("/api/v1/incidents").json()["items"]
    engine: Any = monitor._engine
    return monitor, Answers(anomalies, incidents, [engine.ask(s, "digest") for s in range(2)])


def _started(folder: Path) -> Monitor:
    monitor = build(Settings(engine="inline", shards=2, data_dir=folder))
    monitor.start()
    return monitor


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answers]:
    folder = tmp_path_factory.mktemp("whole")
    monitor, answers = fed(folder, restarts=False)
    logs = tmp_path_factory.mktemp("logs")
    for log in folder.glob("shard-*/log"):  # as a crash would leave it: nothing but the log
        shutil.copytree(log, logs / log.relative_to(folder))
    monitor.stop()
    return logs, answers


def test_each_ramp_is_told_once_and_nothing_else(whole: tuple[Path, Answers]) -> None:
    drifts = [one for one in whole[1].anomalies if one["kind"] == "absorbed drift"]
    told = {(one["metric"], one["direction"]) for one in drifts}
    assert told == {("latency", 1), ("accuracy", -1)}
    assert len(drifts) == 2
    assert len(whole[1].anomalies) == 2, "the bands stay silent"
    for one in drifts:
        day = (one["peak_ms"] - START_MS) / DAY_MS
        assert BEFORE + 14 < day < BEFORE + 36
        assert one["onset_ms"] < START_MS + (BEFORE + 1) * DAY_MS
        assert one["end_ms"] == one["peak_ms"] + HOUR_MS
        assert one["expected"] == pytest.approx(80.0, abs=0.2)
        assert 1.0 < abs(one["value"] - one["expected"]) < 3.2


def test_each_has_an_incident_of_its_own(whole: tuple[Path, Answers]) -> None:
    titles = sorted(one["title"].split(" since")[0] for one in whole[1].incidents)
    assert titles == ["accuracy has drifted down at model churn", "latency has drifted up at host a"]
    assert {one["state"] for one in whole[1].incidents} == {"closed"}
    assert len({one["incident_id"] for one in whole[1].anomalies}) == 2


def test_restarts_change_nothing(whole: tuple[Path, Answers], tmp_path: Path) -> None:
    monitor, answers = fed(tmp_path, restarts=True)
    monitor.stop()
    assert answers == whole[1]


def test_the_log_alone_tells_the_same(whole: tuple[Path, Answers]) -> None:
    engine, kept = InlineEngine(2, HostSettings(whole[0])), Kept()
    engine.start(kept, {})
    try:
        engine.settle(60)
        assert [engine.ask(shard, "digest") for shard in range(2)] == whole[1].digests
    finally:
        engine.close()
    told = {event.anomaly.id for event in kept.events.values()}
    assert told == {one["id"] for one in whole[1].anomalies}
