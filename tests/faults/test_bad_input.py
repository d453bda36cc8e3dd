"""Hostile bodies over real HTTP against a real server: never a 500, nothing lost, nobody else hurt."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.json_bodies import damaged, documents, lines
from tests.faults.serving import Server, serving

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
OURS = {"type", "title", "status", "detail"}
a_few = settings(max_examples=100, suppress_health_check=list(HealthCheck))


class Hostile:
    """A client that counts what it was told is kept."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.http = httpx2.Client(base_url=server.url, timeout=60)
        self.kept = 0

    def post(self, content: bytes, kind: str = JSON, query: str = "", **headers: str) -> httpx2.Response:
        named = {"content-type": kind} | {name.replace("_", "-"): text for name, text in headers.items()}
        answer = self.http.post(f"/api/v1/samples{query}", content=content, headers=named)
        self.check(answer)
        return answer

    def check(self, answer: httpx2.Response) -> None:
        assert answer.status_code in (200, 400, 408, 413, 415, 422, 431), answer.text
        assert "Traceback" not in answer.text
        body = answer.json()
        if answer.status_code == 200:
            self.kept += 0 if body["repeated"] else body["accepted"]
            assert len(body["errors"]) <= 100
        else:
            assert body.keys() >= OURS
            assert body.get("accepted", 0) == 0

    def check_nothing_lost(self) -> None:
        """A good client is served, and everything that was acknowledged is there."""
        good = {"metric": "good", "timestamp": 1_700_000_000_000 + self.kept, "value": 1.0}
        answer = self.post(json.dumps({"samples": [good], "mode": "backfill"}).encode())
        assert answer.json()["accepted"] == 1
        self.server.settled()
        shards = self.server.get("status")["shards"]
        assert sum(shard["samples"] for shard in shards) == self.kept
        assert all(shard["log_ok"] for shard in shards)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with serving(tmp_path_factory.mktemp("hostile")) as server:
        client = Hostile(server)
        yield client
        client.http.close()
        assert "Traceback" not in server.words()


@a_few
@given(body=damaged(documents()), mode=st.sampled_from(["", "?mode=backfill", "?strict=1"]))
def test_json(hostile: Hostile, body: bytes, mode: str) -> None:
    hostile.post(body, JSON, mode)


@a_few
@given(body=damaged(lines()), mode=st.sampled_from(["", "?mode=backfill"]))
def test_ndjson(hostile: Hostile, body: bytes, mode: str) -> None:
    hostile.post(body, NDJSON, mode)


@a_few
@given(body=st.binary(max_size=300), kind=st.sampled_from([JSON, NDJSON, ARROW]))
def test_any_bytes(hostile: Hostile, body: bytes, kind: str) -> None:
    hostile.post(body, kind)


def sample(**more: Any) -> dict[str, Any]:
    return {"metric": "m", "tags": {}, "timestamp": 1_700_000_000_000, "value": 1.0} | more


