"""One file, many ways to the shards: the same scores, bands, anomalies and incidents to the bit."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pandas as pd
import pytest

from api.commands.files import read
from collectors.file_order import chunks, merged_in_time
from learners.base import Family
from monitor.backtest import backtest
from monitor.domain.anomaly import Anomaly
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.records import Tick
from monitor.domain.series import Identity, shard_of
from monitor.engine.base import Events
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.incidents.engine import IncidentEngine
from tests.conftest import ROOT
from tests.engine.making import Kept
from tests.faults.serving import Server, serving
from tests.incidents.making import MemoryLedger
from tests.scenarios.story import jittered, rows, shuffled, write

Columns = dict[str, Any]
SCORED = ("value", "n", "expected", "lower", "upper", "score", "verdict", "model")


@dataclass
class Scored:
    """Observations by the series' id, the anomalies as they ended, and the incident of each."""

    observations: dict[str, dict[str, np.ndarray[Any, Any]]]
    anomalies: dict[str, Anomaly]
    incident_of: dict[str, str | None]

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Scored)
        assert self.observations.keys() == other.observations.keys()
        for name, columns in self.observations.items():
            for column, values in columns.items():
                np.testing.assert_array_equal(values, other.observations[name][column], f"{name} {column}")
        assert _by_text(self.anomalies) == _by_text(other.anomalies)
        assert self.incident_of == other.incident_of
        return True


def _by_text(anomalies: dict[str, Anomaly]) -> dict[str, str]:
    """NaN is equal to itself here, and a float's text is all of it."""
    return {key: repr(anomaly) for key, anomaly in anomalies.items()}


def names() -> list[Identity]:
    found = rows()[["metric", "host"]].drop_duplicates()
    return [Identity.of(metric, {"host": host}) for metric, host in found.itertuples(index=False)]


def play(folder: Path, batches: Iterator[SampleBatch], shards: int) -> Scored:
    """Through an engine in this process; the file ends with its last sample."""
    settings = HostSettings(folder, backlog_ms_max=1 << 60)  # arrivals of months, in seconds
    engine, kept, ledger = InlineEngine(shards, settings), Kept(), MemoryLedger()
    incidents = IncidentEngine(ledger)

    def hear(events: Events) -> None:
        kept(events)
        incidents.absorb(events)

    engine.start(hear, {})
    try:
        end_ms = 0
        futures = []
        for batch in batches:
            end_ms = max(end_ms, int(batch.ts_ms.max()))
            futures.append(engine.submit(batch, mode=Mode.BACKFILL, arrival_ms=end_ms))
        assert sum(future.result(60).accepted for future in futures) == len(rows())
        engine.control(Tick(end_ms, complete=True)).result(60)
        engine.settle(120)
        observations = {
            f"{name.fingerprint():016x}": engine.ask(
                shard_of(name.fingerprint(), shards),
                "observations",
                id=f"{name.fingerprint():016x}",
                from_ms=None,
                to_ms=None,
                max_points=1_000_000,
            )
            for name in names()
        }
    finally:
        engine.close()
    events = sorted(kept.events.items())
    incident_of = {placed.anomaly.id: placed.incident_id for placed in ledger.placed.values()}
    return Scored(observations, {event.anomaly.id: event.anomaly for _, event in events}, incident_of)


def in_order(file: Path, size: int) -> Iterator[SampleBatch]:
    samples = read(file, "", "UTC")
    return chunks(samples.batch, merged_in_time(samples.batch), size)


def as_it_stands(file: Path, size: int) -> Iterator[SampleBatch]:
    """In the order of the file, not of time."""
    samples = read(file, "", "UTC")
    return chunks(samples.batch, np.arange(len(samples.batch)), size)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(rows(), tmp_path_factory.mktemp("story") / "story.csv")


