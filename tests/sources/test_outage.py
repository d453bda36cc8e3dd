"""A source that is away for half an hour: its gap is filled, and all that is told is that it was down.

What a scrape missed nobody can fill: then it is missing, and never zero.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from collectors.scrape_settings import ScrapeSettings
from collectors.sql_settings import SqlSettings
from collectors.table_settings import TableSettings
from collectors.watched_settings import WatchedSettings
from monitor.domain.anomaly import AnomalyKind
from monitor.domain.incident import IncidentState
from monitor.domain.source import METRIC_UP
from monitor.service import Monitor
from monitor.sources import polled_as
from tests.sources.outage import BACK, GONE, LENGTH, MINUTE, lived, start_ms


def observed(monitor: Monitor, metric: str) -> Any:
    (row,) = monitor.reading.series(metric=metric).items
    assert not len(monitor.reading.revisions(row["id"])["ts_ms"])
    return monitor.reading.observations(row["id"])


def assert_filled(monitor: Monitor, metric: str, values: NDArray[Any]) -> None:
    seen = observed(monitor, metric)["value"]
    assert np.array_equal(seen, values[: len(seen)])
    assert len(seen) >= LENGTH - 2


def assert_only_down(monitor: Monitor, start: int) -> set[str]:
    """One incident, closed, which began when the source went; the metrics in it."""
    (told,) = monitor.incidents().items
    assert told.state is IncidentState.CLOSED
    assert told.start_ms == start + GONE * MINUTE
    _, members = monitor.incident(told.id)
    metrics = {placed.anomaly.series.metric for placed in members}
    assert METRIC_UP in metrics
    return metrics


def test_a_database_away(tmp_path: Path) -> None:
    start = start_ms()
    file = tmp_path / "shop.db"
    counts = np.random.default_rng(5).poisson(40, LENGTH)
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE orders (ms INTEGER)")
        minutes = [(start + minute * MINUTE,) for minute in np.repeat(np.arange(LENGTH), counts).tolist()]
        shop.executemany("INSERT INTO orders VALUES (?)", minutes)
    shop.close()
    said = {
        "name": "shop",
        "url": f"sqlite:///{file}",
        "query": "SELECT ms FROM orders",
        "time": "ms",
        "time_type": "epoch_ms",
        "bucket": "1m",
        "kpi": [{"metric": "orders", "compute": "count"}],
    }

    def minute(number: int) -> None:
        if number == GONE:
            file.rename(tmp_path / "away")
        if number == BACK:
            (tmp_path / "away").rename(file)

    polled = polled_as("sql", SqlSettings.model_validate(said), lambda _: "", None)
    with lived(tmp_path, polled, start, minute) as monitor:
        assert_filled(monitor, "orders", counts)
        assert "orders" not in assert_only_down(monitor, start)


@pytest.mark.slow
def test_a_table_away(tmp_path: Path) -> None:
    """Its measures of the lost half hour are there, and of no bucket is it said that nothing was written."""
    start = start_ms()
    file = tmp_path / "shop.db"
    counts = np.random.default_rng(15).poisson(40, LENGTH) + 1
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE users (changed_ms INTEGER, income REAL)")
        minutes = np.repeat(np.arange(LENGTH), counts).tolist()
        rows = [(start + minute * MINUTE, float(minute)) for minute in minutes]
        shop.executemany("INSERT INTO users VALUES (?, ?)", rows)
    shop.close()
    said = {
        "name": "shop",
        "url": f"sqlite:///{file}",
        "table": "users",
        "time": "changed_ms",
        "time_type": "epoch_ms",
        "bucket": "1m",
    }

    def minute(number: int) -> None:
        if number == GONE:
            file.rename(tmp_path / "away")
        if number == BACK:
            (tmp_path / "away").rename(file)

    polled = polled_as("table", TableSettings.model_validate(said), lambda _: "", None)
    with lived(tmp_path, polled, start, minute) as monitor:
        assert_filled(monitor, "shop.rows", counts)
        assert "shop.rows" not in assert_only_down(monitor, start)


@pytest.mark.slow
def test_a_folder_away(tmp_path: Path) -> None:
    """Who writes into it goes on meanwhile, as onto a share that only we have lost."""
    start = start_ms()
    values = np.random.default_rng(16).normal(20, 1, LENGTH + 1).round(6)
    folder, away = tmp_path / "exports", tmp_path / "away"
    folder.mkdir()
    (folder / "depth.csv").write_text("time,depth\n")

    def minute(number: int) -> None:
        if number == GONE:
            folder.rename(away)
        if number == BACK:
            away.rename(folder)
        there = away if GONE <= number < BACK else folder
        with (there / "depth.csv").open("a") as file:
            file.write(f"{start + number * MINUTE},{values[number]}\n")

    said = {"name": "exports", "path": str(folder / "*.csv")}
    polled = polled_as("files", WatchedSettings.model_validate(said), lambda _: "", tmp_path / "places")
    with lived(tmp_path, polled, start, minute) as monitor:
        assert_filled(monitor, "depth", values[1:])
        assert "depth" not in assert_only_down(monitor, start)


@pytest.mark.slow
def test_an_exporter_away(tmp_path: Path, free_port: int) -> None:
    start = start_ms()
    steps = np.random.default_rng(6).poisson(40, LENGTH + 1)
    levels = np.random.default_rng(7).normal(20, 1, LENGTH + 1)
    registry = CollectorRegistry()
    orders, depth = Counter("orders", "o", registry=registry), Gauge("depth", "d", registry=registry)
    serving = [start_http_server(free_port, "127.0.0.1", registry)]

    def stop() -> None:
        server, thread = serving.pop()
        server.shutdown()
        server.server_close()
        thread.join()

    def minute(number: int) -> None:
        orders.inc(steps[number])
        depth.set(levels[number])
        if number == GONE:
            stop()
        if number == BACK:
            serving.append(start_http_server(free_port, "127.0.0.1", registry))

    said = {"name": "shop", "targets": [f"127.0.0.1:{free_port}"]}
    polled = polled_as("scrape", ScrapeSettings.model_validate(said), lambda _: "", None)
    try:
        with lived(tmp_path, polled, start, minute) as monitor:
            seen = observed(monitor, "depth")
            minutes = (seen["ts_ms"] - start) // MINUTE
            assert not ((minutes >= GONE) & (minutes < BACK)).any()
            assert np.array_equal(seen["value"], levels[minutes])
            assert len(minutes) >= LENGTH - (BACK - GONE) - 2
            rising = observed(monitor, "orders_total")
            minutes = (rising["ts_ms"] - start) // MINUTE
            known = minutes != BACK
            assert np.array_equal(rising["value"][known], steps[minutes[known]])
            assert_only_down(monitor, start)
            _, members = monitor.incident(monitor.incidents().items[0].id)
            kinds = {(one.anomaly.series.metric == METRIC_UP, one.anomaly.kind) for one in members}
            assert kinds == {(True, AnomalyKind.LEVEL_SHIFT), (False, AnomalyKind.NO_DATA)}
    finally:
        stop()
