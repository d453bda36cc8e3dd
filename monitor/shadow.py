"""One shard in a folder that is thrown away: the code that runs live, apart from what runs live."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from monitor.domain.anomaly import Anomaly
from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Tick
from monitor.engine.base import Events
from monitor.engine.inline import InlineEngine
from monitor.engine.settings import HostSettings
from monitor.intake.limits import Limits

Observe = Callable[[Observations, NDArray[np.uint64]], None]


class Shadow:
    """To be used in a ``with``. ``anomalies`` by id, as they stand after `settle`; ``observe`` is given what
    becomes final."""

    def __init__(self, zone: str, limits: Limits, observe: Observe | None = None) -> None:
        self.anomalies: dict[str, Anomaly] = {}
        self._lock = Lock()
        self._folder = tempfile.TemporaryDirectory(prefix="watchkeeper-shadow-")
        host = HostSettings(Path(self._folder.name), zone, limits)
        self.engine = InlineEngine(1, host, observe)

    def __enter__(self) -> Shadow:
        self.engine.start(self._hear, {})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.engine.close()
        finally:
            self._folder.cleanup()

    def feed(self, batch: SampleBatch, arrival_ms: int) -> None:
        """Samples as a backfill that arrived then; returns when they are in the log."""
        self.engine.submit(batch, mode=Mode.BACKFILL, arrival_ms=arrival_ms).result()

    def tell(self, entry: Tick | Control) -> None:
        """A record, after all that was fed has been learned from."""
        self.settle()
        self.engine.control(entry).result()

    def settle(self) -> None:
        self.engine.settle()

    def _hear(self, events: Events) -> None:
        with self._lock:
            self.anomalies.update({one.anomaly.id: one.anomaly for one in events.events})
