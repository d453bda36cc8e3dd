"""Samples from whoever has some: appended, awaited no longer than the limit, and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.records import Tick
from monitor.engine.base import Accepted, Engine
from monitor.telemetry import Telemetry

T = TypeVar("T")


class Taking:
    """``engine()`` is the running engine, or raises IntakeUnavailable; ``answer_s``: how long an answer may
    take; ``now_ms()`` stamps arrivals. Thread-safe."""

    def __init__(
        self, engine: Callable[[], Engine], telemetry: Telemetry, answer_s: float, now_ms: Callable[[], int]
    ) -> None:
        self._engine = engine
        self._telemetry = telemetry
        self._answer_s = answer_s
        self._now_ms = now_ms

    def submit(self, batch: SampleBatch, mode: Mode, request_id: bytes = b"") -> Future[Accepted]:
        """Append a batch. The future ends after the fsync in every shard, or with UnknownSeries,
        Overloaded or IntakeUnavailable."""
        engine = self._engine()
        return engine.submit(batch, mode=mode, arrival_ms=self._now_ms(), request_id=request_id)

    def keep(self, batch: SampleBatch) -> None:
        """`submit`, live; on disk when this returns."""
        self.submit(batch, Mode.LIVE).result(self._answer_s)

    async def complete(self, ts_ms: int, request_id: bytes = b"") -> None:
        """A file has ended: every bucket up to ``ts_ms`` becomes final."""
        await self.answer(self._engine().control(Tick(ts_ms, complete=True, request_id=request_id)))

    async def answer(self, future: Future[T]) -> T:
        """Await the engine, no longer than the limit. The work goes on if the caller leaves: what is
        appended then stays, unacknowledged."""
        waiting = asyncio.shield(asyncio.wrap_future(future))
        try:
            return await asyncio.wait_for(waiting, self._answer_s)
        except TimeoutError as error:
            raise IntakeUnavailable("the intake log did not answer in time") from error

    def count(self, accepted: Accepted) -> None:
        """Enter an answer in the server's own metrics."""
        self._telemetry.samples(accepted.accepted, accepted.rejected, accepted.repeated)
