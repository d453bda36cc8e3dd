"""No 2xx leaves a server before the kernel has said that every record of its request is on the disk."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from monitor.domain.series import shard_of
from tests.engine.making import NAMES
from tests.faults.serving import serving

REQUESTS = 40
SHARDS = 2
_CALL = re.compile(r"^(\d+) +(\d+\.\d+) (\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +(\d+\.\d+) <\.\.\. (\w+) resumed>(.*)$")
_ENDED = re.compile(r"= (-?\d+).*<(\d+\.\d+)>$")
_FOLDER = re.compile(r"/shard-(\d+)/log/[^>]*\.wal>")


@dataclass
class Call:
    """One system call; ``began`` and ``ended`` in seconds, by one clock for all processes."""

    name: str
    text: str
    began: float
    ended: float
    result: int

    @property
    def shard(self) -> int | None:
        """Whose log the call is about."""
        found = _FOLDER.search(self.text)
        return int(found[1]) if found else None


def strace() -> str:
    program = shutil.which("strace")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("strace is missing; with CI set nothing is skipped")
        pytest.skip("strace is missing")
    return program


def body(number: int) -> bytes:
    """One sample of every series, so that both shards get a record."""
    samples = [
        {"metric": name.metric, "tags": dict(name.tags), "timestamp": 1_700_000_000_000 + number, "value": 1}
        for name in NAMES
    ]
    return json.dumps({"samples": samples, "mode": "backfill"}).encode()


def calls(trace: str) -> list[Call]:
    """Every call with its begin and its end, also where another thread's lines stand between."""
    begun: dict[str, tuple[str, str, float]] = {}
    found = []
    for line in trace.splitlines():
        if match := _CALL.match(line):
            thread, at, name, text = match.groups()
            if text.endswith("<unfinished ...>"):
                begun[thread] = name, text, float(at)
                continue
            began = float(at)
        elif match := _RESUMED.match(line):
            thread, _, name, rest = match.groups()
            name, text, began = begun.pop(thread)
            text += rest
        else:
            continue
        if ended := _ENDED.search(text):
            found.append(Call(name, text, began, began + float(ended[2]), int(ended[1])))
    return sorted(found, key=lambda call: call.began)


@pytest.mark.faults
@pytest.mark.parametrize("engine", ["processes", "inline"])
def test_no_answer_leaves_before_the_sync_of_its_records(tmp_path: Path, engine: str) -> None:
    assert {shard_of(name.fingerprint(), SHARDS) for name in NAMES} == set(range(SHARDS))
    trace = tmp_path / "trace"
    traced = "trace=fdatasync,writev,write,sendto,sendmsg"
    before = [strace(), "-f", "-y", "-ttt", "-T", "-s", "48", "-e", traced, "-o", str(trace)]
    with (
        serving(tmp_path / "data", engine=engine, shards=SHARDS, before=before) as server,
        httpx2.Client(base_url=server.url, timeout=60) as http,
    ):
        for number in range(REQUESTS):
            answer = http.post(
                "/api/v1/samples", content=body(number), headers={"content-type": "application/json"}
            )
            assert (answer.status_code, answer.json()["accepted"]) == (200, len(NAMES))

    all_calls = calls(trace.read_text(errors="replace"))
    answers = [call for call in all_calls if '"HTTP/1.1 200' in call.text][-REQUESTS:]
    assert len(answers) == REQUESTS
    for shard in range(SHARDS):
        records = [c for c in all_calls if c.shard == shard and c.name == "writev" and '"WKR1' in c.text]
        syncs = [c for c in all_calls if c.shard == shard and c.name == "fdatasync"]
        assert all(sync.result == 0 for sync in syncs)
        last = 0.0
        for sent in answers:  # one client and no other requests: each answer's records lie before it
            mine = [record for record in records if last < record.ended < sent.began]
            assert mine, f"shard {shard} wrote nothing between two answers"
            assert any(mine[-1].ended <= sync.began and sync.ended <= sent.began for sync in syncs), (
                f"the answer at {sent.began} left before the sync of shard {shard}"
            )
            last = sent.began
