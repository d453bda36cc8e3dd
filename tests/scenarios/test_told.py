"""From samples to a notice through the whole server, and over a restart; history wakes nobody."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.assembly import build
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity
from monitor.service import Monitor
from monitor.settings import Settings

LENGTH, FAULT = 1_500, 1_400
SERIES = Identity.of("orders", {"country": "NL"})
ROUTE = {"receivers": ["ops"], "delay_s": 0, "tags": {"country": "N*"}}
WAIT_S = 20.0


def run(folder: Path) -> tuple[Monitor, TestClient]:
    monitor = build(Settings(engine="inline", shards=1, data_dir=folder, auth="off"))
    monitor.start()
    return monitor, TestClient(create_app(monitor), base_url="http://localhost")


def fail(monitor: Monitor, end_ms: int) -> None:
    """A day of a series by the minute, whose last hundred are not as they were."""
    random = np.random.default_rng(7)
    value = 100.0 + random.standard_normal(LENGTH)
    value[FAULT:] += 60.0
    at = np.arange(LENGTH) - LENGTH
    prints = np.full(LENGTH, SERIES.fingerprint(), np.uint64)
    names = {SERIES.fingerprint(): SERIES.canonical()}
    batch = SampleBatch(prints, end_ms + at * MINUTE_MS, value, None, names)
    monitor.taking.submit(batch, Mode.BACKFILL).result(30)
    monitor.settle(120)


def declared(client: TestClient) -> None:
    assert client.put("/api/v1/receivers/ops", json={"kind": "log"}).status_code == 200
    assert client.put("/api/v1/routes/nl", json=ROUTE).status_code == 200


def incidents(client: TestClient) -> list[dict[str, Any]]:
    return list(client.get("/api/v1/incidents").json()["items"])


def notices(client: TestClient, incident: str, count: int) -> list[tuple[str, str]]:
    """Kinds and states of an incident's notices, as soon as ``count`` are delivered."""
    until = time.monotonic() + WAIT_S
    while True:
        told = client.get(f"/api/v1/incidents/{incident}/notices").json()["notices"]
        found = [(one["kind"], one["state"]) for one in told]
        if sum(state == "delivered" for _, state in found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_what_opens_is_told_and_after_a_restart_it_is_told_that_it_is_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monitor, client = run(tmp_path)
    declared(client)
    fail(monitor, monitor.now_ms() // MINUTE_MS * MINUTE_MS)
    (incident,) = [one for one in incidents(client) if one["state"] not in ("closed", "expired")]
    assert notices(client, incident["id"], 1)[0] == ("opened", "delivered")
    assert f"opened {incident['id']}: {incident['title'][:10]}" in caplog.text
    seen = client.post("/api/v1/routes/preview", json={"days": 1}).json()
    assert seen["by_receiver"] == {"ops": len(notices(client, incident["id"], 1))}
    monitor.stop()
    monitor, client = run(tmp_path)
    series = client.get("/api/v1/series").json()["items"][0]["id"]
    assert client.delete(f"/api/v1/series/{series}").status_code == 204
    until = time.monotonic() + WAIT_S
    while f"closed {incident['id']}" not in caplog.text:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert client.get("/api/v1/status").json()["alerts"]["notices_waiting"] == 0
    monitor.stop()


def test_a_month_old_history_wakes_nobody_and_is_previewed(tmp_path: Path) -> None:
    monitor, client = run(tmp_path)
    declared(client)
    fail(monitor, (monitor.now_ms() - 30 * 86_400_000) // MINUTE_MS * MINUTE_MS)
    (incident,) = incidents(client)[:1]
    assert client.get(f"/api/v1/incidents/{incident['id']}/notices").json()["notices"] == []
    seen = client.post("/api/v1/routes/preview", json={"days": 60}).json()
    assert "opened" in {one["kind"] for one in seen["notices"]}
    monitor.stop()
