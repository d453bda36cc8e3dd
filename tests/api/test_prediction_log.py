"""The handle against a real socket: what it tells arrives once; trouble costs rows, never the caller."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from api.prediction_log import PredictionLog
from tests.fakes.listening import listening


class Listener(ThreadingHTTPServer):
    """Keeps what it is sent by key; ``answers`` are given first, then 200. ``hold`` delays every answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[int] = []
        self.kept: dict[str, tuple[str, dict[str, Any]]] = {}
        self.hold = threading.Event()
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return [row for path, body in self.kept.values() if path.endswith(kind) for row in body[kind]]


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.hold.wait(5)
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.kept[self.headers["Idempotency-Key"]] = (self.path, json.loads(body))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    with listening(server):
        yield server
        server.hold.set()


def test_what_is_told_arrives_once(listener: Listener) -> None:
    listener.answers = [503, 500]
    with PredictionLog(listener.url, "churn", "7", batch_max=4, every_s=0.05) as log:
        for i in range(10):
            assert log.predicted(
                i,
                score=np.float64(0.5),
                features={"age": 4.0, "gone": math.nan, "visits": np.int32(3).item()},
            )
            assert log.outcome(i, bool(i % 2))
    assert [row["id"] for row in listener.rows("predictions")] == list(range(10))
    assert listener.rows("predictions")[0]["features"] == {"age": 4.0, "visits": 3}
    assert [row["outcome"] for row in listener.rows("outcomes")] == [False, True] * 5
    assert (log.sent, log.dropped) == (20, 0)


def test_a_server_that_does_not_answer_costs_rows_and_no_time(listener: Listener) -> None:
    listener.hold.clear()
    log = PredictionLog(listener.url, "churn", batch_max=10, every_s=0.01, queue_max=100)
    began = time.monotonic()
    told = [log.predicted(i, 1.5) for i in range(500)]
    assert time.monotonic() - began < 1.0
    assert 100 <= sum(told) < 500
    assert log.dropped == 500 - sum(told)
    listener.hold.set()
    log.close()
    assert log.sent == sum(told)


def test_what_is_no_json_or_refused_is_left_out_alone(listener: Listener) -> None:
    listener.answers = [400]
    with PredictionLog(listener.url, "churn", every_s=0.01) as log:
        log.predicted(1, "yes")
        assert log.flush(5)
        assert log.dropped == 1
        log.predicted(2, object())  # type: ignore[arg-type]
        log.predicted(3, "yes")
    assert [row["id"] for row in listener.rows("predictions")] == [3]
    assert log.dropped == 2
    assert not log.predicted(4, "yes")


def test_closing_does_not_wait_for_ever() -> None:
    log = PredictionLog("http://127.0.0.1:9", "churn", every_s=0.01)
    log.predicted(1, 2.0)
    began = time.monotonic()
    log.close(0.3)
    assert time.monotonic() - began < 5
    assert log.dropped == 1
    with pytest.raises(ValueError, match="no address"):
        PredictionLog("ftp://x", "churn")
