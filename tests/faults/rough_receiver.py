"""An HTTP receiver on loopback that answers badly: errors, refusals for a while, late, not at all, or takes
what it is sent and drops the connection. It writes down what reached it, and whether it said so."""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from tests.fakes.listening import listening

LATE_S = 0.5
ANSWERS = ("taken", "500", "429", "late", "reset", "dropped")
WEIGHTS = (78, 6, 3, 3, 5, 5)


@dataclass(frozen=True)
class Arrival:
    """``taken``: it was said so. Where it was not, whoever sent it cannot know that it arrived."""

    path: str
    key: str
    sequence: int
    kind: str
    taken: bool


@dataclass
class Rough:
    url: str = ""
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    arrived: list[Arrival] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def next_answer(self, path: str) -> str:
        with self.lock:
            answer = "taken" if path == "/good" else self.rng.choices(ANSWERS, WEIGHTS)[0]
            self.asked[answer] = self.asked.get(answer, 0) + 1
            return answer

    def arrive(self, path: str, body: dict[str, Any], taken: bool) -> None:
        with self.lock:
            self.arrived.append(Arrival(path, body["key"], body["sequence"], body["kind"], taken))


class _Handler(BaseHTTPRequestHandler):
    rough: Rough
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = self.rough.next_answer(self.path)
        self.close_connection = True
        if answer in ("taken", "late", "dropped"):
            self.rough.arrive(self.path, body, answer == "taken")
        if answer == "late":
            time.sleep(LATE_S)
        if answer in ("dropped", "reset"):
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return
        status = int(answer) if answer.isdigit() else 200
        head = f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n"
        head += "Retry-After: 1\r\n" if status == 429 else ""
        with suppress(OSError):  # whoever asked may have been killed
            self.wfile.write(head.encode() + b"\r\n")

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """A connection that broke is what this is for."""


@contextmanager
def rough_receiver(seed: int) -> Iterator[Rough]:
    rough = Rough(rng=random.Random(seed))
    handler = type("Handler", (_Handler,), {"rough": rough})
    with listening(_Server(("127.0.0.1", 0), handler)) as address:
        rough.url = f"http://{address}"
        yield rough
