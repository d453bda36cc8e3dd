"""A null feature, then accuracy, then conversion: nothing in common but declared lineage."""

from __future__ import annotations

from collections.abc import Iterator
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

START_MS = 1_700_006_400_000
LENGTH, FAULT = 1_700, 1_500
CHAIN = (
    (Identity.of("customer_age.null_share", {"table": "customers"}), 0.02, 0.03),
    (Identity.of("recommender.accuracy", {"model": "rec-7"}), 0.9, -0.2),
    (Identity.of("shop.conversion", {"country": "NL"}), 0.1, -0.05),
)
LINKS = [
    {"upstream": "customer_age.*", "downstream": "recommender.accuracy{model=rec-7}", "since_ms": 0},
    {"upstream": "recommender.accuracy{model=rec-7}", "downstream": "shop.conversion", "since_ms": 0},
]
CHANGE_MS = START_MS + (FAULT - 5) * MINUTE_MS
CHANGE = {"title": "import of customers 2.4", "kind": "deployment", "at_ms": CHANGE_MS}


def run(folder: Path) -> Monitor:
    monitor = build(Settings(engine="inline", shards=2, data_dir=folder, auth="off"))
    monitor.start()
    return monitor


def client_of(monitor: Monitor) -> TestClient:
    return TestClient(create_app(monitor), base_url="http://localhost")


def fail(monitor: Monitor, late: tuple[int, int, int], seed: int = 4) -> None:
    """A day of each series by the minute; the fault reaches them so many minutes after it began."""
    random = np.random.default_rng(seed)
    at = np.arange(LENGTH)
    for (series, level, step), after in zip(CHAIN, late, strict=True):
        value = level + 0.002 * random.standard_normal(LENGTH)
        value[FAULT + after :] += step
        prints = np.full(LENGTH, series.fingerprint(), np.uint64)
        names = {series.fingerprint(): series.canonical()}
        batch = SampleBatch(prints, START_MS + at * MINUTE_MS, value, None, names)
        monitor.taking.submit(batch, Mode.BACKFILL).result(30)
    monitor.settle(120)


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    made = run(tmp_path)
    yield made
    made.stop()


def stories(client: TestClient) -> list[dict[str, Any]]:
    """Incidents that have to do with the fault, whole."""
    listed = client.get("/api/v1/incidents").json()["items"]
    whole = [client.get(f"/api/v1/incidents/{one['id']}").json() for one in listed]
    return [one for one in whole if one["end_ms"] is None or one["end_ms"] > START_MS + FAULT * MINUTE_MS]


@pytest.mark.parametrize("late", [(0, 3, 6), (4, 0, 9)])
def test_declared_lineage_makes_it_one_incident_with_the_origin_first(
    monitor: Monitor, late: tuple[int, int, int]
) -> None:
    """Even where the origin is noticed after what it feeds."""
    client = client_of(monitor)
    assert client.put("/api/v1/lineage", json={"links": LINKS}).status_code == 200
    monitor.settle(30)
    assert client.get("/api/v1/lineage").json()["links"] == LINKS
    fail(monitor, late)
    (incident,) = stories(client)
    assert {m["metric"] for m in incident["members"]} >= {series.metric for series, _, _ in CHAIN}
    assert incident["suspects"][0]["metric"] == CHAIN[0][0].metric
    assert "feeds 2 by declared lineage" in incident["suspects"][0]["why"]
    tied = [e for e in incident["evidence"] if e["evidence"] == "declared lineage"]
    assert len(tied) >= 2
    assert "tied to it by declared lineage" in tied[0]["text"]


def test_without_it_there_are_three_and_declaring_it_later_makes_them_one(
    monitor: Monitor, tmp_path: Path
) -> None:
    client = client_of(monitor)
    fail(monitor, (0, 3, 6))
    assert len(stories(client)) == 3
    assert client.put("/api/v1/lineage", json={"links": LINKS}).status_code == 200
    monitor.settle(30)
    assert len(stories(client)) == 1
    monitor.stop()
    again = run(tmp_path)
    try:
        client = client_of(again)
        assert len(stories(client)) == 1
        client.put("/api/v1/lineage", json={"links": []})
        again.settle(30)
        assert len(stories(client)) == 3
    finally:
        again.stop()


def test_a_change_shortly_before_stands_beside_the_incident(monitor: Monitor) -> None:
    client = client_of(monitor)
    fail(monitor, (0, 3, 6))
    told = client.post("/api/v1/changes", json=CHANGE)
    assert told.status_code == 200
    assert client.post("/api/v1/changes", json=CHANGE).json() == told.json()
    client.post("/api/v1/changes", json=CHANGE | {"at_ms": START_MS - 10 * 86_400_000})
    monitor.settle(30)
    for incident in stories(client):
        assert [c["title"] for c in incident["changes"]] == [CHANGE["title"]]
    assert len(client.get("/api/v1/changes").json()["items"]) == 2
