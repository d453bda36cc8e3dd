"""A server as its users start it: a process of its own, on a free port of loopback, ended by its id."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
_STOP_S = 60.0
_POLL_S = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def watchkeeper(data_dir: Path, **environment: str) -> ServerProcess:
    """The product's server on its default engine, data in ``data_dir``."""
    port = free_port()
    arguments = ["-m", "api.cli", "serve", "--port", str(port), "--data-dir", str(data_dir)]
    return ServerProcess(arguments, port, "/ready", environment)


class ServerProcess:
    """Started at once; as a context it is waited for at the beginning and stopped at the end."""

    def __init__(
        self, arguments: Sequence[str], port: int, ready: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self.port = port
        self._ready = ready
        self.began = time.perf_counter()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WATCHKEEPER_")}
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**inherited, **(environment or {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> ServerProcess:
        self.wait_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait_ready(self, timeout_s: float = 300.0) -> float:
        """Seconds from the start of the process to its first answer that it is ready."""
        until = time.perf_counter() + timeout_s
        while time.perf_counter() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended: {self._last_words()}")
            if self._answers():
                return time.perf_counter() - self.began
            time.sleep(_POLL_S)
        self.stop()
        raise TimeoutError(f"the server was not ready in {timeout_s} s")

    def _answers(self) -> bool:
        try:
            status, _ = request(self.port, "GET", self._ready, timeout_s=5.0)
        except OSError:
            return False
        return status == 200

    def get(self, path: str) -> Any:
        status, body = request(self.port, "GET", path)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}: {body[:200]!r}")
        return json.loads(body)

    def cpu_s(self) -> float:
        """CPU seconds, user and system, of the process and all its descendants."""
        return sum(_cpu_ticks(pid) for pid in _family(self._process.pid)) / _TICKS

    def resident_bytes(self) -> int:
        """Resident memory of the process and all its descendants; shared pages count for each."""
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(self._process.pid))
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _last_words(self) -> str:
        assert self._process.stderr is not None
        return self._process.stderr.read().decode(errors="replace")[-2_000:]


def request(
    port: int, method: str, path: str, body: bytes | None = None, kind: str = "", timeout_s: float = 120.0
) -> tuple[int, bytes]:
    """One request on a connection of its own: status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body, {"Content-Type": kind} if kind else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error
    finally:
        connection.close()


def _family(pid: int) -> list[int]:
    """The process and its descendants, as far as they still live."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += children.get(one, [])
    return found


def _cpu_ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