@pytest.fixture(scope="module")
def reference(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return play(tmp_path_factory.mktemp("reference"), in_order(file, 50_000), 1)


def test_the_story_has_all_that_it_is_told_for(reference: Scored) -> None:
    kinds = {anomaly.kind.value for anomaly in reference.anomalies.values()}
    assert {"spike", "level shift", "no data"} <= kinds
    assert len({*reference.incident_of.values()} - {None}) > 2
    models = [set(columns["model"].tolist()) - {Family.NONE} for columns in reference.observations.values()]
    assert any(len(used) > 1 for used in models), "no series ever switched its model"
    assert all(len(columns["ts_ms"]) > 600 for columns in reference.observations.values())
    assert sum(int((columns["score"] > 0).sum()) for columns in reference.observations.values()) > 2_000


def test_the_back_test_says_of_every_sample_what_its_bucket_got(file: Path, reference: Scored) -> None:
    frame = pd.read_csv(file, parse_dates=["timestamp"])
    scored = backtest(frame)
    assert len(scored) == len(frame)
    by_series = {f"{name.fingerprint():016x}": name for name in names()}
    seen = 0
    for key, columns in reference.observations.items():
        name = by_series[key]
        mine = scored[(scored["metric"] == name.metric) & (scored["host"] == name.tag("host"))]
        step = 3_600_000 if name.metric == "orders" else 60_000
        bucket = mine["timestamp"].dt.as_unit("ms").astype("int64").to_numpy() // step * step
        place = np.searchsorted(columns["ts_ms"], bucket)
        assert (columns["ts_ms"][place] == bucket).all()
        for column in ("expected", "lower", "upper", "score"):
            np.testing.assert_array_equal(
                mine[column].to_numpy(), columns[column][place].astype(np.float64), f"{key} {column}"
            )
        seen += len(mine)
    assert seen == len(frame)
    numbers = scored["anomaly"].dropna().unique()
    with_data = [a for a in reference.anomalies.values() if a.kind.value not in ("no data", "ended")]
    assert len(numbers) == len(with_data)


@pytest.mark.parametrize("size", [1, 7, 333, 5_000])
@pytest.mark.parametrize("shards", [1, 2])
def test_batches_and_shards_change_nothing(
    file: Path, reference: Scored, tmp_path: Path, size: int, shards: int
) -> None:
    assert play(tmp_path, in_order(file, size), shards) == reference


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_rows_in_the_file_changes_nothing(reference: Scored, tmp_path: Path, seed: int) -> None:
    mixed = write(shuffled(rows(), seed), tmp_path / "mixed.csv")
    assert play(tmp_path / "data", in_order(mixed, 501), 2) == reference


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 64])
def test_the_order_of_arrival_inside_the_bound_changes_nothing(
    reference: Scored, tmp_path: Path, seed: int, size: int
) -> None:
    late = write(jittered(rows(), seed), tmp_path / "late.csv")
    assert play(tmp_path / "data", as_it_stands(late, size), 2) == reference


def ingest(file: Path, server: Server, size: int, during: Callable[[], None] = lambda: None) -> None:
    """``watchkeeper ingest`` in a process of its own; ``during`` runs beside it."""
    command = [
        sys.executable,
        "-m",
        "api.cli",
        "ingest",
        str(file),
        "--url",
        server.url,
        "--batch",
        str(size),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        during()
        words, trouble = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, trouble.decode()
    assert f"{len(rows())} samples read".encode() in words


def told(server: Server) -> tuple[dict[str, Columns], list[Columns]]:
    observations = {
        row["id"]: server.get(f"series/{row['id']}/observations", max_points=5_000)["columns"]
        for row in server.items("series")
    }
    return observations, server.items("anomalies")


def _numbers(column: list[float | None]) -> np.ndarray[Any, Any]:
    return np.array([np.nan if x is None else x for x in column])


def check_told(server: Server, reference: Scored) -> None:
    """What HTTP says is what the engine says, to the last bit."""
    server.settled()
    observations, anomalies = told(server)
    assert observations.keys() == reference.observations.keys()
    for name, columns in observations.items():
        expected = reference.observations[name]
        for column in ("ts_ms", "value", "expected", "lower", "upper"):
            finite = np.where(np.isfinite(expected[column]), expected[column], np.nan)
            np.testing.assert_array_equal(_numbers(columns[column]), finite, f"{name} {column}")
        shown = expected["score"].astype(np.float64)
        np.testing.assert_array_equal(_numbers(columns["score"]), shown, f"{name} score")
    found = {
        a["id"]: (a["onset_ms"], a["peak_ms"], a["end_ms"], a["kind"], a["direction"], a["score"], a["value"],
                  a["buckets"], a["incident_id"])
        for a in anomalies
    }  # fmt: skip
    assert found == {
        a.id: (a.onset_ms, a.peak_ms, a.end_ms, a.kind.value, a.direction, a.score,
               None if np.isnan(a.value) else a.value, a.buckets, reference.incident_of[a.id])
        for a in reference.anomalies.values()
    }  # fmt: skip


def test_a_running_server_says_the_same(file: Path, reference: Scored, tmp_path: Path) -> None:
    with serving(tmp_path / "data", engine="inline") as server:
        ingest(file, server, 257)
        check_told(server, reference)


@pytest.mark.slow
def test_a_server_that_is_killed_on_the_way_says_the_same(
    file: Path, reference: Scored, tmp_path: Path
) -> None:
    with serving(tmp_path / "data", engine="processes") as server:

        def kill_and_start() -> None:
            some_are_there = threading.Event()
            while not some_are_there.wait(0.01):
                status = httpx2.get(server.url + "/api/v1/status").json()
                if sum(shard["samples"] for shard in status["shards"]) > 200:
                    some_are_there.set()
            server.kill()
            server.start()

        ingest(file, server, 10, kill_and_start)
        assert server.starts == 2
        check_told(server, reference)
