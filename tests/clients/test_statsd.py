"""A StatsD client of the registry, unchanged, over UDP and TCP to a real server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.serving import Server, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def listening(tmp_path: Path, free_port: int) -> Iterator[tuple[Server, int]]:
    """Gathers for a second; the port of its StatsD."""
    said = {"ENABLED": "true", "PORT": str(free_port), "FLUSH_S": "1"}
    variables = {f"WATCHKEEPER_STATSD__{name}": value for name, value in said.items()}
    with serving(tmp_path / "data", engine="inline", shards=1, **variables) as running:
        yield running, free_port


def test_counters_gauges_timers_and_sets(listening: tuple[Server, int]) -> None:
    from statsd import StatsClient, TCPStatsClient

    server, port = listening
    client = StatsClient("127.0.0.1", port, prefix="shop")
    client.incr("orders", 3)
    client.gauge("queue", 12)
    client.timing("latency", 35.5)
    client.set("visitors", "ann")
    client.close()
    stream = TCPStatsClient("127.0.0.1", port)
    stream.incr("payments", 2)
    stream.close()
    names = {
        "shop.orders",
        "shop.queue",
        "shop.latency.count",
        "shop.latency.mean",
        "shop.visitors",
        "payments",
    }
    end_s = time.monotonic() + 30
    while not names <= {one["metric"] for one in server.items("series")}:
        assert time.monotonic() < end_s
        time.sleep(0.2)
