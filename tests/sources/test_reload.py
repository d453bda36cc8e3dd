"""The file of sources while a server runs: by hand, by HTTP and by command; a wrong one changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.commands import sources
from monitor.assembly import build
from monitor.domain.errors import NotFound, Unfit
from monitor.service import Monitor
from monitor.settings import Settings

HERE = '[[host]]  # mine\nname = "here"\nevery = "1s"\n'


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[Monitor]:
    (tmp_path / "sources.toml").write_text(HERE)
    monitor = build(Settings(engine="inline", shards=1, data_dir=tmp_path, auth="off"))
    monitor.start()
    yield monitor
    monitor.stop()


@pytest.fixture
def http(monitor: Monitor) -> TestClient:
    return TestClient(create_app(monitor), base_url="http://localhost")


def wait_for(done: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def names(monitor: Monitor) -> list[str]:
    return [one.name for one in monitor.polling.statuses()]


def test_a_file_changed_by_hand(monitor: Monitor, http: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "sources.toml"
    wait_for(lambda: monitor.polling.statuses()[0].samples > 0)
    before = monitor.polling.statuses()[0].samples
    file.write_text(HERE + '[[host]]\nname = "there"\n')
    monitor.sources.look()
    assert names(monitor) == ["here", "there"]
    assert monitor.polling.statuses()[0].samples >= before  # it went on
    file.write_text(HERE + "colour = 1\n")
    monitor.sources.look()
    answer = http.get("/api/v1/sources").json()
    assert "host.0.colour: no such key" in answer["trouble"]
    assert [one["name"] for one in answer["items"]] == ["here", "there"]
    assert "colour" in http.get("/api/v1/status").json()["sources_trouble"]
    file.write_text(HERE)
    monitor.sources.look()
    assert names(monitor) == ["here"]
    assert monitor.sources.trouble == ""
    file.unlink()
    monitor.sources.look()
    assert "is gone" in monitor.sources.trouble
    assert names(monitor) == ["here"]


@pytest.mark.slow
def test_a_file_that_is_deleted_and_comes_back(tmp_path: Path) -> None:
    """A server that is started without it polls nothing; where each source was read to is kept."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("time,orders\n1767225600,5\n")
    file = tmp_path / "sources.toml"
    said = f'[[files]]\nname = "in"\npath = "{tmp_path}/in"\nevery = "1s"\n'
    samples = []
    for written in (said, "", said):
        file.write_text(written)
        if not written:
            file.unlink()
        monitor = build(Settings(engine="inline", shards=1, data_dir=tmp_path, auth="off"))
        monitor.start()
        try:
            assert names(monitor) == (["in"] if written else [])
            assert monitor.sources.trouble == ""
            if written:
                wait_for(lambda: monitor.polling.statuses()[0].read_until_ms is not None)  # noqa: B023
                samples.append(monitor.polling.statuses()[0].samples)
        finally:
            monitor.stop()
    assert samples == [1, 0]


def test_by_http(monitor: Monitor, http: TestClient, tmp_path: Path) -> None:
    said: dict[str, Any] = {"kind": "files", "settings": {"path": str(tmp_path / "in"), "every": "1s"}}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("time,orders\n1767225600,5\n")
    seen = http.post("/api/v1/sources/preview", json=said | {"name": "in"}).json()
    assert seen["error"] == ""
    assert [(row["series"], row["value"]) for row in seen["rows"]] == [("orders", 5.0)]
    assert names(monitor) == ["here"]
    assert http.post("/api/v1/sources", json=said | {"name": "in"}).status_code == 201
    assert http.post("/api/v1/sources", json=said | {"name": "in"}).status_code == 422
    wait_for(lambda: bool(monitor.reading.series(metric="orders").items))
    assert http.get("/api/v1/sources/in").json()["settings"] == said["settings"]
    changed = said | {"settings": said["settings"] | {"every": "2s"}}
    assert http.put("/api/v1/sources/in", json=changed).json()["settings"]["every"] == "2s"
    assert http.put("/api/v1/sources/none", json=changed).status_code == 404
    assert monitor.polling.statuses()[1].every_ms == 2_000
    assert (tmp_path / "sources.toml").read_text().startswith(HERE)
    assert http.delete("/api/v1/sources/in").status_code == 200
    assert names(monitor) == ["here"]
    wrong = http.post("/api/v1/sources", json={"kind": "host", "name": "x", "settings": {"colour": "hidden"}})
    assert wrong.status_code == 400
    assert "colour: no such key" in wrong.json()["detail"]
    assert "hidden" not in wrong.text
    entries = http.get("/api/v1/audit").json()["items"]
    assert {one["action"] for one in entries} == {"source declared", "source removed"}


def test_a_source_that_does_not_answer_is_previewed_as_such(http: TestClient) -> None:
    said = {"kind": "files", "name": "x", "settings": {"path": "/none/at/all.csv"}}
    seen = http.post("/api/v1/sources/preview", json=said).json()
    assert "No such file" in seen["error"]
    assert seen["rows"] == []


@pytest.mark.slow
def test_by_command(monitor: Monitor, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["targets=['127.0.0.1:9100']", "every=15s"]
    assert sources.add(None, tmp_path, "scrape", "node", settings, replace=False) == 0
    wait_for(lambda: names(monitor) == ["here", "node"])  # it looks by itself
    with pytest.raises(Unfit):
        sources.add(None, tmp_path, "scrape", "node", settings, replace=False)
    assert sources.add(None, tmp_path, "host", "node", [], replace=True) == 0
    assert sources.remove(None, tmp_path, "node") == 0
    with pytest.raises(NotFound):
        sources.remove(None, tmp_path, "node")
    assert (tmp_path / "sources.toml").read_text() == HERE
    assert "hidden" not in capsys.readouterr().out
