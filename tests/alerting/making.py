"""Notices and servers for tests of alerting."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from monitor.alerting.examples import opened
from monitor.domain.incident import Contributor, IncidentState, Suspect
from monitor.domain.notice import Notice, NoticeKind, Picture
from tests.fakes.listening import listening

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000000000500010d0a2db40000000049454e44ae426082"
)
PICTURE = Picture("value", PNG, "error_rate rose at 00:00")


def notice(kind: NoticeKind = NoticeKind.OPENED, sequence: int = 1, name: str = "", **more: Any) -> Notice:
    """One of an incident in which every name is ``name``, if given."""
    given = replace(opened(), kind=kind, sequence=sequence, **more)
    incident = given.incident
    assert incident is not None
    if kind is NoticeKind.CLOSED:
        ended = incident.start_ms + 3_600_000
        incident = replace(incident, state=IncidentState.CLOSED, end_ms=ended)
    if name:
        suspect = Suspect("00ab", name, name, ((name, name),), incident.start_ms, 1.0, name)
        contributor = Contributor(name, name, 2, 2, -9.5)
        incident = replace(
            incident, title=name, team=name, kind="spike", suspects=(suspect,), contributors=(contributor,)
        )
        given = replace(given, changed=(name, name), title=name)
    if kind is NoticeKind.DIGEST:
        return replace(given, incident=None, digest=(incident,) * 3)
    return replace(given, incident=incident)


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class FakeServer:
    """Answers what it is told to, and keeps what it was asked."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    reset: bool = False
    drip_s: float | None = None
    answer: Callable[[Asked], tuple[int, bytes]] | None = None


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[FakeServer]:
    """On a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            fake.asked.append(Asked(self.path, dict(self.headers), self.rfile.read(length)))
            if fake.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            if fake.drip_s is not None:
                self._drip(fake.drip_s)
                return
            status, body = fake.status, fake.body
            if fake.answer is not None:
                status, body = fake.answer(fake.asked[-1])
            self.send_response(status)
            for name, value in fake.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _drip(self, pause_s: float) -> None:
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
                while not ended.wait(pause_s):
                    self.wfile.write(b"x")
                    self.wfile.flush()
            except OSError:
                pass  # the other side has had enough

        def finish(self) -> None:
            with suppress(OSError, ValueError):  # reset on purpose
                super().finish()

        def log_message(self, format: str, *args: Any) -> None: ...

    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
    with listening(server) as address:
        fake = FakeServer(f"http://{address}")
        try:
            yield fake
        finally:
            ended.set()


def certificate_of(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate that signed itself, and its key. ``name``: as DNS:hooks.example, or IP:127.0.0.1."""
    made, key = folder / "made.pem", folder / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name.partition(':')[2]}",
    ]
    command += ["-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made, key
