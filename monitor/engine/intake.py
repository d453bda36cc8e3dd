"""The way into a shard's log: each request once, known rows, nothing of the future, no more than is applied.

Rows are found and records appended under one lock, so that no record names a row that another one names
otherwise; whoever holds it keeps the intake still. What dies here before the sync was not answered and is
sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import Mode, Reason
from monitor.domain.errors import IntakeUnavailable, Overloaded, UnknownSeries
from monitor.domain.records import Entry, Samples, Tick
from monitor.engine.base import Accepted
from monitor.engine.parts import Parts
from monitor.engine.settings import HostSettings
from monitor.intake.index import FingerprintTaken
from monitor.intake.log import Ticket

_NOTHING: dict[str, int] = {}


class Intake:
    """See the module. Thread-safe. ``state`` is the lock under which records are applied and questions
    answered; ``lock`` keeps the intake still, and is taken before it."""

    def __init__(self, number: int, settings: HostSettings, parts: Parts, state: threading.Lock) -> None:
        self._number = number
        self._settings = settings
        self._parts = parts
        self._state = state
        self.lock = threading.Lock()
        self._ids = threading.Lock()
        self._in_flight: dict[bytes, Future[Accepted]] = {}
        self._newest: Future[int] | None = None
        self._failure: BaseException | None = None
        self._appended_samples = parts.samples

    def submit(
        self,
        fingerprint: NDArray[np.uint64],
        ts_ms: NDArray[np.int64],
        value: NDArray[np.float64],
        n: NDArray[np.float64] | None,
        identities: dict[int, bytes],
        *,
        mode: Mode,
        arrival_ms: int,
        clock_ms: int,
        request_id: bytes,
    ) -> Future[Accepted]:
        """Append one request's samples of this shard; done when they are on disk."""
        answer: Future[Accepted] = Future()
        fresh: list[tuple[int, bytes]] = []
        try:
            with self.lock:
                self._admit_load(len(ts_ms))
                twin = self._twin(request_id, len(ts_ms))
                if twin is not None:
                    return twin
                keep, rejected = self._checks(ts_ms, arrival_ms)
                if keep is not None:
                    fingerprint, ts_ms, value = fingerprint[keep], ts_ms[keep], value[keep]
                    n = n[keep] if n is not None else None
                rows, refused = self._rows(fingerprint, identities, fresh)
                if refused:
                    known = rows >= 0
                    rejected[refused] = int((~known).sum())
                    rows, ts_ms, value = rows[known], ts_ms[known], value[known]
                    n = n[known] if n is not None else None
                entry = Samples(rows, ts_ms, value, n, mode, arrival_ms, clock_ms, tuple(fresh), request_id)
                ticket = self.append_still(entry)
                with self._ids:
                    self._appended_samples += len(rows)
                    if request_id:
                        self._in_flight[request_id] = answer
        except BaseException as error:
            self._not_logged(fresh)
            answer.set_exception(error)
            return answer
        accepted = Accepted(len(rows), rejected, _NOTHING)

        def durable(done: Future[int]) -> None:
            error = done.exception()
            with self._ids:
                self._in_flight.pop(request_id, None)
                if error is None and request_id:
                    self._parts.remembered.add(request_id, ticket.position, arrival_ms)
                if error is not None:
                    self._appended_samples -= accepted.accepted
            if error is None:
                answer.set_result(accepted)
            else:
                self._not_logged(fresh)
                answer.set_exception(error)

        ticket.future.add_done_callback(durable)
        return answer

    def tick(self, entry: Tick) -> Future[int]:
        """Append a tick; done when it is on disk. Repeats of a request id are dropped."""
        with self.lock:
            if self._twin(entry.request_id, 0) is not None:
                done: Future[int] = Future()
                done.set_result(0)
                return done
            ticket = self.append_still(entry)
        if entry.request_id:
            ticket.future.add_done_callback(lambda done: self._tick_kept(done, entry.request_id))
        return ticket.future

    def _tick_kept(self, done: Future[int], request_id: bytes) -> None:
        if done.exception() is None:
            with self._ids:
                self._parts.remembered.add(request_id, done.result(), self._parts.arrival_ms)

    def append(self, entry: Entry) -> Ticket:
        """Append a record of the system's own."""
        with self.lock:
            return self.append_still(entry)

    def append_still(self, entry: Entry) -> Ticket:
        """As `append`, for a caller that holds ``lock``."""
        ticket = self._parts.log.append(entry)
        self._newest = ticket.future
        return ticket

    def wait_written(self) -> None:
        """Return when all that was appended is on disk, or failed. The caller holds ``lock``."""
        if self._newest is not None:
            self._newest.exception()

    def leave(self, row: int) -> None:
        """The series of ``row`` is forgotten, on disk and applied. The caller holds ``lock``."""
        with self._state, self._ids:
            self._parts.leave(row)

    def refuse(self, error: BaseException) -> None:
        """The shard has stopped: take no more."""
        self._failure = error

    @property
    def lag_samples(self) -> int:
        """Samples appended and not yet applied."""
        return max(self._appended_samples - self._parts.samples, 0)

    def _twin(self, request_id: bytes, count: int) -> Future[Accepted] | None:
        """The answer to the same request, if it is known or under way."""
        if not request_id:
            return None
        with self._ids:
            under_way = self._in_flight.get(request_id)
            if under_way is not None:
                return under_way
            if self._parts.remembered.seen(request_id) is None:
                return None
        known: Future[Accepted] = Future()
        known.set_result(Accepted(count, _NOTHING, _NOTHING, repeated=True))
        return known

    def _not_logged(self, fresh: Sequence[tuple[int, bytes]]) -> None:
        """These rows were given out, but no record names them yet: the next one does."""
        with self._ids:
            self._parts.unlogged.update(dict(fresh))

    def _admit_load(self, count: int) -> None:
        if self._failure is not None:
            raise IntakeUnavailable(f"shard {self._number} has stopped: {self._failure}")
        if self.lag_samples + count > self._settings.backlog_samples:
            raise Overloaded("the backlog of the intake log is full", retry_after_s=2)

    def _checks(
        self, ts_ms: NDArray[np.int64], arrival_ms: int
    ) -> tuple[NDArray[np.bool_] | None, dict[str, int]]:
        """Which samples to keep (None: all), and how many not. A backfill may be old, but not of the future
        either: one sample of the year 3000 would make all history too old to keep."""
        future = ts_ms > arrival_ms + self._settings.limits.future_ms_max
        count = int(future.sum())
        return (~future, {Reason.FUTURE: count}) if count else (None, {})

    def _rows(
        self, fingerprint: NDArray[np.uint64], identities: dict[int, bytes], fresh: list[tuple[int, bytes]]
    ) -> tuple[NDArray[np.int32], Reason | None]:
        """Rows of the samples, and why some have none. ``fresh`` gets the series that the record names."""
        index = self._parts.index
        rows = index.lookup(fingerprint)
        refused: Reason | None = None
        if (rows < 0).any():
            with self._state:  # questions and the naming of events read the index too
                for unknown in np.unique(fingerprint[rows < 0]):
                    canonical = identities.get(int(unknown))
                    if canonical is None:
                        raise UnknownSeries(f"shard {self._number} was not told what {int(unknown):016x} is")
                    if len(index) >= self._settings.series_limit:
                        refused = Reason.SERIES_LIMIT
                        continue
                    try:
                        fresh.append((self._parts.enter(int(unknown), canonical), canonical))
                    except FingerprintTaken:
                        refused = Reason.BAD_NAME
                rows = index.lookup(fingerprint)
        with self._ids:
            fresh += self._parts.unlogged.items()
            self._parts.unlogged.clear()
        return rows, refused
