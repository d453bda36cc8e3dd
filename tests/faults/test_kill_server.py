"""kill -9 at random moments of an ingest: nothing acknowledged is lost, nothing counts twice."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest

from collectors.keys import WireKeys
from collectors.samples_json import JsonDecoder
from monitor.assembly import build
from monitor.domain.batch import Mode
from monitor.domain.records import Tick
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.settings import Settings
from tests.engine.making import Kept, digests
from tests.faults.serving import Server, alive, descendants
from tests.scenarios.story import rows

SHARDS = 2
PATIENCE_S = 120
Story = list[tuple[Any, ...]]
"""Incidents by their start."""


def bodies(size: int) -> list[bytes]:
    """The story in event time, as JSON requests of ``size`` samples."""
    samples = [
        {"metric": metric, "tags": {"host": host}, "timestamp": ts_ms, "value": value}
        for metric, host, ts_ms, value in rows()[["metric", "host", "ts_ms", "value"]].itertuples(index=False)
    ]
    parts = [samples[at : at + size] for at in range(0, len(samples), size)]
    return [json.dumps({"samples": part, "mode": "backfill"}).encode() for part in parts]


END_MS = int(rows()["ts_ms"].max())


def uninterrupted(folder: Path, requests: list[bytes]) -> tuple[list[str], Story]:
    """The same requests through a system in this process that nobody kills."""
    monitor = build(Settings(engine="inline", shards=SHARDS, data_dir=folder))
    monitor.start()
    try:
        for number, body in enumerate(requests):
            decoded = JsonDecoder(WireKeys(seed=1)).decode(body, all_identities=True)
            name = number.to_bytes(16, "little")
            monitor.taking.submit(decoded.batch, Mode.BACKFILL, name).result(60)
        monitor._engine.control(Tick(END_MS, complete=True)).result(60)
        monitor.settle(60)
        story: Story = []
        for listed in monitor.recounting.incidents(limit=1_000).items:
            incident, members = monitor.recounting.incident(listed.id)
            ids = [placed.anomaly.id for placed in members]
            story.append((incident.start_ms, incident.id, incident.end_ms, incident.state.value, ids))
    finally:
        monitor.stop()
    return digests_of(folder), sorted(story)


def digests_of(folder: Path) -> list[str]:
    engine = InlineEngine(SHARDS, HostSettings(folder))
    engine.start(Kept(), {})
    try:
        engine.settle(60)
        return digests(engine)
    finally:
        engine.close()


def story_of(server: Server) -> Story:
    story: Story = []
    for listed in server.items("incidents"):
        one = server.get(f"incidents/{listed['id']}")
        story.append(
            (one["start_ms"], one["id"], one["end_ms"], one["state"], [m["id"] for m in one["members"]])
        )
    return sorted(story)


class Sender(Thread):
    """Sends the requests in turn, each until it is acknowledged, whatever becomes of the server."""

    def __init__(self, server: Server, requests: list[bytes]) -> None:
        super().__init__(name="sender", daemon=True)
        self.server = server
        self.requests = requests
        self.acked = 0
        self.trouble = ""
        self.http = httpx2.Client(timeout=20)

    def run(self) -> None:
        for number in range(len(self.requests)):
            until = time.monotonic() + PATIENCE_S
            while not self.trouble and not self._sent(number):
                if time.monotonic() > until:
                    self.trouble = f"request {number} was not taken in {PATIENCE_S} s"
                time.sleep(0.02)
            if self.trouble:
                return
            self.acked = number + 1

    def __enter__(self) -> Sender:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.trouble = self.trouble or "left"
        self.join()
        self.http.close()

    def _sent(self, number: int) -> bool:
        try:
            answer = self.post(number)
        except httpx2.TransportError:
            return False
        if answer.status_code not in (200, 503):
            self.trouble = f"request {number} is answered {answer.status_code}: {answer.text}"
        return bool(answer.status_code == 200)

    def post(self, number: int) -> httpx2.Response:
        headers = {"content-type": "application/json", "idempotency-key": f"request {number}"}
        url = f"{self.server.url}/api/v1/samples"
        return self.http.post(url, content=self.requests[number], headers=headers)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "killed", shards=SHARDS)
    server.start()
    yield server
    server.stop()


def kill_again_and_again(server: Server, sender: Sender, kills: int, chance: random.Random) -> None:
    """Each life ends at a random moment, one in five while it recovers; nothing may outlive it."""
    for _ in range(kills):
        time.sleep(chance.uniform(0.0, 0.4))
        family = descendants(server.pid)
        server.kill()
        check_gone(family)
        acked = sender.acked
        if chance.random() < 0.2:
            server.launch()
            time.sleep(chance.uniform(0.5, 3.0))
            family = descendants(server.pid)
            server.kill()
            check_gone(family)
        server.start()
        if acked:
            answer = sender.post(acked - 1)
            assert answer.status_code == 200
            assert answer.json()["repeated"], f"request {acked - 1} was acknowledged and is not there"


def check_gone(family: set[int]) -> None:
    until = time.monotonic() + 20
    while left := alive(family):
        assert time.monotonic() < until, f"processes {left} outlive the server"
        time.sleep(0.01)


def check_kills(server: Server, folder: Path, kills: int, size: int) -> None:
    requests = bodies(size)
    expected_digests, expected_story = uninterrupted(folder, requests)
    assert len(expected_story) > 2

    with Sender(server, requests) as sender:
        kill_again_and_again(server, sender, kills, random.Random(7))
        sender.join(PATIENCE_S)
        assert (sender.trouble, sender.acked) == ("", len(requests))

    complete = httpx2.post(
        f"{server.url}/api/v1/samples?complete={END_MS}",
        content=b'{"samples": []}',
        headers={"content-type": "application/json"},
    )
    assert complete.status_code == 200
    server.settled()
    shards = server.get("status")["shards"]
    assert sum(shard["samples"] for shard in shards) == len(rows())
    story = story_of(server)
    server.stop()
    assert digests_of(server.folder) == expected_digests
    assert story == expected_story


@pytest.mark.faults
def test_three_kills_lose_nothing(server: Server, tmp_path: Path) -> None:
    check_kills(server, tmp_path / "uninterrupted", 3, 5)


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_a_hundred_kills_lose_nothing(server: Server, tmp_path: Path) -> None:
    check_kills(server, tmp_path / "uninterrupted", 100, 1)
