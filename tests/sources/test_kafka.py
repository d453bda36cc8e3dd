"""A server that reads a topic: killed, it loses nothing and counts nothing twice."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from monitor.domain.durations import MINUTE_MS
from tests.faults.serving import Server
from tests.sources.kafka import Cluster
from tests.sources.outage import start_ms

pytestmark = pytest.mark.slow


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster()
    yield cluster
    cluster.stop()


def sample(metric: str, ts_ms: int, value: float) -> str:
    return json.dumps({"metric": metric, "timestamp": ts_ms, "value": value})


def wait_for(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.2)


def test_a_server_that_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    """It reads on where the newest fsync was; what it reads twice is one sample, and poison is counted."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sources.toml").write_text(
        f'[[kafka]]\nname = "shop"\nbrokers = ["{cluster.address}"]\ntopics = ["t"]\n'
        'session = "6s"\nevery = "1s"\n'
    )
    start = start_ms()
    server = Server(folder, engine="inline", shards=1)

    try:
        cluster.write("t", "poison", *(sample("orders", start + i * MINUTE_MS, i) for i in range(40)))
        server.start()
        wait_for(lambda: server.items("sources")[0]["samples"] == 40)
        assert server.items("sources")[0]["refused"] == 1
        told = httpx2.get(f"{server.url}/metrics").text
        assert 'watchkeeper_samples_rejected_total{reason="bad_line"} 1.0' in told
        cluster.write("t", *(sample("orders", start + i * MINUTE_MS, i) for i in range(40, 80)))
        server.kill()
        cluster.write("t", *(sample("orders", start + i * MINUTE_MS, i) for i in range(80, 120)))
        server.start()
        wait_for(lambda: server.items("sources")[0]["state"] == "up")
        wait_for(lambda: server.items("sources")[0]["samples"] >= 40)
        server.settled()
        (series,) = server.items("series", metric="orders")
        values = server.get(f"series/{series['id']}/observations")["columns"]["value"]
        assert values == list(range(len(values)))
        assert len(values) >= 118
    finally:
        server.stop()
