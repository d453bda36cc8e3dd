"""What a shard has taken in and not yet applied, and how much of it there may be."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from monitor.domain.errors import Overloaded
from monitor.domain.records import Samples

RECORD_BYTES = 1_000
"""What a record takes in memory beside its samples: four arrays, the objects around them, names."""
SAMPLE_BYTES = 28
"""Row, time, value and n."""
RETRY_AFTER_S = 2


class Backlog:
    """Records on their way to the disk or, durable, to the models. They wait in memory, so ``bytes_max``
    bounds it; ``ms_max`` bounds how far the models are behind, in arrival time. Thread-safe.

    >>> backlog = Backlog(bytes_max=3_000, ms_max=1_000)
    >>> backlog.admit(samples=100_000, arrival_ms=0)  # alone, any request is taken
    """

    def __init__(self, bytes_max: int, ms_max: int) -> None:
        self.bytes_max = bytes_max
        self.ms_max = ms_max
        self._lock = Lock()
        self._waiting: OrderedDict[int, Samples] = OrderedDict()
        self._samples = 0
        self._newest_ms = 0

    def admit(self, samples: int, arrival_ms: int) -> None:
        """Raises Overloaded, with the limit's name, where a request of so many samples is too much."""
        with self._lock:
            if not self._waiting:
                return
            if self._bytes() + RECORD_BYTES + SAMPLE_BYTES * samples > self.bytes_max:
                raise Overloaded(
                    "the backlog of the intake log is full", RETRY_AFTER_S, limit="backlog_bytes_max"
                )
            if arrival_ms - self._oldest_ms() > self.ms_max:
                raise Overloaded(
                    "the models are too far behind the intake log", RETRY_AFTER_S, limit="backlog_s_max"
                )

    def add(self, entry: Samples) -> None:
        """The record is about to be appended."""
        with self._lock:
            self._waiting[id(entry)] = entry
            self._samples += len(entry)
            self._newest_ms = max(self._newest_ms, entry.arrival_ms)

    def leave(self, entry: Samples) -> None:
        """The record is applied, or did not reach the disk."""
        with self._lock:
            if self._waiting.pop(id(entry), None) is not None:
                self._samples -= len(entry)

    @property
    def samples(self) -> int:
        return self._samples

    @property
    def bytes(self) -> int:
        with self._lock:
            return self._bytes()

    @property
    def ms(self) -> int:
        """Arrival time from the oldest record that waits to the newest."""
        with self._lock:
            return max(self._newest_ms - self._oldest_ms(), 0) if self._waiting else 0

    def _bytes(self) -> int:
        return RECORD_BYTES * len(self._waiting) + SAMPLE_BYTES * self._samples

    def _oldest_ms(self) -> int:
        return next(iter(self._waiting.values())).arrival_ms
