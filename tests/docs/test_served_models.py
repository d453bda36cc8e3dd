"""docs/served-models.md: its examples are run, and its tables are the code's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from api.prediction_log import PredictionLog
from api.served_shapes import ServedModelSettings
from api.server import Server, listen, url_of
from collectors.warm import warm_decoders
from monitor.domain.served import DECLARATIONS, METRIC
from monitor.service import Monitor
from monitor.settings import Settings
from tests.docs.tables import ROOT, table
from tests.fakes import fake_monitor

PAGE = ROOT / "docs" / "served-models.md"
TEXT = PAGE.read_text()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, Monitor]]:
    settings = Settings(port=0, engine="inline", shards=2, decode_lanes=1, data_dir=tmp_path)
    warm_decoders()  # as a server does before it listens
    monitor, _, _ = fake_monitor(settings, tmp_path / "served")
    monitor.start()
    listener = listen(settings, print)
    server = Server(monitor)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield url_of(listener), monitor
    server.stop()
    thread.join(10)
    monitor.stop()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_the_python_example_runs(served: tuple[str, Monitor]) -> None:
    url, monitor = served
    [example] = blocks("python")
    names: dict[str, object] = {}
    exec(example.replace("http://127.0.0.1:8321", url), names)
    log = names["log"]
    assert isinstance(log, PredictionLog)
    assert (log.sent, log.dropped) == (2, 0)
    monitor.serving.settle(60)
    shown = monitor.serving.model("churn")
    assert (shown["predictions"], shown["labelled"]) == (1, 1)
    assert shown["each"][0]["segments"] == ["channel=app", "country=NL"]


def test_the_bodies_of_the_http_example_are_taken(served: tuple[str, Monitor]) -> None:
    import httpx2

    url, monitor = served
    [example] = blocks("console")
    found = re.findall(r"curl -sS (\S+) -H '([^']+)' -d '(.*?)'", example, re.DOTALL)
    assert len(found) == 2
    for address, header, body in found:
        name, value = header.split(": ")
        where = address.replace("http://127.0.0.1:8321", url)
        answer = httpx2.post(where, content=body, headers={name: value})
        assert answer.json() == {"accepted": 1, "rejected": 0, "errors": [], "repeated": False}
        json.loads(body)
    monitor.serving.settle(60)
    assert monitor.serving.models()[0]["labelled"] == 1


def test_every_setting_and_every_series_is_told() -> None:
    told = {row[0].strip("`") for row in table(TEXT)}
    assert set(ServedModelSettings.model_fields) <= told
    words = set(re.findall(r"`(\w+)`", TEXT))
    assert set(DECLARATIONS) <= words
    assert METRIC == "model."
