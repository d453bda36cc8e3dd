"""A source that answers, and has had nothing new for half an hour: that is told, and not that it is down."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from collectors.sql_settings import SqlSettings
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.declaring import declare_missing
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import IncidentState
from monitor.domain.series import Identity
from monitor.domain.source import DECLARATIONS, METRIC_STALENESS, METRIC_UP
from monitor.service import Monitor
from monitor.sources import polled_as
from tests.sources.outage import BACK, GONE, LENGTH, lived, start_ms

DAYS = 3
SAID = {
    "name": "shop",
    "query": "SELECT ms, country FROM orders",
    "time": "ms",
    "time_type": "epoch_ms",
    "bucket": "1m",
    "tags": ["country"],
    "kpi": [{"metric": "orders", "compute": "count"}],
}


def written(file: Path, start: int) -> None:
    """Some 40 rows a minute, none in half an hour."""
    counts = np.random.default_rng(5).poisson(40, LENGTH)
    counts[GONE:BACK] = 0
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE orders (ms INTEGER, country TEXT)")
        rows = [(start + minute * MINUTE_MS,) for minute in np.repeat(np.arange(LENGTH), counts).tolist()]
        shop.executemany("INSERT INTO orders VALUES (?, 'NL')", rows)
    shop.close()


def fresh_until(monitor: Monitor, start: int) -> None:
    """For days its newest sample was a minute old: a first day alone says too little of what is usual."""
    declare_missing(monitor.declaring.metrics, monitor.declaring.metric, DECLARATIONS)
    ts_ms = start - MINUTE_MS * np.arange(DAYS * 1_440, 0, -1)
    identity = Identity.of(METRIC_STALENESS, {"source": "shop"})
    number = np.uint64(identity.fingerprint())
    batch = SampleBatch(
        np.full(len(ts_ms), number),
        ts_ms.astype(np.int64),
        np.full(len(ts_ms), 60.0),
        None,
        {int(number): identity.canonical()},
    )
    monitor.taking.submit(batch, Mode.BACKFILL, b"").result(60)
    monitor.settle(60)


@pytest.mark.slow
def test_who_writes_stops_for_half_an_hour(tmp_path: Path) -> None:
    start = start_ms()
    file = tmp_path / "shop.db"
    written(file, start)
    settings = SqlSettings.model_validate(SAID | {"url": f"sqlite:///{file}"})
    polled = polled_as("sql", settings, lambda _: "", None)
    past = lambda monitor: fresh_until(monitor, start)  # noqa: E731
    with lived(tmp_path, polled, start, lambda _: None, down=range(0), before=past) as monitor:
        told: dict[str, tuple[IncidentState, float]] = {}
        for one in monitor.recounting.incidents().items:
            _, members = monitor.recounting.incident(one.id)
            minutes = (one.start_ms - start) / MINUTE_MS
            told |= {placed.anomaly.series.metric: (one.state, minutes) for placed in members}
        state, began = told[METRIC_STALENESS]
        assert state is IncidentState.CLOSED
        assert GONE < began <= GONE + 10
        assert METRIC_UP not in told
        seen = monitor.reading.observations(monitor.reading.series(metric="orders").items[0]["id"])["value"]
        assert seen[~np.isnan(seen)].min() > 0  # missing, never zero
