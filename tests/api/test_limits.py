"""Each limit: N passes, N + 1 gets the named answer, and the refusal is counted."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from starlette.types import Receive, Send

from api.body import Budget, decompress
from api.problems import Problem
from api.turnstile import Turnstile
from monitor.service import Monitor
from monitor.settings import HttpLimits, Settings
from monitor.telemetry import LimitBook
from tests.api.conftest import JSON, NDJSON, SAMPLES, SMALL, App, running, sample, samples
from tests.fakes import fake_monitor


def hits(app: App, name: str) -> int:
    limits = app.http.get("/api/v1/status").json()["limits"]
    return next(int(limit["hits"]) for limit in limits if limit["name"] == name)


def padded_to(size: int) -> bytes:
    body = json.dumps(samples(1.0)).encode()
    return body + b" " * (size - len(body))


def test_body_on_the_wire(small: App) -> None:
    assert small.send(padded_to(2_000)).status_code == 200
    answer = small.send(padded_to(2_001))
    assert (answer.status_code, hits(small, "body_wire_bytes_max")) == (413, 1)


def test_body_in_chunks(small: App) -> None:
    def pieces(size: int) -> Iterator[bytes]:
        body = padded_to(size)
        yield from (body[i : i + 300] for i in range(0, len(body), 300))

    answers = [
        small.http.post(SAMPLES, content=pieces(size), headers={"content-type": JSON}).status_code
        for size in (2_000, 2_001)
    ]
    assert answers == [200, 413]
    assert len(small.engine.submitted) == 1


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_decoded_body(small: App, encoding: str) -> None:
    def packed(body: bytes) -> bytes:
        return (
            gzip.compress(body)
            if encoding == "gzip"
            else bytes(pa.Codec("zstd").compress(body, asbytes=True))
        )

    assert small.send(packed(padded_to(5_000)), Content_Encoding=encoding).status_code == 200
    assert small.send(packed(padded_to(5_001)), Content_Encoding=encoding).status_code == 413
    assert small.send(packed(b" " * 1_000_000), Content_Encoding=encoding).status_code == 413
    assert hits(small, "body_decoded_bytes_max") == 2
    broken = packed(padded_to(4_000))
    for body in (broken[:-5], b"nonsense", b""):
        answer = small.send(body, Content_Encoding=encoding)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (400, "broken-compression")
    assert len(small.engine.submitted) == 1


def test_gzip_members_follow_each_other_but_not_for_ever() -> None:
    share: Any = type("Share", (), {"take": lambda self, count: None})()
    assert decompress(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 10, share) == b"ab"
    with pytest.raises(Problem, match="broken"):
        decompress(gzip.compress(b"") * 100_000, "gzip", 10, share)


@pytest.mark.parametrize("kind", [JSON, NDJSON])
def test_samples_per_request(small: App, kind: str) -> None:
    def body(count: int) -> bytes:
        listed = [{"metric": "m", "timestamp": i, "value": 1} for i in range(count)]
        if kind == JSON:
            return json.dumps({"samples": listed}).encode()
        return b"\n".join(json.dumps(one).encode() for one in listed)

    assert small.send(body(20), kind).status_code == 200
    answer = small.send(body(21), kind)
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:watchkeeper:problem:too-many-samples")
    assert hits(small, "samples_per_request_max") == 1


def test_errors_are_listed_up_to_a_hundred(app: App) -> None:
    body = {"samples": [sample(), *[sample("x" * 200) for _ in range(300)]]}
    answer = app.send(body).json()
    assert (answer["rejected"], len(answer["errors"])) == (300, 100)
    assert max(len(error["detail"]) for error in answer["errors"]) <= 64


def test_headers(app: App) -> None:
    assert app.http.get("/live", headers={"x-long": "y" * 15_000}).status_code == 200
    assert app.http.get("/live", headers={"x-long": "y" * 16_400}).status_code == 431


def test_budget_is_shared_and_given_back() -> None:
    book = LimitBook()
    budget = Budget(100, book)
    with budget.share() as first:
        first.take(60)
        with budget.share() as second, pytest.raises(Problem) as refused:
            second.take(41)
        assert refused.value.status == 503
        with budget.share() as third:
            third.take(40)
    with budget.share() as last:
        last.take(100)
    assert [(use.used, use.hits) for use in book.read()] == [(0, 1)]


def test_turnstile_lets_so_many_run_and_wait() -> None:
    async def story() -> list[str]:
        turnstile, done = Turnstile(1, 1, LimitBook()), asyncio.Event()
        order: list[str] = []

        async def guest(name: str) -> None:
            with turnstile.entry() as entry:
                async with entry.turn():
                    order.append(name)
                    await done.wait()

        guests = [asyncio.create_task(guest(name)) for name in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as refused, turnstile.entry():
            pass
        assert refused.value.headers["Retry-After"] == "1"
        assert order == ["a"]
        done.set()
        await asyncio.gather(*guests)
        with turnstile.entry():
            return order

    assert asyncio.run(story()) == ["a", "b"]


async def _call(monitor: Monitor, messages: list[dict[str, Any]], headers: dict[str, str]) -> list[Any]:
    from api.app import create_app

    app, sent = create_app(monitor), []
    waiting = iter(messages)

    async def receive() -> Any:
        message = next(waiting, None)
        if message is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        sent.append(message)

    named = {"host": "localhost", "content-type": JSON} | headers
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": SAMPLES,
        "raw_path": SAMPLES.encode(),
        "root_path": "",
        "query_string": b"",
        "scheme": "http",
        "headers": [(k.encode(), v.encode()) for k, v in named.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await app(scope, receive, send)
    return sent


def test_a_slow_body_is_408_and_nothing_kept() -> None:
    monitor, engine, _ = fake_monitor(SMALL)
    monitor.start()
    half = [{"type": "http.request", "body": b'{"samples"', "more_body": True}]
    sent = asyncio.run(_call(monitor, half, {}))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert engine.submitted == []
    monitor.stop()


def test_a_client_that_goes_leaves_nothing() -> None:
    monitor, engine, _ = fake_monitor(SMALL)
    monitor.start()
    gone: list[dict[str, Any]] = [
        {"type": "http.request", "body": json.dumps(samples(1.0)).encode(), "more_body": True},
        {"type": "http.disconnect"},
    ]
    assert asyncio.run(_call(monitor, gone, {})) == []
    assert engine.submitted == []
    monitor.stop()


def test_an_announced_size_is_refused_unread() -> None:
    monitor, _, _ = fake_monitor(SMALL)
    monitor.start()
    sent = asyncio.run(_call(monitor, [{"type": "http.disconnect"}], {"content-length": "2001"}))
    assert sent[0]["status"] == 413
    monitor.stop()


def test_lateness_that_may_be_declared(app: App) -> None:
    def declared(**more: Any) -> Any:
        return app.http.put("/api/v1/metrics/orders", json=more)

    most = app.monitor.settings.limits.late_ms_max
    assert declared(lateness_ms=most).status_code == 200
    answer = declared(lateness_ms=most + 1)
    assert (answer.status_code, hits(app, "late_ms_max")) == (422, 1)
    assert answer.json()["type"].endswith("late-ms-max")
    assert declared(kind="maturing", lateness_ms=most + 1).status_code == 200


def test_metrics_that_may_be_declared(small: App) -> None:
    def declared(name: str) -> Any:
        return small.http.put(f"/api/v1/metrics/{name}", json={"kind": "gauge"})

    most = small.monitor.settings.limits.declarations_max
    assert [declared(f"m{i}").status_code for i in range(most)] == [200] * most
    answer = declared("one-more")
    assert (answer.status_code, hits(small, "declarations_max")) == (422, 1)
    assert answer.json()["type"].endswith("declarations-max")
    assert declared("m0").status_code == 200


@pytest.mark.parametrize(
    ("reason", "limit"),
    [
        ("series_limit", "series_max"),
        ("tag_values_limit", "tag_values_max"),
        ("time_zone_limit", "time_zones_max"),
        ("future", "future_ms_max"),
    ],
)
def test_what_a_limit_refuses_is_counted_as_its_hits(small: App, reason: str, limit: str) -> None:
    small.engine.reject = {reason: 2}
    assert small.send(samples(1.0, 2.0, 3.0)).json()["rejected"] == 2
    assert hits(small, limit) == 2
    text = small.http.get("/metrics").text
    assert f'watchkeeper_samples_rejected_total{{reason="{reason}"}} 2.0' in text
    assert f'watchkeeper_limit_hits_total{{limit="{limit}"}} 2.0' in text


LABELS = "/api/v1/labels"


def told(size: int) -> bytes:
    body = json.dumps({"label": "true", "incident": "inc-none"}).encode()
    return body + b" " * (size - len(body))


@pytest.fixture
def narrow() -> Iterator[App]:
    yield from running(Settings(engine="inline", http=HttpLimits(control_bytes=2_000, budget_bytes=10_000)))


def in_pieces(body: bytes) -> Iterator[bytes]:
    yield from (body[i : i + 300] for i in range(0, len(body), 300))


def test_bodies_of_the_control_plane(narrow: App) -> None:
    """A label of no incident: 404 where its body was read."""

    def status(content: bytes | Iterator[bytes], **headers: str) -> int:
        named = {"content-type": JSON} | {name.replace("_", "-"): text for name, text in headers.items()}
        return int(narrow.http.post(LABELS, content=content, headers=named).status_code)

    assert [status(told(2_000)), status(told(2_001))] == [404, 413]
    assert [status(in_pieces(told(2_000))), status(in_pieces(told(2_001)))] == [404, 413]
    packed = {"Content_Encoding": "gzip"}
    assert [status(gzip.compress(told(size)), **packed) for size in (2_000, 2_001)] == [404, 413]
    assert hits(narrow, "http.control_bytes") == 3
    assert status(gzip.compress(bytes(8 << 20), 1), **packed) == 413
    assert status(gzip.compress(told(100))[:-9], **packed) == 400
    assert status(told(100), Content_Encoding="br") == 415
    assert narrow.http.put("/api/v1/metrics/m", content=told(2_001)).status_code == 413
    assert narrow.http.put("/api/v1/metrics/m", json={"unit": "s"}).status_code == 200
    assert narrow.send(padded_to(2_001)).status_code == 200  # samples have their own limit


def asked(app: App, scope: Any, receive: Receive, send: Send) -> None:
    """As an ASGI server asks."""

    async def ask() -> None:
        await app.http.app(scope, receive, send)

    asyncio.run(ask())


def test_an_endless_body_is_refused_while_it_comes(narrow: App) -> None:
    """No length is announced, and there is no end."""
    came = 0

    async def receive() -> dict[str, Any]:
        nonlocal came
        came += 1
        return {"type": "http.request", "body": b" " * 500, "more_body": came < 1_000_000}

    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": LABELS,
        "raw_path": LABELS.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", JSON.encode())],
    }
    asked(narrow, scope, receive, send)
    assert answers[0]["status"] == 413
    assert came * 500 < 2_000 + 17 * 2**20  # after the refusal some is read on, so that the answer is seen


def test_a_sender_that_goes_is_not_answered(narrow: App) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {"type": "http", "method": "POST", "path": LABELS, "query_string": b""}
    asked(narrow, scope | {"headers": [(b"host", b"localhost")]}, receive, send)
    assert answers == []
