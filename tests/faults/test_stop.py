"""A server that is told to stop, whenever that is, and a second one on its folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from monitor.intake.disk import DirectoryLock
from tests.conftest import ROOT
from tests.faults.serving import Server, descendants, serving

SAMPLE = {"samples": [{"metric": "orders", "timestamp": 1_750_000_000_000, "value": 1}], "mode": "backfill"}


def second(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "api.cli", "serve", "--data-dir", str(folder), "--port", "0"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180)


@pytest.mark.slow
@pytest.mark.faults
def test_a_second_server_says_one_line_and_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        other = second(tmp_path)
        line = f"watchkeeper: {tmp_path} is in use by another server (process {server.pid})\n"
        assert (other.returncode, other.stdout, other.stderr) == (2, "", line)
        assert server.get("status")["shards"]  # the first one did not notice


@pytest.mark.slow
@pytest.mark.faults
def test_a_signal_to_every_process_stops_the_server_tidily(tmp_path: Path) -> None:
    """As a service manager or a terminal sends it: to the server and to its workers at once."""
    server = Server(tmp_path)
    server.start()
    assert httpx2.post(f"{server.url}/api/v1/samples", json=SAMPLE).status_code == 200
    for pid in descendants(server.pid):
        os.kill(pid, signal.SIGTERM)
    server.stop()
    assert "everything acknowledged is on disk" in server.words()
    server.start()
    shards = server.get("status")["shards"]
    assert sum(s["samples"] for s in shards) == 1
    assert all(s["checkpointed"] == s["applied"] for s in shards)
    server.stop()


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("engine", ["inline", "processes"])
def test_a_stop_during_recovery_is_prompt_and_clean(tmp_path: Path, engine: str) -> None:
    with serving(tmp_path, engine=engine):
        pass
    server = Server(tmp_path, engine=engine)
    with DirectoryLock(tmp_path / "shard-0" / "log"):  # it waits ten seconds for this
        server.launch()
        while "auth = off" not in server.words():
            time.sleep(0.05)
        time.sleep(1)
        began = time.monotonic()
        os.kill(server.pid, signal.SIGTERM)
        while "stopped" not in server.words():  # the interpreter takes its own time to end
            assert time.monotonic() - began < 6, server.words()
            time.sleep(0.05)
    server.ended()
    assert "Traceback" not in server.words()
