"""Posting prebuilt bodies over a few kept connections, each series always through the same one."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.servers import ServerProcess

SAMPLES = "/api/v1/samples?mode=backfill"
_BUSY = (429, 503)
_TRIES = 600


@dataclass(frozen=True, slots=True)
class Spent:
    """What some samples cost the server: CPU until all was applied; seconds until all was acknowledged."""

    samples: int
    cpu_s: float
    wall_s: float

    @property
    def cpu_ns(self) -> float:
        return self.cpu_s * 1e9 / self.samples

    @property
    def wall_ns(self) -> float:
        return self.wall_s * 1e9 / self.samples


class Poster:
    """``lanes`` connections to one server. ``refused`` counts answers that asked to wait."""

    def __init__(self, server: ServerProcess, lanes: int, path: str = SAMPLES) -> None:
        self._server = server
        self._path = path
        self._connections = [http.client.HTTPConnection("127.0.0.1", server.port) for _ in range(lanes)]
        self._pool = ThreadPoolExecutor(lanes)
        self.refused = 0

    def close(self) -> None:
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def sweeps(self, sweeps: Sequence[Sequence[bytes]], content_type: str) -> int:
        """Post whole sweeps in order; -> samples accepted. Body k of a sweep goes through lane k."""
        lanes = len(self._connections)
        shares = [[body for sweep in sweeps for body in sweep[lane::lanes]] for lane in range(lanes)]
        posted = self._pool.map(self._post_all, self._connections, shares, [content_type] * lanes)
        return sum(posted)

    def measured(
        self,
        sweeps: Sequence[Sequence[bytes]],
        content_type: str,
        samples: int,
        *,
        applied_at_once: bool = False,
    ) -> Spent:
        """Post and wait until everything is applied; every sample must have been accepted."""
        before, began = self._server.cpu_s(), time.perf_counter()
        accepted = self.sweeps(sweeps, content_type)
        wall = time.perf_counter() - began
        if not applied_at_once:
            settle(self._server)
        spent = Spent(samples, self._server.cpu_s() - before, wall)
        assert accepted == samples, f"{accepted} of {samples} samples were accepted"
        return spent

    def _post_all(
        self, connection: http.client.HTTPConnection, bodies: Sequence[bytes], content_type: str
    ) -> int:
        return sum(self._post(connection, body, content_type) for body in bodies)

    def _post(self, connection: http.client.HTTPConnection, body: bytes, content_type: str) -> int:
        for _ in range(_TRIES):
            try:
                connection.request("POST", self._path, body, {"Content-Type": content_type})
                answer = connection.getresponse()
                said = answer.read()
            except (ConnectionError, http.client.HTTPException):  # closed while idle; a repeat is dropped
                connection.close()
                continue
            if answer.status == 200:
                return int(json.loads(said)["accepted"])
            if answer.status not in _BUSY:
                raise RuntimeError(f"answered {answer.status}: {said[:300]!r}")
            self.refused += 1
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), 1.0))
        raise TimeoutError("the server stayed busy")


def settle(server: ServerProcess, timeout_s: float = 900.0) -> dict[str, Any]:
    """Wait until all that was appended is applied and no series waits for its models; -> the status."""
    until = time.perf_counter() + timeout_s
    pause = 0.02
    while time.perf_counter() < until:
        status: dict[str, Any] = server.get("/api/v1/status")
        shards = status["shards"]
        if all(s["applied"] == s["appended"] and not s["lag_samples"] and not s["held"] for s in shards):
            return status
        time.sleep(pause)
        pause = min(2.0 * pause, 1.0)
    raise TimeoutError(f"the server did not settle in {timeout_s} s")
