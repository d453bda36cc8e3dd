"""How a source of each kind is lost for half an hour and returns, and what it had to tell meanwhile."""

from __future__ import annotations

import json
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from collectors.host_settings import HostSettings
from collectors.kafka import KafkaFollower
from collectors.kafka_settings import KafkaSettings
from collectors.mlflow_settings import MlflowSettings
from collectors.promql_settings import PromqlSettings
from collectors.pulled import SourceFailed
from collectors.scrape_settings import ScrapeSettings
from collectors.sql_settings import SqlSettings
from collectors.table_settings import TableSettings
from collectors.watched_settings import WatchedSettings
from monitor.domain.durations import MINUTE_MS
from monitor.polled import Polled
from monitor.sources import polled_as
from tests.sources.kafka import Cluster
from tests.sources.mlflow import Store
from tests.sources.outage import BACK, GONE, LENGTH, Minute
from tests.sources.prometheus import Prometheus


@dataclass(frozen=True)
class Away:
    """``minute``: as `lived` wants it. ``kept``: values of every minute that can be asked for later, by
    metric; ``lost``: by the minute's number, of what nobody can ask for later; NaN: nothing is claimed."""

    polled: Polled
    minute: Minute
    kept: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    lost: Mapping[str, NDArray[Any]] = field(default_factory=dict)


Story = Callable[[Path, int], AbstractContextManager[Away]]


def _moved(path: Path) -> Minute:
    """Out of the way from `GONE` until `BACK`."""
    away = path.with_name("away")

    def minute(number: int) -> None:
        if number == GONE:
            path.rename(away)
        if number == BACK:
            away.rename(path)

    return minute


def _per_minute(file: Path, counts: NDArray[Any], start: int) -> None:
    """A table ``t`` with so many rows each minute."""
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE t (ms INTEGER, income REAL)")
        minutes = np.repeat(np.arange(LENGTH), counts).tolist()
        rows = [(start + minute * MINUTE_MS, float(minute)) for minute in minutes]
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
    database.close()


_SHOP = {"name": "shop", "time": "ms", "time_type": "epoch_ms", "bucket": "1m"}


@contextmanager
def sql(folder: Path, start: int) -> Iterator[Away]:
    file = folder / "shop.db"
    counts = np.random.default_rng(5).poisson(40, LENGTH)
    _per_minute(file, counts, start)
    said = _SHOP | {
        "url": f"sqlite:///{file}",
        "query": "SELECT ms FROM t",
        "kpi": [{"metric": "orders", "compute": "count"}],
    }
    polled = polled_as("sql", SqlSettings.model_validate(said), lambda _: "", None)
    yield Away(polled, _moved(file), kept={"orders": counts})


@contextmanager
def table(folder: Path, start: int) -> Iterator[Away]:
    file = folder / "shop.db"
    counts = np.random.default_rng(15).poisson(40, LENGTH) + 1
    _per_minute(file, counts, start)
    said = _SHOP | {"url": f"sqlite:///{file}", "table": "t"}
    polled = polled_as("table", TableSettings.model_validate(said), lambda _: "", None)
    yield Away(polled, _moved(file), kept={"shop.rows": counts})


@contextmanager
def files(folder: Path, start: int) -> Iterator[Away]:
    """Who writes into the folder goes on meanwhile, as onto a share that only we have lost."""
    values = np.random.default_rng(16).normal(20, 1, LENGTH + 1).round(6)
    there = folder / "exports"
    there.mkdir()
    (there / "depth.csv").write_text("time,depth\n")
    move = _moved(there)

    def minute(number: int) -> None:
        move(number)
        own = folder / "away" if GONE <= number < BACK else there
        with (own / "depth.csv").open("a") as file:
            file.write(f"{start + number * MINUTE_MS},{values[number]}\n")

    said = {"name": "exports", "path": str(there / "*.csv")}
    polled = polled_as("files", WatchedSettings.model_validate(said), lambda _: "", folder / "places")
    yield Away(polled, minute, kept={"depth": values[1:]})


@contextmanager
def scrape(folder: Path, start: int) -> Iterator[Away]:
    steps = np.random.default_rng(6).poisson(40, LENGTH + 1).astype(float)
    levels = np.random.default_rng(7).normal(20, 1, LENGTH + 1)
    registry = CollectorRegistry()
    orders, depth = Counter("orders", "o", registry=registry), Gauge("depth", "d", registry=registry)
    port = _free_port()
    serving = [start_http_server(port, "127.0.0.1", registry)]

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
            serving.append(start_http_server(port, "127.0.0.1", registry))

    said = {"name": "shop", "targets": [f"127.0.0.1:{port}"]}
    polled = polled_as("scrape", ScrapeSettings.model_validate(said), lambda _: "", None)
    rising = steps.copy()
    rising[BACK] = np.nan  # the first step after the half hour is of all of it
    try:
        yield Away(polled, minute, lost={"depth": levels, "orders_total": rising})
    finally:
        stop()


