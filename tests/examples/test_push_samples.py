"""examples/push_samples.py against a real server on a real socket."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from threading import Thread

import pytest

from api.server import Server, listen, url_of
from examples import push_samples
from monitor.domain.errors import Overloaded
from monitor.settings import Settings
from tests.fakes import FakeEngine, fake_monitor


@pytest.fixture
def served() -> Iterator[tuple[str, FakeEngine]]:
    monitor, engine, _ = fake_monitor(Settings(port=0, engine="inline", shards=2, decode_lanes=1))
    monitor.start()
    listener = listen(monitor.settings, print)
    server = Server(monitor)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield url_of(listener), engine
    server.stop()
    thread.join(10)
    assert not thread.is_alive()
    monitor.stop()


def kept(engine: FakeEngine) -> int:
    return sum(len(one.batch) for one in engine.submitted)


def test_every_sample_arrives_once(
    served: tuple[str, FakeEngine], capsys: pytest.CaptureFixture[str]
) -> None:
    url, engine = served
    assert push_samples.main(["--url", url, "--minutes", "100"]) == 0
    total = sum(1 for _ in push_samples.samples(0, 100))
    assert kept(engine) == total > 390
    assert f"{total} samples kept, in 2 requests" in capsys.readouterr().out
    shares = [one.batch.n for one in engine.submitted]
    assert all(n is not None for n in shares)
    push_samples.main(["--url", url, "--minutes", "100"])
    assert kept(engine) == total  # the same keys again: no second effect


def test_it_waits_where_the_server_is_full(
    served: tuple[str, FakeEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, engine = served
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    batch = list(push_samples.samples(0, 2))
    engine.fail = [Overloaded("full", 3)]
    assert push_samples.push(url, batch, "one")["accepted"] == len(batch)
    assert 3.0 in waits


def test_a_refusal_is_an_error(served: tuple[str, FakeEngine]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        push_samples.push(served[0], [{"metric": "", "timestamp": 0, "value": 1}], "two")
    assert refused.value.code == 400
    refused.value.close()
