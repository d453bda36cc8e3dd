"""A real server in a process of its own, on a folder, with its worker processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.conftest import ROOT

START_S = 180.0
_URL = re.compile(r"on (http://\S+)")


class Server:
    """``watchkeeper serve``; ``port`` 0 takes a free one, which later starts then keep."""

    def __init__(
        self,
        folder: Path,
        *,
        engine: str = "processes",
        shards: int = 2,
        port: int = 0,
        before: Sequence[str] = (),
        **variables: str,
    ) -> None:
        self.folder = folder
        self.port = port
        self._before = before
        self._command = [*before, sys.executable, "-m", "api.cli", "serve", "--data-dir", str(folder)]
        self._command += ["--engine", engine, "--shards", str(shards)]
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.starts = 0

    @property
    def pid(self) -> int:
        """The server's own, also under a program that starts it."""
        assert self._process is not None
        if not self._before:
            return self._process.pid
        return children()[self._process.pid][0]

    def start(self) -> None:
        """Return when it is ready."""
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Return at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        self._words = self.folder / f"server-{self.starts}.txt"
        with self._words.open("wb") as file:
            self._process = subprocess.Popen(
                [*self._command, "--port", str(self.port)],
                cwd=ROOT,
                env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(ROOT), **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def wait_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not start:\n{self.words()}")
            time.sleep(0.02)

    def words(self) -> str:
        """What it has said since its last start."""
        return self._words.read_text()

    def _ready(self) -> bool:
        found = _URL.search(self.words())
        if found is None:
            return False
        self.url = found[1]
        self.port = int(self.url.rsplit(":", 1)[1])
        try:
            return httpx2.get(self.url + "/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        """As ``kill -9``, and no more: what it leaves behind stays."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)
        self._process = None

    def stop(self) -> None:
        """As Ctrl-C or a service manager; asserts that the stop was tidy."""
        if self._process is not None:
            os.kill(self.pid, signal.SIGTERM)
            self.ended()

    def ended(self) -> None:
        """Wait for the end of a server that was told to stop; asserts that the stop was tidy."""
        assert self._process is not None
        try:
            assert self._process.wait(60) == 0
        finally:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def get(self, path: str, **parameters: Any) -> Any:
        answer = httpx2.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def items(self, path: str, **parameters: Any) -> list[Any]:
        """All items of a list."""
        found: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, limit=1_000, **parameters, **cursor)
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = {"cursor": page["next"]}

    def settled(self, timeout_s: float = 120) -> None:
        """Return when all that was acknowledged is applied and learned from, three looks in a row."""
        until, quiet = time.monotonic() + timeout_s, 0
        while quiet < 3:
            shards = self.get("status")["shards"]
            idle = all(
                s["applied"] == s["appended"] and not s["held"] and not s["lag_samples"] for s in shards
            )
            quiet = quiet + 1 if idle else 0
            assert time.monotonic() < until, shards
            time.sleep(0.3)


@contextmanager
def serving(folder: Path, **more: Any) -> Iterator[Server]:
    server = Server(folder, **more)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def children() -> dict[int, list[int]]:
    """The processes of this machine by the one that started them."""
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parent = int(stat.rsplit(")", 1)[1].split()[1])
            found.setdefault(parent, []).append(int(entry.name))
    return found


def descendants(pid: int) -> set[int]:
    """Processes that a process started, and they in turn."""
    of = children()
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in of.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; one that has ended and waits for its parent does not."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if state not in ("Z", "X"):
            running.add(pid)
    return running
