"""A database that is away for half an hour: its gap is filled, and all that is told is that it was down."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np

from collectors.source_file import SqlSettings
from collectors.sql import SqlSource
from monitor.assembly import build
from monitor.domain.incident import IncidentState
from monitor.domain.source import METRIC_UP
from monitor.polling import Polled, Poller
from monitor.settings import Settings
from monitor.source_health import SourceHealth
from monitor.source_places import Places

MINUTE = 60_000
LENGTH, GONE, BACK = 330, 180, 210


def test_half_an_hour_away(tmp_path: Path) -> None:
    start = (time.time_ns() // 1_000_000 // MINUTE - LENGTH) * MINUTE
    file = tmp_path / "shop.db"
    counts = np.random.default_rng(5).poisson(40, LENGTH)
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE orders (ms INTEGER)")
        minutes = [(start + minute * MINUTE,) for minute in np.repeat(np.arange(LENGTH), counts).tolist()]
        shop.executemany("INSERT INTO orders VALUES (?)", minutes)
    shop.close()
    said: dict[str, Any] = {
        "name": "shop",
        "url": f"sqlite:///{file}",
        "query": "SELECT ms FROM orders",
        "time": "ms",
    }
    said |= {
        "time": "ms",
        "time_type": "epoch_ms",
        "bucket": "1m",
        "kpi": [{"metric": "orders", "compute": "count"}],
    }
    source = SqlSource(SqlSettings.model_validate(said), lambda _: "")
    now = [start]
    monitor = build(Settings(engine="inline", shards=1, data_dir=tmp_path / "data", auth="off"))
    monitor.start()
    try:
        polled = Polled("shop", "sql", source, MINUTE, 5_000, chunk_ms=60 * MINUTE)
        poller = Poller(polled, monitor.submit, Places(tmp_path / "places.json"), lambda: now[0])
        health = SourceHealth(
            lambda: [poller.status],
            monitor.submit,
            monitor.declarations,
            monitor.declare_metric,
            lambda: now[0],
        )
        for minute in range(1, LENGTH + 1):
            if minute == GONE:
                file.rename(tmp_path / "away")
            if minute == BACK:
                (tmp_path / "away").rename(file)
            now[0] = start + minute * MINUTE
            assert poller.once() is not (GONE <= minute < BACK)
            health.report()
        monitor.settle(60)
        (row,) = monitor.series(metric="orders").items
        seen = monitor.observations(row["id"])
        assert np.array_equal(seen["value"], counts[: len(seen["value"])])
        assert len(seen["value"]) >= LENGTH - 2
        assert not len(monitor.revisions(row["id"])["ts_ms"])
        (told,) = monitor.incidents().items
        assert told.state is IncidentState.CLOSED
        assert told.start_ms == start + GONE * MINUTE
        _, members = monitor.incident(told.id)
        assert {placed.anomaly.series.metric for placed in members} >= {METRIC_UP}
        assert not any(placed.anomaly.series.metric == "orders" for placed in members)
    finally:
        monitor.stop()
