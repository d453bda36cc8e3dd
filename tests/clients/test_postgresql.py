"""A PostgreSQL of the test's own, asked by a real server, which is killed and reads on without a gap."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.faults.serving import Server
from tests.store.conftest import postgres

__all__ = ["postgres"]
pytestmark = pytest.mark.slow

SOURCES = """
[[sql]]
name = "shop"
url = "env:WATCHKEEPER_SECRET_SHOP"
query = "SELECT at, country, amount, 1 AS one FROM orders"
time = "at"
bucket = "1m"
every = "1s"
backfill = "1d"
tags = ["country"]
kpi = [
  { metric = "shop.orders", compute = "count" },
  { metric = "shop.basket", compute = "mean", column = "amount" },
  { metric = "shop.mean", compute = "ratio", numerator = "amount", denominator = "one" },
]
"""
MINUTES = 90


def wait_for(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.2)


def test_kpis_of_rows(postgres: str, tmp_path: Path) -> None:
    """Minute by minute k orders of 10 k each, until now."""
    shop = create_engine(postgres)
    with shop.begin() as connection:
        connection.execute(text("CREATE TABLE orders (at timestamptz, country text, amount numeric)"))
        connection.execute(
            text(
                "INSERT INTO orders"
                " SELECT date_trunc('minute', now()) - k * interval '1 minute', 'NL', 10 * k"
                " FROM generate_series(1, :minutes) AS k, generate_series(1, k) AS each"
            ),
            {"minutes": MINUTES},
        )
    shop.dispose()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "sources.toml").write_text(SOURCES)
    server = Server(folder, engine="inline", shards=1, WATCHKEEPER_SECRET_SHOP=postgres)
    try:
        server.start()
        wait_for(lambda: server.items("sources")[0]["samples"] >= 3 * MINUTES)
        server.kill()
        server.start()
        wait_for(lambda: server.items("sources")[0]["state"] == "up")
        server.settled()
        expected = [float(k) for k in range(MINUTES, 0, -1)]
        for metric, factor in (("shop.orders", 1), ("shop.basket", 10), ("shop.mean", 10)):
            (series,) = server.items("series", metric=metric)
            assert series["tags"] == {"country": "NL"}
            values = server.get(f"series/{series['id']}/observations")["columns"]["value"]
            assert values == [factor * k for k in expected[: len(values)]]
            assert len(values) >= MINUTES - 2
        assert postgres not in str(server.items("sources")) + server.words()
    finally:
        server.stop()
