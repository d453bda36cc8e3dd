"""The example of the page on sources, as it stands there."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from monitor.domain.source import DECLARATIONS
from tests.docs.tables import ROOT, section, table
from tests.sources.kafka import Cluster
from tests.sources.mlflow import Store
from tests.sources.prometheus import Prometheus

PAGES = ROOT / "docs" / "sources"
PAGE = PAGES / "polled.md"


def ran(tmp_path: Path, text: str, *replaced: tuple[str, str]) -> str:
    """What the shell example of a text prints beside its TOML, with some words of both replaced."""
    toml, shell = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("toml", "sh"))
    assert toml is not None
    assert shell is not None
    declared, script = toml[1], shell[1]
    for shown, own in replaced:
        assert shown in declared + script
        declared, script = declared.replace(shown, own), script.replace(shown, own)
    (tmp_path / "watchkeeper-data").mkdir()
    (tmp_path / "watchkeeper-data" / "sources.toml").write_text(declared)
    script = script.replace("watchkeeper ", f"{sys.executable} -m api.cli ")
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-ec", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_example_of_sql(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (at TEXT, country TEXT, amount REAL, refunded INTEGER)")
        at = datetime.now(UTC) - timedelta(minutes=10)
        shop.execute("INSERT INTO orders VALUES (?, 'NL', 12.5, 1)", (at.strftime("%Y-%m-%d %H:%M:%S"),))
    shop.close()
    said = ran(tmp_path, section(PAGE, "## SQL"), ("/tmp/shop.db", f"{tmp_path}/shop.db"))
    assert "shop: 4 samples, 0 refused" in said
    for name in ("shop.orders", "shop.revenue", "shop.basket", "shop.refund_share"):
        assert f"{name}{{country=NL}}" in said


@pytest.mark.slow
def test_the_example_of_a_scrape(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    Counter("orders", "o", ["country"], registry=registry).labels("NL").inc()
    Gauge("go_threads", "dropped", registry=registry)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    own = f"127.0.0.1:{server.server_port}"
    try:
        said = ran(tmp_path, (PAGES / "scrape.md").read_text(), ("127.0.0.1:9100", own))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert "node: 2 samples, 0 refused" in said  # with the time of its creation
    assert "land=NL" in said


@pytest.mark.slow
def test_the_example_of_promql(tmp_path: Path, free_port: int) -> None:
    prometheus = Prometheus(tmp_path, free_port)
    now_s = int(time.time())
    prometheus.fill(
        ["# TYPE up gauge", *(f'up{{job="web"}} 1 {now_s - 60 * minute}' for minute in range(30, 0, -1))]
    )
    prometheus.start()
    try:
        said = ran(tmp_path, (PAGES / "promql.md").read_text(), ("http://prometheus.example", prometheus.url))
    finally:
        prometheus.stop()
    assert "scrapes.up{job=web}" in said


@pytest.mark.slow
def test_the_example_of_files(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("time,country,orders\n2026-01-01T00:00:00Z,NL,42\n")
    said = ran(tmp_path, (PAGES / "files.md").read_text(), ("/data/exports", str(tmp_path)))
    assert "exports: 1 samples, 0 refused" in said
    assert "orders{country=NL}" in said


@pytest.mark.slow
def test_the_example_of_kafka(tmp_path: Path) -> None:
    cluster = Cluster()
    try:
        cluster.write(
            "metrics", '{"metric": "orders", "tags": {"country": "NL"}, "timestamp": 1, "value": 3}', "x"
        )
        said = ran(tmp_path, (PAGES / "kafka.md").read_text(), ("127.0.0.1:9092", cluster.address))
    finally:
        cluster.stop()
    assert "events: 1 samples, 1 refused" in said
    assert "orders{country=NL}" in said


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_example_of_mlflow(tmp_path: Path) -> None:
    store = Store(tmp_path / "mlflow.db")
    now_ms = time.time_ns() // 1_000_000
    store.run(now_ms - 600_000, {"auc": 0.8, "val_loss": 0.3, "loss": 0.2}, tags={"country": "NL"})
    said = ran(tmp_path, (PAGES / "mlflow.md").read_text(), ("http://mlflow.example", store.uri))
    assert "lab: 2 samples, 0 refused" in said
    assert re.search(r"series\W+2\b", said)


@pytest.mark.slow
def test_the_example_of_the_host(tmp_path: Path) -> None:
    assert "host.memory.used_share{host=" in ran(tmp_path, (PAGES / "host.md").read_text())


@pytest.mark.slow
def test_the_commands_that_change_them(tmp_path: Path) -> None:
    text = section(PAGE, "## Changing them") + "```toml\n# mine\n```\n"
    assert "is removed from" in ran(tmp_path, text)
    assert (tmp_path / "watchkeeper-data" / "sources.toml").read_text().strip() == "# mine"


def test_its_own_series_are_told() -> None:
    rows = table(section(PAGE, "## When a source fails"))
    assert {row[0].strip("`") for row in rows} == set(DECLARATIONS)


@pytest.mark.slow
def test_the_example_of_a_table(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute(
            "CREATE TABLE users (id INTEGER PRIMARY KEY, changed_at DATETIME, email TEXT, plan TEXT,"
            " income REAL, active BOOLEAN, since DATE)"
        )
        at = (datetime.now(UTC) - timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S")
        rows = [(i, at, f"{i}@x.example", ("free", "pro")[i % 2], 10.0 * i, i % 3 == 0) for i in range(12)]
        shop.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, '2025-06-01')", rows)
    shop.close()
    said = ran(tmp_path, (PAGES / "table.md").read_text(), ("/tmp/shop.db", f"{tmp_path}/shop.db"))
    assert "0 refused" in said
    names = ("rows", "writes", "null_share", "mean", "min", "max", "share", "true_share", "age_s")
    assert {f"users.{name}" for name in names} <= set(re.findall(r"users\.\w+", said))
    assert "email" not in said
