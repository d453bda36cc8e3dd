"""A running application over fakes, and one way to send samples to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.intake.limits import Limits
from monitor.service import Monitor
from monitor.settings import HttpLimits, Settings
from tests.fakes import NOW_MS, FakeEngine, FakeStory, fake_monitor

SAMPLES = "/api/v1/samples"
JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"


@dataclass
class App:
    http: TestClient
    monitor: Monitor
    engine: FakeEngine
    story: FakeStory

    def send(self, body: Any, kind: str = JSON, query: str = "", **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(SAMPLES + query, content=content, headers={"content-type": kind} | named)


def sample(value: Any = 1.5, metric: Any = "orders", timestamp: Any = NOW_MS, **more: Any) -> dict[str, Any]:
    return {"metric": metric, "tags": {"country": "NL"}, "timestamp": timestamp, "value": value, **more}


def samples(*values: Any) -> dict[str, Any]:
    return {"samples": [sample(value, timestamp=NOW_MS - 60_000 * i) for i, value in enumerate(values)]}


SMALL = Settings(
    engine="inline",
    shards=2,
    decode_lanes=1,
    http=HttpLimits(body_read_s=1, watchers=1),
    limits=Limits(
        body_wire_bytes_max=2_000,
        body_decoded_bytes_max=5_000,
        samples_per_request_max=20,
        series_max=100,
        declarations_max=3,
        patterns_max=2,
    ),
)


def running(settings: Settings | None = None, served: Path | None = None) -> Iterator[App]:
    """``served``: a folder for a real log of served models."""
    monitor, engine, story = fake_monitor(settings, served)
    monitor.start()
    with TestClient(create_app(monitor), base_url="http://localhost") as http:
        yield App(http, monitor, engine, story)
    monitor.stop()


@pytest.fixture
def app() -> Iterator[App]:
    yield from running()


@pytest.fixture
def small() -> Iterator[App]:
    """The same with limits small enough to reach."""
    yield from running(SMALL)
