"""A world with predictions, truths and delays, and its records in the order in which they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.domain.durations import HOUR_MS
from monitor.domain.served import ModelSettings
from monitor.served import columns
from monitor.served.closing import Told
from monitor.served.state import ServedState

START_MS = 1_767_225_600_000
SECRET = 0x1234_5678_9ABC_DEF1


@dataclass
class World:
    """Rows by prediction. ``came_ms``: when it arrived; ``known_ms``: its outcome, −1 for never."""

    key: np.ndarray
    ts_ms: np.ndarray
    came_ms: np.ndarray
    known_ms: np.ndarray
    country: np.ndarray
    score: np.ndarray
    truth: np.ndarray
    age: np.ndarray
    plan: np.ndarray
    answers: str = "classes"

    def __len__(self) -> int:
        return len(self.key)

    def predictions(self, rows: np.ndarray) -> pa.RecordBatch:
        said = self.score[rows]
        told = {
            "key": pa.array(self.key[rows], pa.uint64()),
            "ts_ms": pa.array(self.ts_ms[rows]),
            "model": pa.array(["churn"] * len(rows)),
            "version": pa.array(["7"] * len(rows)),
            "segment.country": pa.array(self.country[rows].tolist()),
            "feature.age": pa.array(self.age[rows]),
            "feature.plan": pa.array(self.plan[rows].tolist()).dictionary_encode(),
            "latency_ms": pa.array(5.0 + 10 * said),
        }
        if self.answers == "classes":
            told |= {"score": pa.array(said)}
        else:
            told |= {"prediction": pa.array(self.age[rows] + said)}
        return pa.RecordBatch.from_pydict(told)

    def outcomes(self, rows: np.ndarray) -> pa.RecordBatch:
        value = self.truth[rows].astype(np.float64)
        if self.answers != "classes":
            value = self.age[rows] + value
        return pa.RecordBatch.from_pydict(
            {
                "key": pa.array(self.key[rows], pa.uint64()),
                "ts_ms": pa.array(self.known_ms[rows]),
                "model": pa.array(["churn"] * len(rows)),
                "outcome": pa.array(value),
            }
        )


def world(n: int = 600, hours: int = 6, seed: int = 1, delay_ms: float = 0.0, never: float = 0.0) -> World:
    """A calibrated model; outcomes come ``delay_ms`` after their prediction, give or take half of it."""
    made = np.random.default_rng(seed)
    ts_ms = np.sort(START_MS + (made.random(n) * hours * HOUR_MS).astype(np.int64))
    score = made.beta(2.0, 3.0, n)
    known_ms = ts_ms + (delay_ms * (0.5 + made.random(n) / 2)).astype(np.int64) + 1
    known_ms[made.random(n) < never] = -1
    return World(
        key=made.integers(1, 2**63, n).astype(np.uint64),
        ts_ms=ts_ms,
        came_ms=ts_ms + made.integers(0, 60_000, n),
        known_ms=known_ms,
        country=made.choice(np.array(["DE", "FR", "NL"]), n, p=[0.6, 0.3, 0.1]),
        score=score,
        truth=made.random(n) < score,
        age=made.normal(40.0, 12.0, n),
        plan=made.choice(np.array(["free", "pro"]), n),
    )


Record = tuple[int, str, pa.RecordBatch]


def records(of: World, every_ms: int = 10 * 60_000) -> list[Record]:
    """What arrives in each span of ``every_ms``, as one record of predictions and one of outcomes."""
    found: list[Record] = []
    for kind, arrival, span_ms in (
        ("predictions", of.came_ms, every_ms),
        ("outcomes", of.known_ms, max(every_ms, HOUR_MS)),
    ):
        slots = arrival // span_ms
        for slot in np.unique(slots[arrival >= 0]).tolist():
            rows = np.flatnonzero((slots == slot) & (arrival >= 0))
            found.append(((slot + 1) * span_ms, kind, getattr(of, kind)(rows)))
    return sorted(found, key=lambda record: (record[0], record[1]))


def apply(state: ServedState, record: Record, *, live: bool = True) -> None:
    arrival_ms, kind, batch = record
    if kind == "predictions":
        state.predictions(columns.predictions(batch), arrival_ms if live else None)
    else:
        state.outcomes(columns.outcomes(batch), arrival_ms if live else None)


def run(folder: Path, arriving: Sequence[Record], settings: ModelSettings, until_ms: int) -> list[Told]:
    return lived(folder, arriving, settings, until_ms)[1]


def lived(
    folder: Path, arriving: Sequence[Record], settings: ModelSettings, until_ms: int
) -> tuple[ServedState, list[Told]]:
    """The state after all of it, and what was told."""
    state = ServedState(folder, SECRET, 1 << 30)
    state.declare("churn", settings)
    return state, [*told(state, arriving), *ended(state, until_ms)]


def told(state: ServedState, arriving: Sequence[Record]) -> Iterator[Told]:
    for record in arriving:
        apply(state, record)
        yield from state.finals()


def ended(state: ServedState, until_ms: int) -> Iterator[Told]:
    state.advance(until_ms)
    yield from state.finals()


def by_series(
    samples: Sequence[Told],
) -> dict[tuple[str, tuple[tuple[str, str], ...], int], tuple[float, float]]:
    """Value and n by metric, tags and time; a sample told twice is a fault."""
    found = {}
    for one in samples:
        key = (one.metric, one.tags, one.ts_ms)
        assert key not in found, key
        found[key] = (one.value, one.n)
    return found


WHOLE = (("model", "churn"), ("version", "7"))


def of_whole(found: Sequence[Told], metric: str) -> dict[int, float]:
    """Values by time of the version as a whole; of estimates those that may be trusted, which are told with
    all their cases."""
    samples = by_series(found).items()
    return {ts: v for (name, tags, ts), (v, n) in samples if (name, tags) == (metric, WHOLE) and n > 1}


def like(of: World, **changed: Any) -> World:
    return replace(of, **changed)
