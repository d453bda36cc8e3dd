"""A whole system that lives by a clock of the test: a day of it, own series and all, in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from monitor.assembly import build
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.incident import Incident
from monitor.domain.meta import EVERY_MS
from monitor.domain.series import Identity
from monitor.settings import Settings

START_MS = 1_700_006_400_000  # a midnight
Values = Callable[[int], NDArray[np.float64]]


class Living:
    """Series ``names`` with a value every five minutes: ``value(step)``, one each."""

    def __init__(self, folder: Path, names: Sequence[Identity], value: Values, shards: int = 1) -> None:
        self.now_ms = START_MS
        self.step = 0
        self._names = names
        self._value = value
        self._prints = np.array([name.fingerprint() for name in names], np.uint64)
        self._identities = {name.fingerprint(): name.canonical() for name in names}
        settings = Settings(engine="inline", shards=shards, data_dir=folder)
        self.monitor = build(settings, clock_ms=lambda: self.now_ms)

    def past(self, steps: int, dropped: int = 0) -> None:
        """What was before anybody looked, in one piece; of each interval ``dropped`` samples got lost."""
        first, self.step = self.step, self.step + steps
        self.now_ms = START_MS + self.step * EVERY_MS
        self._send(range(first, self.step), dropped)

    def live(self, steps: int, dropped: int = 0) -> None:
        """So many intervals; of each ``dropped`` samples get lost on the way."""
        for _ in range(steps):
            self.step += 1
            self.now_ms = START_MS + self.step * EVERY_MS
            self._send([self.step - 1], dropped)
            self.monitor.meta_reporting.report()
            self.monitor.settle(120)
            self.monitor.overseeing.look()

    def until_frozen(self, steps: int, dropped: int = 0) -> int:
        """Lives on until a meta-incident has frozen the models; after how many intervals."""
        for step in range(1, steps + 1):
            self.live(1, dropped)
            if self.monitor.overseeing.freeze.reason:
                return step
        raise AssertionError(f"no meta-incident within {steps} intervals")

    def meta_incidents(self) -> list[Incident]:
        """All that there were, not the open ones only."""
        return [
            one
            for one in self.monitor.recounting.incidents(limit=1_000).items
            if one.of_itself and one.opened
        ]

    def scores(self, first_step: int) -> NDArray[np.float64]:
        """Of all series from a step on, one after another."""
        since_ms = START_MS + first_step * EVERY_MS
        found = [
            self.monitor.reading.observations(f"{p:016x}", from_ms=since_ms) for p in self._prints.tolist()
        ]
        return np.concatenate([one["score"] for one in found])

    def digests(self) -> list[str]:
        return [self.monitor.shards.ask(shard.shard, "digest") for shard in self.monitor._engine.status()]

    def _send(self, steps: Sequence[int], dropped: int = 0) -> None:
        at = np.repeat(START_MS + np.array(steps, np.int64) * EVERY_MS, len(self._names))
        value = np.concatenate([self._value(step) for step in steps])
        prints = np.tile(self._prints, len(steps))
        kept = np.tile(np.arange(len(self._names)) < len(self._names) - dropped, len(steps))
        batch = SampleBatch(prints[kept], at[kept], value[kept], None, self._identities)
        self.monitor.taking.count(self.monitor.taking.submit(batch, Mode.BACKFILL).result(60))
        self.monitor.settle(240)


@contextmanager
def living(folder: Path, names: Sequence[Identity], value: Values, shards: int = 1) -> Iterator[Living]:
    system = Living(folder, names, value, shards)
    system.monitor.start()
    try:
        yield system
    finally:
        system.monitor.stop()


def named(count: int, metric: str = "load") -> list[Identity]:
    return [Identity.of(metric, {"host": f"h{place:03}"}) for place in range(count)]


def noise(step: int, count: int) -> NDArray[np.float64]:
    """The same for a step, whenever it is asked for."""
    return np.random.default_rng([step, count]).standard_normal(count)


def daily(count: int) -> Values:
    """Levels with a day."""
    return lambda step: 50.0 + 20.0 * np.sin(2 * np.pi * step / 288) + noise(step, count)


def walking(count: int) -> Values:
    """Levels that wander, for up to 3,000 steps."""
    levels = 100.0 + 0.3 * np.cumsum(np.random.default_rng(5).standard_normal((3_000, count)), axis=0)
    return lambda step: np.asarray(levels[step] + 0.3 * noise(step, count))
