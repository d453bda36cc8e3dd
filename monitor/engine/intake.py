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
from monitor.domain.errors import IntakeUnavailable, UnknownSeries
from monitor.domain.records import Entry, Samples, Tick
from monitor.engine.backlog import Backlog
from monitor.engine.base import Accepted
from monitor.engine.parts import Parts
from monitor.engine.settings import HostSettings
from monitor.intake.index import FingerprintTaken
from monitor.intake.log import Ticket

_NOTHING: dict[str, int] = {}
Columns = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None]
"""Fingerprints, times, values and, if any, n."""


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
        self.backlog = Backlog(settings.backlog_bytes_max, settings.backlog_ms_max)

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
        """Append one request's samples of this shard; done when they are on disk. Of a repeated request
        only samples of series that were deleted since are appended."""
        answer: Future[Accepted] = Future()
        fresh: list[tuple[int, bytes]] = []
        try:
            with self.lock:
                if self._failure is not None:
                    raise IntakeUnavailable(f"shard {self._number} has stopped: {self._failure}")
                columns = (fingerprint, ts_ms, value, n)
                under_way, forgotten = self._earlier(request_id)
                if under_way is not None:
                    return under_way
                repeated = 0
                if forgotten is not None:
                    again = np.isin(fingerprint, forgotten)
                    repeated = len(again) - int(again.sum())
                    if repeated == len(again):
                        answer.set_result(Accepted(repeated, _NOTHING, repeated=True))
                        return answer
                    columns = _only(again, columns)
                self.backlog.admit(len(columns[0]), arrival_ms)
                keep, rejected = self._checks(columns[1], arrival_ms)
                if keep is not None:
                    columns = _only(keep, columns)
                rows, refused = self._rows(columns[0], identities, fresh)
                if refused:
                    known = rows >= 0
                    rejected |= refused
                    rows, columns = rows[known], _only(known, columns)
                entry = Samples(rows, *columns[1:], mode, arrival_ms, clock_ms, tuple(fresh), request_id)
                ticket = self._append_samples(entry)
                with self._ids:
                    if request_id:
                        self._in_flight[request_id] = answer
        except BaseException as error:
            self._not_logged(fresh)
            answer.set_exception(error)
            return answer
        accepted = Accepted(len(rows) + repeated, rejected)

        def durable(done: Future[int]) -> None:
            error = done.exception()
            with self._ids:
                self._in_flight.pop(request_id, None)
                if error is None and request_id:
                    self._parts.remembered.add(request_id, ticket.position, arrival_ms)
            if error is None:
                answer.set_result(accepted)
            else:
                self.backlog.leave(entry)
                self._not_logged(fresh)
                answer.set_exception(error)

        ticket.future.add_done_callback(durable)
        return answer

    def tick(self, entry: Tick) -> Future[int]:
        """Append a tick; done when it is on disk. Repeats of a request id are dropped, unless a series
        was deleted since, which may have been sent again."""
        with self.lock:
            _, forgotten = self._earlier(entry.request_id)
            if forgotten is not None and not len(forgotten):
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

    def leave(self, row: int, position: int) -> None:
        """The series of ``row`` is forgotten, on disk at ``position`` and applied. The caller holds
        ``lock``."""
        with self._state, self._ids:
            self._parts.leave(row, position)

    def refuse(self, error: BaseException) -> None:
        """The shard has stopped: take no more."""
        self._failure = error

    def _append_samples(self, entry: Samples) -> Ticket:
        self.backlog.add(entry)  # before the append: it may be applied before that returns
        try:
            return self.append_still(entry)
        except BaseException:
            self.backlog.leave(entry)
            raise

    def _earlier(self, request_id: bytes) -> tuple[Future[Accepted] | None, NDArray[np.uint64] | None]:
        """Of the same request: the answer, while it is under way; series deleted since, if it is known."""
        if not request_id:
            return None, None
        with self._ids:
            position = self._parts.remembered.seen(request_id)
            since = self._parts.remembered.forgotten_since(position) if position is not None else None
            return self._in_flight.get(request_id), since

    def _not_logged(self, fresh: Sequence[tuple[int, bytes]]) -> None:
        """These rows were given out, but no record names them yet: the next one does."""
        with self._ids:
            self._parts.unlogged.update(dict(fresh))

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
    ) -> tuple[NDArray[np.int32], dict[str, int]]:
        """Rows of the samples, and how many have none, by reason. ``fresh`` gets the series that the
        record names."""
        index = self._parts.index
        rows = index.lookup(fingerprint)
        refused: dict[str, int] = {}
        if (rows < 0).any():
            with self._state:  # questions and the naming of events read the index too
                for unknown, count in zip(*np.unique(fingerprint[rows < 0], return_counts=True), strict=True):
                    canonical = identities.get(int(unknown))
                    if canonical is None:
                        raise UnknownSeries(f"shard {self._number} was not told what {int(unknown):016x} is")
                    reason = self._enter(int(unknown), canonical, fresh)
                    if reason is not None:
                        refused[reason] = refused.get(reason, 0) + int(count)
                rows = index.lookup(fingerprint)
        with self._ids:
            fresh += self._parts.unlogged.items()
            self._parts.unlogged.clear()
        return rows, refused

    def _enter(self, fingerprint: int, canonical: bytes, fresh: list[tuple[int, bytes]]) -> Reason | None:
        """Give a new series a row, or say why it gets none."""
        if len(self._parts.index) >= self._settings.series_limit:
            return Reason.SERIES_LIMIT
        if (reason := self._parts.refusal(canonical)) is not None:
            return reason
        try:
            fresh.append((self._parts.enter(fingerprint, canonical), canonical))
        except FingerprintTaken:
            return Reason.BAD_NAME
        return None


def _only(keep: NDArray[np.bool_], columns: Columns) -> Columns:
    fingerprint, ts_ms, value, n = columns
    return fingerprint[keep], ts_ms[keep], value[keep], n[keep] if n is not None else None