BODIES = {
    "deep": b"[" * 100_000,
    "deep tags": b'{"samples":[{"metric":"m","tags":' + b'{"a":' * 50_000 + b"}",
    "long number": b'{"samples":[{"metric":"m","timestamp":1,"value":' + b"9" * 5_000 + b"}]}",
    "infinite": b'{"samples":[{"metric":"m","timestamp":1,"value":1e999}]}',
    "not a number": b'{"samples":[{"metric":"m","timestamp":1,"value":NaN}]}',
    "lone surrogate": b'{"samples":[{"metric":"\\ud800","timestamp":1,"value":1}]}',
    "nul": b'{"samples":[{"metric":"a\\u0000b","timestamp":1,"value":1}]}',
    "byte order mark": b"\xef\xbb\xbf" + json.dumps({"samples": [sample()]}).encode(),
    "sixteen bits": json.dumps({"samples": [sample()]}).encode("utf-16"),
    "repeated keys": b'{"samples":[],"samples":[{"metric":"m","timestamp":1,"value":1}]}',
    "too many": json.dumps({"samples": [sample()] * 50_001}).encode(),
    "too large": b" " * (11 << 20),
    "long line": b'{"metric":"' + b"x" * 200_000 + b'","timestamp":1,"value":1}\n',
    "many tags": json.dumps({"samples": [sample(tags={f"t{i}": "x" for i in range(500)})]}).encode(),
    "end of time": json.dumps({"samples": [sample(timestamp=2**63)], "mode": "backfill"}).encode(),
    "far ahead": json.dumps({"samples": [sample(timestamp=41_024_448_000_000)], "mode": "backfill"}).encode(),
    "before time": json.dumps({"samples": [sample(timestamp=-(2**63))], "mode": "backfill"}).encode(),
    "largest": json.dumps({"samples": [sample(value=1.7e308), sample(value=-1.7e308)]}).encode(),
    "smallest": json.dumps({"samples": [sample(value=5e-324)], "mode": "backfill"}).encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("kind", [JSON, NDJSON, ARROW])
@pytest.mark.parametrize("name", BODIES)
def test_odd_bodies(hostile: Hostile, name: str, kind: str) -> None:
    hostile.post(BODIES[name], kind)


def test_broken_and_bursting_compression(hostile: Hostile) -> None:
    bomb = gzip.compress(b" " * (80 << 20), 9)
    assert hostile.post(bomb, content_encoding="gzip").status_code == 413
    whole = gzip.compress(json.dumps({"samples": [sample(metric="squeezed")]}).encode())
    for body in (b"", whole[:-9], whole + b"x", b"\x1f\x8b" + b"\x00" * 40, zlib.compress(b"{}")):
        hostile.post(body, content_encoding="gzip")
    assert hostile.post(whole, content_encoding="x-unknown").status_code == 415
    assert hostile.post(whole, content_encoding="gzip, gzip").status_code == 415


@pytest.mark.parametrize(
    "query",
    ["?mode=sideways", "?strict=perhaps", "?complete=-1", "?complete=soon", "?complete=" + "9" * 30,
     "?complete=99999999999999", "?mode=live&mode=backfill", "?%ff=%00", "?" + "a=b&" * 500],
)  # fmt: skip
def test_odd_parameters(hostile: Hostile, query: str) -> None:
    hostile.post(json.dumps({"samples": [sample(metric=f"q{len(query)}")]}).encode(), JSON, query)


@pytest.mark.parametrize(
    "path",
    ["series/0000000000000000", "series/ffffffffffffffff/observations", "series/%00", "series?cursor=%ff",
     "series?limit=0", "series?limit=99999999999999999999", "series?tag=%3D", "series?q=%00%ff",
     "anomalies?since_ms=-1", "anomalies?cursor=AAAA", "incidents/%2e%2e%2f", "incidents?state=odd",
     "incidents/inc-%00", "metrics/%00", "metrics/" + "x" * 3_000],
)  # fmt: skip
def test_odd_questions(hostile: Hostile, path: str) -> None:
    answer = hostile.http.get(f"/api/v1/{path}")
    assert answer.status_code < 500, answer.text
    assert "Traceback" not in answer.text


HEAD = b"POST /api/v1/samples HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"


@pytest.mark.parametrize(
    "wire",
    [
        HEAD + b"content-length: 1000\r\n\r\n" + b'{"samples": [',
        HEAD + b"content-length: -5\r\n\r\n{}",
        HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"\x00" * 5_000,
    ],
)
def test_broken_requests_that_end_in_the_middle(hostile: Hostile, wire: bytes) -> None:
    host, port = hostile.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(wire)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := line.recv(65_536):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
    assert b" 500 " not in answer.split(b"\r\n")[0]
    assert b" 200 " not in answer.split(b"\r\n")[0] or b'"accepted":0' in answer


def test_nothing_was_lost(hostile: Hostile) -> None:
    """The last of this file."""
    hostile.check_nothing_lost()
