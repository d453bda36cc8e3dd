"""The promise of an acknowledgement, against kill -9 and as the kernel sees it."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from monitor.domain.records import Tick
from monitor.intake.log import Log
from monitor.intake.recovery import scan

KILLS = 30


def fork_writer(directory: Path) -> tuple[int, int]:
    """A child that appends and writes each acknowledged position to the pipe, until killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            log = Log(directory, segment_bytes=4000)
            number = 0
            while True:
                number += 1
                futures = [log.append(Tick(number)).future for _ in range(3)]
                for future in futures:
                    os.write(writing, b"%d\n" % future.result())
        finally:
            os._exit(1)
    os.close(writing)
    return child, reading


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_kill_nine_loses_no_acknowledged_record(tmp_path: Path) -> None:
    seed = random.Random(7)
    acked: list[int] = []
    for _ in range(KILLS):
        child, reading = fork_writer(tmp_path)
        with os.fdopen(reading, "rb") as pipe:
            first = pipe.readline()  # it is at work
            time.sleep(seed.uniform(0, 0.03))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            lines = [first, *pipe]
        acked.extend(int(line) for line in lines if line.endswith(b"\n"))
    assert len(acked) > KILLS
    assert len(set(acked)) == len(acked)
    report = scan(tmp_path, after=0)
    assert report.clean
    with Log(tmp_path, after=0) as log:
        found = {record.position for record in log.read()}
    assert set(acked) <= found
    assert found == set(range(1, report.last_position + 1))


def test_no_acknowledgement_leaves_before_the_sync_of_its_record(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing; with CI set nothing is skipped")
        pytest.skip("strace is missing")
    trace = tmp_path / "trace"
    calls = "trace=fdatasync,write,pwrite64,writev"
    command = [strace, "-f", "-y", "-s", "64", "-e", calls, "-o", str(trace)]
    command += [sys.executable, "-m", "tests.intake.writer", str(tmp_path / "log"), "120"]
    done = subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert done.stdout.count(b"ack ") == 120

    written = synced = acks = 0
    for line in completed(trace.read_text(errors="replace")):
        if ".wal>" in line and line.startswith("writev("):
            written += line.count('"WKR1')
        elif ".wal>" in line and line.startswith("fdatasync("):
            assert line.rstrip().endswith("= 0")
            synced = written
        elif match := re.search(r'write\(1.*"ack (\d+)\\n"', line):
            acks += 1
            assert int(match[1]) <= synced, line
    assert acks == 120


def completed(trace: str) -> list[str]:
    """System calls in the order that counts: a sync when it has returned, a write when it starts."""
    begun: dict[str, str] = {}
    lines = []
    for line in trace.splitlines():
        thread, _, call = line.partition(" ")
        call = call.strip()
        if call.endswith("<unfinished ...>"):
            start = call.removesuffix("<unfinished ...>")
            begun[thread] = start
            if not start.startswith("fdatasync"):
                lines.append(start)
        elif call.startswith("<..."):
            if begun[thread].startswith("fdatasync"):
                lines.append(begun[thread] + call.split("resumed>", 1)[1])
        else:
            lines.append(call)
    return lines
