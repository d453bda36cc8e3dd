"""The real server for the page: over the whole system in one process, or over fakes where a test needs what
the system would take weeks to learn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import numpy as np

from api.access.access import Access
from api.server import Server, listen, url_of
from monitor.domain.durations import MINUTE_MS
from monitor.domain.topology import LearnedEdge
from monitor.service import Monitor
from monitor.settings import Settings
from tests.browser.canned import HOSTILE
from tests.fakes import NOW_MS, fake_monitor, storm_anomaly, storm_incident
from tests.scenarios.test_chain import CHAIN, CHANGE, FAULT, START_MS, fail, run

Json = dict[str, Any]
FAULT_MS = START_MS + FAULT * MINUTE_MS
ORIGIN = f"{CHAIN[0][0].fingerprint():016x}"


@contextmanager
def serving(monitor: Monitor, access: Access | None = None, port: int = 0) -> Iterator[str]:
    """The address of a server of the Monitor, which ends with it."""
    listener = listen(monitor.settings.model_copy(update={"port": port}), print)
    server = Server(monitor, access)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = url_of(listener)
    try:
        _await_ready(url)
        yield url
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()


def _await_ready(url: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if httpx2.get(url + "/ready").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.02)


class Desk:
    """A running system, and how a test tells it something over HTTP."""

    def __init__(self, monitor: Monitor, url: str) -> None:
        self.monitor = monitor
        self.url = url

    def tell(self, method: str, path: str, body: Json) -> Json:
        answer = httpx2.request(method, f"{self.url}/api/v1/{path}", json=body)
        assert answer.is_success, answer.text
        self.monitor.settle(30)
        return dict(answer.json())

    def get(self, path: str) -> Json:
        return dict(httpx2.get(f"{self.url}/api/v1/{path}").json())

    def fail(self) -> None:
        """A day of three series, at whose end each fails; an incident of each is open then."""
        fail(self.monitor, (0, 3, 6))

    def newest(self) -> Json:
        """The incident that is open and began last."""
        return max(self.get("incidents?state=open")["items"], key=lambda one: int(one["start_ms"]))

    def furnish(self) -> None:
        """Something of everything that is set, and a series every name of which is markup."""
        at = (START_MS + np.arange(40) * MINUTE_MS).tolist()
        tags = {"shop": HOSTILE.replace("\\n", "")}
        samples = [{"metric": HOSTILE, "tags": tags, "timestamp": ms, "value": 1.0 + ms % 7} for ms in at]
        self.tell("POST", "samples", {"samples": samples, "mode": "backfill"})
        self.tell("POST", "changes", CHANGE)
        self.tell("PUT", "receivers/on call", {"kind": "log"})
        self.tell("PUT", "routes/shop", {"receivers": ["on call"], "metrics": ["shop.*"], "backfill": True})
        selector = {"metric": "customer_age.*"}
        self.tell("POST", "mutes", {"selector": selector, "reason": HOSTILE, "minutes": 60})
        self.tell("POST", "calendars", {"name": "holidays", "country": "DE", "selector": selector})
        self.tell("PUT", "teams/shop", {"rules": [{"tags": {"country": "NL"}}]})
        self.tell("PUT", "users/ann", {"role": "responder", "password": "correct horse battery"})
        self.tell("POST", "tokens", {"name": HOSTILE, "scopes": ["ingest"]})


@contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """The whole system, with nothing in it yet."""
    monitor = run(folder)
    try:
        with serving(monitor) as url:
            yield Desk(monitor, url)
    finally:
        monitor.stop()


def edges(communities: int, size: int, seed: int = 1) -> list[LearnedEdge]:
    """A graph as weeks of faults would teach it: each series tied to some of its community, few beyond."""
    random = np.random.default_rng(seed)
    found: dict[tuple[int, int], LearnedEdge] = {}
    for one in range(communities * size):
        home = one // size * size
        near = home + random.integers(0, size, 2)
        far = random.integers(0, communities * size, 1 if random.random() < 0.03 else 0)
        for other in (*near.tolist(), *far.tolist()):
            if other != one:
                found[one, other] = _edge(one, other, size, float(random.uniform(3, 9)))
    return list(found.values())


def _edge(source: int, target: int, size: int, decades: float) -> LearnedEdge:
    first, then = (f"service{i // size}.latency{{host=h{i}}}" for i in (source, target))
    ids = f"{source + 1:016x}", f"{target + 1:016x}"
    return LearnedEdge(*ids, first, then, decades, 60_000 * (1 + source % 9), 4, 5, NOW_MS)


@contextmanager
def networked(communities: int, size: int) -> Iterator[str]:
    """A server with a learned graph, over fakes: the real routes, and a store that is a list."""
    monitor, _, story = fake_monitor(Settings(engine="inline", shards=2, decode_lanes=1, port=0))
    story.topology.found = edges(communities, size)
    story.placed.append(storm_anomaly())
    story.kept.append(storm_incident())
    with serving(monitor) as url:
        yield url
