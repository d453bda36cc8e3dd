"""Shards in this process: for tests, back-tests and small machines. The same hosts as in worker processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Event, Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Tick
from monitor.engine.base import Accepted, Events, ShardStatus
from monitor.engine.host import Host
from monitor.engine.settings import HostSettings
from monitor.engine.split import all_accepted, all_done, split


class InlineEngine:
    """``shards`` hosts in this process, each with its own thread (kernels let go of the GIL)."""

    def __init__(
        self,
        shards: int,
        settings: HostSettings,
        observe: Callable[[Observations, NDArray[np.uint64]], None] | None = None,
    ) -> None:
        self._observe = observe
        self._count = shards
        self._settings = settings
        self._hosts: list[Host] = []
        self._starting = Lock()
        self._closing = Event()

    @property
    def shards(self) -> int:
        return self._count

    def start(self, on_events: Callable[[Events], None], since: Mapping[int, int]) -> None:
        with self._starting:
            for number in range(self._count):
                if self._closing.is_set():
                    raise IntakeUnavailable("the shards are closed")
                host = Host(number, self._settings, on_events, self._observe, self._closing.is_set)
                self._hosts.append(host)

    def submit(
        self, batch: SampleBatch, *, mode: Mode, arrival_ms: int, request_id: bytes = b""
    ) -> Future[Accepted]:
        parts = split(batch, self._count)
        clock_ms = int(batch.ts_ms.max(initial=0))
        return all_accepted(
            [
                self._hosts[part.shard].intake.submit(
                    part.fingerprint,
                    part.ts_ms,
                    part.value,
                    part.n,
                    part.identities,
                    mode=mode,
                    arrival_ms=arrival_ms,
                    clock_ms=clock_ms,
                    request_id=request_id,
                )
                for part in parts
            ]
        )

    def control(self, entry: Tick | Control) -> Future[None]:
        return all_done([host.control(entry) for host in self._hosts])

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        return getattr(self._hosts[shard].queries, question)(**arguments)

    def status(self) -> list[ShardStatus]:
        return [host.status() for host in self._hosts]

    def settle(self, timeout_s: float | None = None) -> None:
        for host in self._hosts:
            host.settle(timeout_s)

    def checkpoint(self) -> None:
        for host in self._hosts:
            host.checkpoint()

    def close(self) -> None:
        self._closing.set()
        with self._starting:
            for host in self._hosts:
                host.close()
            self._hosts = []
