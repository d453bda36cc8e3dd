"""A source that answers, and has had nothing new for half an hour: that is told, and not that it is down."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from collectors.sql_settings import SqlSettings
from monitor.domain.incident import IncidentState
from monitor.domain.source import METRIC_STALENESS
from monitor.sources import polled_as
from tests.sources.outage import BACK, GONE, LENGTH, MINUTE, lived, start_ms


@pytest.mark.slow
def test_who_writes_stops_for_half_an_hour(tmp_path: Path) -> None:
    start = start_ms()
    file = tmp_path / "shop.db"
    counts = np.random.default_rng(5).poisson(40, LENGTH)
    counts[GONE:BACK] = 0
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE orders (ms INTEGER, country TEXT)")
        minutes = np.repeat(np.arange(LENGTH), counts).tolist()
        shop.executemany(
            "INSERT INTO orders VALUES (?, 'NL')", [(start + minute * MINUTE,) for minute in minutes]
        )
    shop.close()
    said = {
        "name": "shop",
        "url": f"sqlite:///{file}",
        "query": "SELECT ms, country FROM orders",
        "time": "ms",
        "time_type": "epoch_ms",
        "bucket": "1m",
        "tags": ["country"],
        "kpi": [{"metric": "orders", "compute": "count"}],
    }
    polled = polled_as("sql", SqlSettings.model_validate(said), lambda _: "", None)
    with lived(tmp_path, polled, start, lambda _: None, down=range(0)) as monitor:
        (told,) = monitor.incidents().items
        assert told.state is IncidentState.CLOSED
        assert GONE * MINUTE < told.start_ms - start < (GONE + 15) * MINUTE
        _, members = monitor.incident(told.id)
        assert {placed.anomaly.series.metric for placed in members} == {METRIC_STALENESS}
