"""What the file declares is polled by a real server, and shown without secrets; commands try it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.commands import sources
from monitor.assembly import build
from monitor.domain.errors import BadRequest
from monitor.domain.source import METRIC_UP
from monitor.service import Monitor
from monitor.settings import Settings

SOURCE = """
[[sql]]
name = "{name}"
url = "env:WATCHKEEPER_SECRET_{name}"
query = "SELECT s FROM orders"
time = "s"
time_type = "epoch_s"
bucket = "1s"
kpi = [{{metric = "{name}.orders", compute = "count"}}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a source that is there, one whose password is wrong or host away, and one without
    its secret."""
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (s INTEGER)")
    shop.close()
    monkeypatch.setenv("WATCHKEEPER_SECRET_GOOD", f"sqlite:///{tmp_path}/shop.db")
    monkeypatch.setenv("WATCHKEEPER_SECRET_AWAY", "postgresql+psycopg://ann:hidden@127.0.0.1:1/shop")
    data = tmp_path / "data"
    data.mkdir()
    names = ("GOOD", "AWAY", "MUTE")
    (data / "sources.toml").write_text("".join(SOURCE.format(name=name) for name in names))
    return data


def started(folder: Path) -> Monitor:
    monitor = build(Settings(engine="inline", shards=1, data_dir=folder))
    monitor.start()
    return monitor


def wait_for(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def test_a_server_polls_and_tells(folder: Path) -> None:
    monitor = started(folder)
    try:
        http = TestClient(create_app(monitor), base_url="http://localhost")

        def listed() -> dict[str, dict[str, Any]]:
            return {one["name"]: one for one in http.get("/api/v1/sources").json()["items"]}

        wait_for(lambda: all(one["state"] != "starting" for one in listed().values()))
        wait_for(lambda: listed()["GOOD"]["samples"] > 0)
        found = listed()
        assert {name: one["state"] for name, one in found.items()} == {
            "AWAY": "down",
            "GOOD": "up",
            "MUTE": "down",
        }
        assert "hidden" not in str(found)
        assert "no variable WATCHKEEPER_SECRET_MUTE" in found["MUTE"]["error"]
        wait_for(
            lambda: bool(monitor.reading.series(metric="GOOD.orders").items)
        )  # acknowledged, then applied
        monitor._source_health.report()
        wait_for(lambda: len(monitor.reading.series(metric=METRIC_UP).items) == 3)
        assert monitor.declaring.metrics()[METRIC_UP]["static_lower"] == 0.5
    finally:
        monitor.stop()


def test_the_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sources.test(None, folder, "") == 1
    said = capsys.readouterr().out
    assert "GOOD: 60 samples" in said
    assert "AWAY: " in said
    assert "hidden" not in said
    assert sources.test(None, folder, "GOOD") == 0
    assert sources.preview(None, folder, "GOOD", 3, as_json=True) == 0
    assert capsys.readouterr().out.count("GOOD.orders") == 3
    with pytest.raises(BadRequest, match="no source SHOP is declared in"):
        sources.test(None, folder, "SHOP")


def test_where_none_is_declared_it_is_said_where_was_looked(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(BadRequest) as nothing:
        sources.test(None, elsewhere, "")
    said = str(nothing.value)
    assert said.startswith(
        f"no source is declared in {elsewhere.resolve() / 'sources.toml'}: there is no such"
    )
    assert said.endswith("give its --data-dir or --config")
    with pytest.raises(BadRequest, match=r"no source orders is declared in .*: it declares"):
        sources.test(None, folder, "orders")


def test_a_wrong_file_keeps_the_server_from_starting(folder: Path) -> None:
    file = folder / "sources.toml"
    file.write_text(file.read_text() + "colour = 1\n")
    with pytest.raises(BadRequest, match=r"sql\.2\.colour: no such key"):
        build(Settings(engine="inline", shards=1, data_dir=folder))
