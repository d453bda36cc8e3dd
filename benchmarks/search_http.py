"""The same search as its users have it: names pushed to a running server, questions asked over HTTP."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa

from benchmarks.bodies import ARROW, FIRST_MS
from benchmarks.figure import Figure
from benchmarks.posting import Poster, settle
from benchmarks.servers import ServerProcess, watchkeeper
from monitor.domain.series import Identity

BATCH = 50_000
PAGE = 100


def over_http(
    names: Sequence[Identity], questions: Mapping[str, Sequence[Mapping[str, str]]], goal_ms: float
) -> list[Figure]:
    """One sample of each name, then the questions one after the other over one connection, whole answers
    read. Minutes for a million names."""
    with TemporaryDirectory(prefix="watchkeeper-bench-") as folder, watchkeeper(Path(folder)) as server:
        poster = Poster(server, lanes=1)
        try:
            began = time.perf_counter()
            bodies = [_body(names[at : at + BATCH]) for at in range(0, len(names), BATCH)]
            accepted = poster.sweeps([bodies], ARROW)
        finally:
            poster.close()
        assert accepted == len(names), f"{accepted} of {len(names)} samples were accepted"
        settle(server)
        pushed = Figure("over HTTP, pushed", time.perf_counter() - began, "s", note=f"{len(names):,} names")
        figures = [
            figure for kind, some in questions.items() for figure in _asked(server, kind, some, goal_ms)
        ]
        resident = Figure("over HTTP, resident", server.resident_bytes() / 2**20, "MiB", note="all processes")
    return [pushed, *figures, resident]


def _body(names: Sequence[Identity]) -> bytes:
    """One sample of each in an Arrow stream; all names have the same tags."""
    tags = {key: [name.tags[k][1] for name in names] for k, (key, _) in enumerate(names[0].tags)}
    columns = {
        "metric": [name.metric for name in names],
        "timestamp": np.full(len(names), FIRST_MS),
        "value": np.ones(len(names)),
        **tags,
    }
    batch = pa.record_batch([pa.array(column) for column in columns.values()], names=list(columns))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _asked(
    server: ServerProcess, kind: str, questions: Sequence[Mapping[str, str]], goal_ms: float
) -> list[Figure]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    taken, found = [], 0
    try:
        for question in questions:
            began = time.perf_counter()
            connection.request("GET", f"/api/v1/series?{urlencode({**question, 'limit': PAGE})}")
            answer = connection.getresponse()
            body = answer.read()
            taken.append((time.perf_counter() - began) * 1_000)
            assert answer.status == 200, body[:200]
            found += len(json.loads(body)["items"])
    finally:
        connection.close()
    p50, p95 = np.percentile(taken, [50, 95])
    note = f"p50 {p50:.1f} ms; {found / len(questions):.0f} found on average"
    return [Figure(f"over HTTP: {kind}, p95", float(p95), "ms", goal=goal_ms, at_most=True, note=note)]
