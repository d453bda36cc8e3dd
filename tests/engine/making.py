"""Batches of samples for engines, and engines over a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from monitor.domain.anomaly import AnomalyEvent
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.durations import MINUTE_MS
from monitor.domain.records import Tick
from monitor.domain.series import Identity
from monitor.engine.base import Accepted, Engine, Events
from monitor.engine.inline import InlineEngine
from monitor.engine.processes import ProcessEngine
from monitor.engine.settings import HostSettings

START_MS = 1_750_000_020_000
ARRIVAL_MS = START_MS + 400 * 86_400_000
SHARDS = 2
NAMES = [Identity.of("load", {"host": f"h{i}"}) for i in range(6)]

MakeEngine = Callable[[int, HostSettings], Engine]
ENGINES: dict[str, MakeEngine] = {"inline": InlineEngine, "processes": ProcessEngine}


def request_id(number: int) -> bytes:
    return number.to_bytes(16, "little")


def batch(
    first: int, count: int, names: list[Identity] = NAMES, told: bool = True, seed: int = 0
) -> SampleBatch:
    """``count`` minutes of every series from minute ``first`` on, by time; one spike in the 100th minute."""
    minutes = np.repeat(np.arange(first, first + count), len(names))
    which = np.tile(np.arange(len(names)), count)
    noise = np.random.default_rng([seed, first, count]).normal(size=len(minutes))
    value = 10.0 * (which + 1) + noise + np.where(minutes % 100 == 99, 60.0, 0.0)
    prints = np.array([name.fingerprint() for name in names], np.uint64)
    return SampleBatch(
        fingerprint=prints[which],
        ts_ms=START_MS + minutes.astype(np.int64) * MINUTE_MS,
        value=value,
        identities={name.fingerprint(): name.canonical() for name in names} if told else {},
    )


def send(engine: Engine, samples: SampleBatch, number: int = 0, mode: Mode = Mode.BACKFILL) -> Accepted:
    name = request_id(number) if number else b""
    future = engine.submit(samples, mode=mode, arrival_ms=ARRIVAL_MS, request_id=name)
    return future.result(60)


def complete(engine: Engine, samples: SampleBatch, number: int = 0) -> None:
    tick = Tick(int(samples.ts_ms.max()), complete=True, request_id=request_id(number) if number else b"")
    engine.control(tick).result(60)


class Kept:
    """What an engine handed over: the events of each shard by (position, sequence)."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.events: dict[tuple[int, int, int], AnomalyEvent] = {}
        self.positions: dict[int, int] = {}

    def __call__(self, events: Events) -> None:
        with self._lock:
            assert events.position >= self.positions.get(events.shard, 0) or not events.events
            self.positions[events.shard] = events.position
            self.events.update({(e.shard, e.position, e.sequence): e for e in events.events})


@contextmanager
def running(make: MakeEngine, folder: Path, kept: Kept | None = None, **more: Any) -> Iterator[Engine]:
    engine = make(SHARDS, HostSettings(folder, **more))
    engine.start(kept or Kept(), {})
    try:
        yield engine
    finally:
        engine.close()


def digests(engine: Engine) -> list[str]:
    return [engine.ask(shard, "digest") for shard in range(engine.shards)]


def observations(engine: Engine, name: Identity) -> dict[str, bytes]:
    """All observed buckets of a series, column by column, as bytes."""
    shard = (name.fingerprint() >> 40) % engine.shards
    found = engine.ask(
        shard,
        "observations",
        id=f"{name.fingerprint():016x}",
        from_ms=None,
        to_ms=None,
        max_points=1_000_000,
    )
    return {column: np.ascontiguousarray(values).tobytes() for column, values in found.items()}


def buckets(engine: Engine, name: Identity) -> int:
    return len(observations(engine, name).get("ts_ms", b"")) // 8
