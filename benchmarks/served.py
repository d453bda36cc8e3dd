"""Served models: a million predictions a minute with 20 features, and what they cost in CPU and memory.

Everything from the body on is done, in a process of its own: Arrow decoded and checked, ids hashed, the log
written and synced, counted, joined with outcomes ten minutes later, checkpoints written, buckets closed. Only
HTTP and the shards, which get a few thousand samples an hour, are left out.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.figure import Figure
from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.served import ModelSettings
from monitor.engine.base import Accepted
from monitor.serving import Hooks, Serving

TITLE = "Served models"
FEATURES = 20
BATCH = 20_000
A_MINUTE = 1_000_000
LAG_MINUTES = 10
MINUTES, TOY_MINUTES = 12, 1
START_MS = 1_767_225_600_000
MIB = 2.0**20
_ALL = "resident, with pages of mapped files, and with 80 MiB of ids that the measurement itself keeps"


def run(toy: bool) -> list[Figure]:
    with ProcessPoolExecutor(1, get_context("spawn")) as alone:
        cost = alone.submit(_cost, toy).result()
    note = f"Arrow bodies of {BATCH:,} rows, {FEATURES} features, two segments with 13 values"
    figures = [
        Figure("prediction, decode to log", cost["decode"], "µs of CPU", note=note),
        Figure("prediction, counting", cost["count"], "µs of CPU"),
        Figure("outcome, all of it", cost["outcome"], "µs of CPU"),
        Figure("a million a minute, with outcomes", cost["cores"], "cores", 2.0, at_most=True),
        Figure("memory at most", cost["memory"], "MiB", 1_024.0, at_most=True, note=_ALL),
        Figure("predictions waiting", cost["waiting"], "millions"),
    ]
    return figures


def _cost(toy: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return _measure(Path(folder), TOY_MINUTES if toy else MINUTES, A_MINUTE // (50 if toy else 1))


def _measure(folder: Path, minutes: int, a_minute: int) -> dict[str, float]:
    now = [START_MS]
    serving = Serving(folder, 4 << 30, Hooks(taken, dict, lambda name, body: None, lambda: now[0]))
    serving.start()
    lag = min(LAG_MINUTES, max(minutes - 1, 0))
    serving.declare("fraud", ModelSettings(bucket_ms=60_000, lateness_ms=60_000, reference_buckets=2))
    made = np.random.default_rng(1)
    decode, outcome = arrow_predictions().decode, arrow_outcomes().decode
    decode(predictions_body(np.arange(10), START_MS, made))  # what is loaded and compiled at the first time
    spent = {"decode": 0.0, "count": 0.0, "outcome": 0.0}
    rows = {"predictions": 0, "outcomes": 0}
    kept: list[np.ndarray] = []
    memory = 0.0
    batch = min(BATCH, a_minute)
    for minute in range(minutes):
        for part in range(a_minute // batch):
            now[0] = START_MS + minute * 60_000 + part * 60_000 * batch // a_minute
            ids = made.integers(0, 2**62, batch)
            body = predictions_body(ids, now[0], made)
            began = time.process_time()
            decoded = decode(body)
            future = serving.predictions(decoded.batch, Mode.LIVE, made.bytes(16))
            future.result()
            spent["decode"] += time.process_time() - began
            began = time.process_time()
            serving.settle(600)
            spent["count"] += time.process_time() - began
            rows["predictions"] += batch
            kept.append(ids)
            memory = max(memory, resident())
            if len(kept) > lag * a_minute // batch:
                truth = outcomes_body(kept.pop(0), now[0], made)
                began = time.process_time()
                serving.outcomes(outcome(truth).batch, Mode.LIVE, made.bytes(16)).result()
                serving.settle(600)
                spent["outcome"] += time.process_time() - began
                rows["outcomes"] += batch
    waiting = serving.usage()["rows"] / 1e6
    serving.stop()
    decode_us, count_us = (spent[name] / rows["predictions"] * 1e6 for name in ("decode", "count"))
    outcome_us = spent["outcome"] / max(rows["outcomes"], 1) * 1e6
    return {
        "decode": decode_us,
        "count": count_us,
        "outcome": outcome_us,
        "cores": (decode_us + count_us + outcome_us) * A_MINUTE / 60e6,
        "memory": memory,
        "waiting": waiting,
    }


def resident() -> float:
    """MiB of memory, pages of mapped files included."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def taken(batch: SampleBatch, mode: Mode, request_id: bytes) -> Future[Accepted]:
    future: Future[Accepted] = Future()
    future.set_result(Accepted(len(batch), {}))
    return future


def predictions_body(ids: np.ndarray, now_ms: int, made: np.random.Generator) -> bytes:
    count = len(ids)
    columns: dict[str, Any] = {
        "id": pa.array(ids),
        "model": _coded(["fraud"], np.zeros(count, np.int32)),
        "version": _coded(["3"], np.zeros(count, np.int32)),
        "timestamp": pa.array(np.full(count, now_ms)),
        "score": pa.array(made.random(count)),
        "latency_ms": pa.array(made.gamma(2.0, 10.0, count)),
        "segment.country": _coded(list("abcdefghij"), made.integers(0, 10, count)),
        "segment.channel": _coded(["app", "web", "shop"], made.integers(0, 3, count)),
    }
    columns |= {f"feature.f{k}": pa.array(made.standard_normal(count)) for k in range(FEATURES)}
    return _stream(columns)


def outcomes_body(ids: np.ndarray, now_ms: int, made: np.random.Generator) -> bytes:
    count = len(ids)
    return _stream(
        {
            "id": pa.array(ids),
            "model": _coded(["fraud"], np.zeros(count, np.int32)),
            "timestamp": pa.array(np.full(count, now_ms)),
            "outcome": pa.array(made.random(count) < 0.5),
        }
    )


def _coded(words: list[str], codes: np.ndarray) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words))


def _stream(columns: dict[str, Any]) -> bytes:
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()
