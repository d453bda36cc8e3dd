"""A real server on a real socket: heads too large or too slow, a stop that leaves everything tidy."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from threading import Thread

import httpx2
import pytest

from api import protocol
from api.server import Server, listen, url_of
from monitor.service import Monitor, State
from tests.api.conftest import SMALL, sample
from tests.fakes import FakeEngine, fake_monitor


@pytest.fixture
def served() -> Iterator[tuple[str, Monitor, FakeEngine, Server]]:
    monitor, engine, _ = fake_monitor(SMALL.model_copy(update={"port": 0}))
    listener = listen(monitor.settings, print)
    server = Server(monitor)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    url = url_of(listener)
    for _ in range(200):
        try:
            if httpx2.get(url + "/ready").status_code == 200:
                break
        except httpx2.TransportError:
            pass
        time.sleep(0.02)
    yield url, monitor, engine, server
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


def raw(url: str, *pieces: bytes) -> bytes:
    """What the server says to these bytes until it closes."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        try:
            for piece in pieces:
                wire.sendall(piece)
                time.sleep(0.02)
        except OSError:
            pass
        answer = b""
        try:
            while piece := wire.recv(65_536):
                answer += piece
        except OSError:
            pass
        return answer


def test_a_label_of_a_gibibyte_is_refused_while_it_comes(
    served: tuple[str, Monitor, FakeEngine, Server],
) -> None:
    url = served[0]
    host = url.removeprefix("http://").encode()
    announced = b"POST /api/v1/labels HTTP/1.1\r\nHost: %b\r\nContent-Length: %d\r\n\r\n" % (host, 1 << 30)
    assert raw(url, announced, *[bytes(1 << 20)] * 17).startswith(b"HTTP/1.1 413 ")


def test_samples_over_a_socket_and_a_tidy_stop(served: tuple[str, Monitor, FakeEngine, Server]) -> None:
    url, monitor, engine, server = served
    with httpx2.Client(base_url=url) as http:
        for value in range(3):  # over one connection
            answer = http.post("/api/v1/samples", json={"samples": [sample(value)]})
            assert (answer.status_code, "server" in answer.headers) == (200, False)
        too_large = http.post("/api/v1/samples", json={"samples": [sample(1)] * 2_000})
        assert too_large.status_code == 413
        with http.stream("GET", "/api/v1/events") as stream:
            pieces = stream.iter_raw()
            assert next(pieces).startswith(b"event: heartbeat")
            server.stop()
            assert list(pieces) == []
    for _ in range(200):
        if monitor.state is State.STOPPED and engine.closed:
            break
        time.sleep(0.02)
    assert (monitor.state, engine.checkpoints, engine.closed) == (State.STOPPED, 1, True)


def test_a_head_without_end_is_cut(served: tuple[str, Monitor, FakeEngine, Server]) -> None:
    url = served[0]
    answer = raw(url, b"GET /live HTTP/1.1\r\nhost: localhost\r\nx: ", *[b"y" * 4_000 for _ in range(10)])
    assert answer.startswith(b"HTTP/1.1 431 ")
    whole = b"GET /live HTTP/1.1\r\nhost: localhost\r\nx: " + b"y" * 20_000 + b"\r\nconnection: close\r\n\r\n"
    assert raw(url, whole).startswith(b"HTTP/1.1 431 ")


def test_a_slow_head_is_cut(
    served: tuple[str, Monitor, FakeEngine, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_READ_S", 0.2)
    assert raw(served[0], b"GET /live HTTP/1.1\r\nhost: ").startswith(b"HTTP/1.1 408 ")
    assert raw(served[0]).startswith(b"HTTP/1.1 408 ")


def test_many_requests_in_one_piece_are_no_large_head(
    served: tuple[str, Monitor, FakeEngine, Server],
) -> None:
    body = b'{"samples": []}' + b" " * 1_500
    head = b"POST /api/v1/samples HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    one = head + b"content-length: %d\r\n" % len(body)
    many = (one + b"\r\n" + body) * 20 + one + b"connection: close\r\n\r\n" + body
    assert raw(served[0], many).count(b"HTTP/1.1 200 ") == 21


@pytest.mark.parametrize("line", [b"GET / HTTP/9\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00", b"GET\r\n\r\n"])
def test_what_is_no_http_is_400(served: tuple[str, Monitor, FakeEngine, Server], line: bytes) -> None:
    assert raw(served[0], line).startswith(b"HTTP/1.1 400 ")
