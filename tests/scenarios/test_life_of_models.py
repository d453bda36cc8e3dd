"""A young series among its siblings, a switch, its undo, and a restart between: through the whole system."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.assembly import build
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import HOUR_MS
from monitor.domain.series import Identity
from monitor.service import Monitor
from monitor.settings import Settings

Engine = Literal["inline", "processes"]
START_MS = 1_700_000_040_000 // HOUR_MS * HOUR_MS
NAMES = [Identity.of("visits", {"shop": f"s{place}"}) for place in range(9)]
YOUNG = NAMES[8]


def id_of(name: Identity) -> str:
    return f"{name.fingerprint():016x}"


def started(folder: Path, shards: int, engine: Engine = "inline") -> Monitor:
    monitor = build(Settings(engine=engine, shards=shards, data_dir=folder))
    monitor.start()
    return monitor


def send(monitor: Monitor, names: list[Identity], first: int, end: int) -> None:
    """Hours of daily seasons, of levels from 10 to 90 and spreads in proportion."""
    hours = np.arange(first, end)
    parts = []
    for name in names:
        place = NAMES.index(name)
        noise = np.random.default_rng(place).standard_normal(1_000)[first:end]
        wave = 1.0 + (0.3 * np.sin(hours / 24 * 2 * np.pi) if first >= 0 else 0.0) + 0.05 * noise
        parts.append(10.0 * (place + 1) * wave)
    batch = SampleBatch(
        fingerprint=np.repeat(np.array([name.fingerprint() for name in names], np.uint64), len(hours)),
        ts_ms=np.tile(START_MS + hours * HOUR_MS, len(names)).astype(np.int64),
        value=np.concatenate(parts),
        identities={name.fingerprint(): name.canonical() for name in names},
    )
    monitor.taking.submit(batch, Mode.BACKFILL).result(60)
    monitor.settle(120)


def client_of(monitor: Monitor) -> TestClient:
    return TestClient(create_app(monitor), base_url="http://localhost")


def of(monitor: Monitor, name: Identity, what: str = "") -> Any:
    answer = client_of(monitor).get(f"/api/v1/series/{id_of(name)}{what}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_young_series_borrows_of_its_siblings_whatever_the_shards(tmp_path: Path) -> None:
    told = []
    for shards in (1, 2, 3):
        monitor = started(tmp_path / str(shards), shards)
        send(monitor, NAMES[:8], 0, 200)
        send(monitor, [YOUNG], 200, 202)
        young = of(monitor, YOUNG)
        assert (young["stage"], young["next_stage_buckets"], young["next_stage_ms"]) == ("learning", 32, None)
        band = young["wide_band"]
        assert (band["own_values"], band["siblings"]) == (2, 8)
        # A share is borrowed, as levels differ: the day's swing of 30 % to either side is no surprise.
        assert -150.0 < band["lower"] < 60.0
        assert 120.0 < band["upper"] < 400.0
        assert of(monitor, NAMES[0])["stage"] == "trusted"
        explained = monitor.reading.explain(id_of(YOUNG), START_MS + 201 * HOUR_MS)
        assert any("8 series of the same metric" in note for note in explained.notes)
        monitor.declaring.team("red", [dict(name.tags) for name in (YOUNG, *NAMES[:3])])
        monitor.settle(60)
        assert of(monitor, YOUNG)["wide_band"]["siblings"] == 3  # of its own team only
        send(monitor, [YOUNG], 202, 244)
        young = of(monitor, YOUNG)
        assert (young["stage"], young["next_stage"], young["wide_band"]) == ("provisional", "trusted", None)
        more, at_ms = young["next_stage_buckets"], young["next_stage_ms"]
        send(monitor, [YOUNG], 244, (at_ms - START_MS) // HOUR_MS)
        assert of(monitor, YOUNG)["stage"] == "provisional"
        send(monitor, [YOUNG], (at_ms - START_MS) // HOUR_MS, (at_ms - START_MS) // HOUR_MS + 1)
        assert of(monitor, YOUNG)["stage"] == "trusted"
        told.append((band, more, at_ms, of(monitor, YOUNG, "/journal")))
        monitor.stop()
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("engine", ["inline", "processes"])
def test_undo_through_the_log_and_over_a_restart(tmp_path: Path, engine: Engine) -> None:
    monitor = started(tmp_path, 2, engine)
    send(monitor, NAMES[:4], 0, 300)
    name = NAMES[1]
    newest, *older = of(monitor, name, "/journal")["entries"]
    assert older[-1]["before"] is None
    assert newest["undoable"]
    assert [entry["cause"] for entry in (newest, *older)] == ["learning pass"] * (1 + len(older))
    client = client_of(monitor)
    undone = client.post(f"/api/v1/series/{id_of(name)}/undo").json()
    assert undone["pinned"]
    assert (undone["champion"], undone["threshold"]) == (
        newest["before"]["champion"],
        newest["before"]["threshold"],
    )
    assert of(monitor, NAMES[0])["pinned"] is False
    send(monitor, NAMES[:4], 300, 800)
    entries = of(monitor, name, "/journal")["entries"]
    assert entries[0]["cause"] == "undo"
    before = digests(monitor)
    monitor.stop()
    monitor = started(tmp_path, 2)
    assert digests(monitor) == before
    assert of(monitor, name, "/journal")["entries"] == entries
    assert of(monitor, name)["pinned"] is True
    monitor.reading.open_contest(id_of(name))
    send(monitor, NAMES[:4], 800, 900)
    assert of(monitor, name)["pinned"] is False
    assert of(monitor, name, "/journal")["entries"][0]["cause"] != "undo"
    monitor.forget_series(id_of(name))
    assert client_of(monitor).get(f"/api/v1/series/{id_of(name)}/journal").status_code == 404
    monitor.stop()


def test_the_challenger_expects_what_comes_about(tmp_path: Path) -> None:
    monitor = started(tmp_path, 2)
    send(monitor, NAMES[:2], 0, 600)
    name = NAMES[1]
    seen = of(monitor, name, "/observations?max_points=11000")["columns"]
    whole = of(monitor, name, "/challenger?max_points=11000")
    assert whole["model"] == of(monitor, name)["challenger"]
    assert whole["columns"]["ts_ms"] == seen["ts_ms"]
    value = np.array(seen["value"])
    expected, lower, upper = (np.array(whole["columns"][part]) for part in ("expected", "lower", "upper"))
    assert np.median(np.abs(value - expected)) < 0.1 * np.median(value)
    assert np.mean((lower <= value) & (value <= upper)) > 0.97
    first_ms = seen["ts_ms"][-50]
    late = of(monitor, name, f"/challenger?from_ms={first_ms}")["columns"]
    assert late["ts_ms"] == seen["ts_ms"][-50:]
    assert np.allclose(late["expected"], expected[-50:], rtol=0.05)
    of_first = of(monitor, name, "/observations?whole=true&max_points=60")
    assert of_first["buckets"] == len(value)
    shown = [one for one in of_first["columns"]["value"] if one is not None]
    assert len(shown) <= 60
    assert (min(shown), max(shown)) == (value.min(), value.max())
    monitor.stop()


def digests(monitor: Monitor) -> list[str]:
    return [str(monitor.shards.ask(shard, "digest")) for shard in range(2)]


def test_a_declared_threshold_is_told_and_kept(tmp_path: Path) -> None:
    monitor = started(tmp_path, 2)
    send(monitor, NAMES[:3], 0, 200)
    client = client_of(monitor)
    assert client.put("/api/v1/metrics/vis*", json={"threshold": "conformal"}).status_code == 200
    monitor.settle(60)
    assert of(monitor, NAMES[0])["threshold"] == "conformal"
    assert of(monitor, NAMES[0], "/journal")["entries"][0]["after"]["threshold"] == "conformal"
    monitor.stop()
    monitor = started(tmp_path, 2)
    send(monitor, NAMES[:3], 200, 700)
    assert of(monitor, NAMES[2])["threshold"] == "conformal"
    notes = monitor.reading.explain(id_of(NAMES[2]), START_MS + 650 * HOUR_MS).notes
    assert "the threshold is conformal, as declared" in notes
    assert json.dumps(of(monitor, NAMES[2]))
    monitor.stop()