@contextmanager
def host(folder: Path, start: int) -> Iterator[Away]:
    """A machine whose kernel's files are gone for half an hour, while it works on."""
    rng = np.random.default_rng(17)
    load = rng.normal(2, 0.1, LENGTH + 1).round(2)
    used = rng.integers(40, 60, LENGTH + 1)  # percent of the memory
    busy = rng.integers(2_000, 4_000, LENGTH + 1)  # of 6,000 ticks a minute
    received = rng.poisson(60_000, LENGTH + 1)
    proc = folder / "proc"
    (proc / "net").mkdir(parents=True)
    move = _moved(proc)

    def minute(number: int) -> None:
        move(number)
        if GONE <= number < BACK:
            return
        whole, spent = 6_000 * (number + 1), int(busy[: number + 1].sum())
        got = int(received[: number + 1].sum())
        said = {
            "stat": f"cpu {spent} 0 0 {whole - spent} 0 0 0 0\n",
            "diskstats": "",
            "net/dev": f"h\nh\neth0: {got} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
            "loadavg": f"{load[number]} 0 0 1/1 1\n",
            "meminfo": f"MemTotal: 100 kB\nMemAvailable: {100 - used[number]} kB\n",
            "mounts": "",
        }
        for name, text in said.items():
            (proc / name).write_text(text)

    polled = polled_as(
        "host", HostSettings.model_validate({"name": "here", "proc": str(proc)}), lambda _: "", None
    )
    share, rate = busy / 6_000, received / 60
    share[[1, BACK]] = rate[[1, BACK]] = np.nan  # none yet, and one of the whole half hour
    lost = {
        "host.load_1m": load,
        "host.memory.used_share": used / 100,
        "host.cpu.used_share": share,
        "host.network.received_bytes_per_s": rate,
    }
    yield Away(polled, minute, lost=lost)


@contextmanager
def promql(folder: Path, start: int) -> Iterator[Away]:
    levels = np.random.default_rng(8).normal(20, 1, LENGTH).round(6)
    prometheus = Prometheus(folder, _free_port())
    lines = [f"depth {level} {start // 1_000 + 60 * minute}" for minute, level in enumerate(levels.tolist())]
    prometheus.fill(["# TYPE depth gauge", *lines])
    prometheus.start()

    def minute(number: int) -> None:
        if number == GONE:
            prometheus.stop()
        if number == BACK:
            prometheus.start()

    said = {
        "name": "shop",
        "url": prometheus.url,
        "bucket": "1m",
        "delay": "0s",
        "chunk_buckets": 60,
        "query": [{"expr": "depth"}],
    }
    polled = polled_as("promql", PromqlSettings.model_validate(said), lambda _: "", None)
    try:
        yield Away(polled, minute, kept={"depth": levels})
    finally:
        prometheus.stop()


@contextmanager
def kafka(folder: Path, start: int) -> Iterator[Away]:
    """Its writers keep what they could not write, and write it when the brokers are back."""
    levels = np.random.default_rng(9).normal(20, 1, LENGTH + 1)
    cluster = Cluster()
    said = {"name": "shop", "brokers": [cluster.address], "topics": ["t"], "timeout": "1s", "session": "6s"}
    polled = polled_as("kafka", KafkaSettings.model_validate(said), lambda _: "", folder)
    source = polled.source
    assert isinstance(source, KafkaFollower)

    def write(*minutes: int) -> None:
        lines = [
            json.dumps({"metric": "depth", "timestamp": start + at * MINUTE_MS, "value": levels[at]})
            for at in minutes
        ]
        cluster.write("t", *lines)

    def join() -> None:
        end_s = time.monotonic() + 60
        while not source.partitions:
            assert time.monotonic() < end_s
            try:
                source.next()
            except SourceFailed:
                time.sleep(0.2)

    def minute(number: int) -> None:
        if number == GONE:
            cluster.pause()
        if number == BACK:
            cluster.resume()
            write(*range(GONE, BACK))
        if not GONE <= number < BACK:
            write(number)
        if number in (1, BACK):
            join()

    try:
        yield Away(polled, minute, kept={"depth": levels[1:]})
    finally:
        cluster.resume()
        cluster.stop()


@contextmanager
def mlflow(folder: Path, start: int) -> Iterator[Away]:
    """A run ends every minute; those of the half hour are written down when the store is back."""
    store = Store(folder / "mlflow.db")
    levels = np.random.default_rng(11).normal(0.8, 0.01, LENGTH + 1)

    def minute(number: int) -> None:
        if number == GONE:
            store.file.rename(folder / "away")
            store.file.mkdir()
        if number == BACK:
            store.file.rmdir()
            (folder / "away").rename(store.file)
        for ended in range(GONE, BACK + 1) if number == BACK else [number]:
            if not GONE <= number < BACK:
                store.run(start + ended * MINUTE_MS - 1_000, {"auc": levels[ended]})

    said = {"name": "lab", "uri": store.uri, "reread": "5m", "backfill": "1m"}
    polled = polled_as("mlflow", MlflowSettings.model_validate(said), lambda _: "", folder)
    yield Away(polled, minute, kept={"mlflow.auc": levels[1:]})


STORIES: Mapping[str, Story] = {
    story.__name__: story for story in (sql, scrape, promql, files, host, table, kafka, mlflow)
}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
