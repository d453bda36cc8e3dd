"""One shard with all that is its own: log, index, models, history, learning pass, checkpoint.

A record's way: `submit` finds the rows and appends (the caller's thread); the log's thread writes and syncs a
group and hands over what is durable; the host's thread applies it, keeps its observations, and hands its
events on. Nothing acts on a record before it is on disk. What dies when: before the sync, the sender
was not answered and sends again; after it, recovery applies the record from the log; during a checkpoint, the
older one still stands.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import Mode, Reason
from monitor.domain.errors import IntakeUnavailable, Overloaded, UnknownSeries
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Entry, Kind, Record, Samples, Tick
from monitor.engine.base import Accepted, Events, ShardStatus
from monitor.engine.learner import Learner
from monitor.engine.queries import Queries
from monitor.engine.recovery import recover, save
from monitor.engine.tasks import Tasks, refused
from monitor.engine.translate import events_of
from monitor.intake.index import FingerprintTaken
from monitor.intake.limits import Limits
from monitor.intake.log import Ticket

log = logging.getLogger(__name__)

LEARNING_SLICE_S = 0.25
HAND_OVER_AFTER_S = 0.2
HAND_OVER_EVENTS = 512
_NOTHING: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What a host needs to know of the settings."""

    directory: Path
    default_zone: str = "UTC"
    limits: Limits = field(default_factory=Limits)
    segment_bytes: int = 128 << 20
    retention_days: int = 400
    backlog_samples: int = 20_000_000
    series_limit: int = 10_000_000


class Host:
    """See the module. Thread-safe. ``on_events`` is called on the host's thread, in order, and has kept the
    events when it returns; a checkpoint never covers events that were not handed over."""

    def __init__(
        self,
        number: int,
        settings: HostSettings,
        on_events: Callable[[Events], None],
        observe: Callable[[Observations, NDArray[np.uint64]], None] | None = None,
    ) -> None:
        self._observe = observe
        self.number = number
        self.settings = settings
        self._on_events = on_events
        self._intake = threading.Lock()
        self._state = threading.Lock()
        self._ids = threading.Lock()
        self._in_flight: dict[bytes, Future[Accepted]] = {}
        self._wake = threading.Condition()
        self._queue: deque[Record] = deque()
        self._undelivered: list[Any] = []
        self._delivered_at = time.monotonic()
        self._stop = False
        self._counted = -1
        self._failure: BaseException | None = None
        self._tasks = Tasks()
        self._newest: Future[int] | None = None
        self.parts = recover(number, settings, self._durable, self._replayed)
        self.learner = Learner(self.parts)
        self.queries = Queries(self.parts, self._state)
        self._appended_samples = self._applied_samples = self.parts.samples
        self._hand_over()
        self._thread = threading.Thread(target=self._run, name=f"shard-{number}", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ intake

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
            with self._intake:
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
                    rejected |= refused
                    rows, ts_ms, value = rows[known], ts_ms[known], value[known]
                    n = n[known] if n is not None else None
                entry = Samples(rows, ts_ms, value, n, mode, arrival_ms, clock_ms, tuple(fresh), request_id)
                ticket = self._append(entry)
                with self._ids:
                    self._appended_samples += len(rows)
                    if request_id:
                        self._in_flight[request_id] = answer
        except BaseException as error:
            self._not_logged(fresh)
            answer.set_exception(error)
            return answer
        accepted = Accepted(len(rows), rejected)

        def durable(done: Future[int]) -> None:
            error = done.exception()
            with self._ids:
                self._in_flight.pop(request_id, None)
                if error is None and request_id:
                    self.parts.remembered.add(request_id, ticket.position, arrival_ms)
                if error is not None:
                    self._appended_samples -= accepted.accepted
            if error is None:
                answer.set_result(accepted)
            else:
                self._not_logged(fresh)
                answer.set_exception(error)

        ticket.future.add_done_callback(durable)
        return answer

    def _append(self, entry: Entry) -> Ticket:
        """The caller holds the intake."""
        ticket = self.parts.log.append(entry)
        self._newest = ticket.future
        return ticket

    def _twin(self, request_id: bytes, count: int) -> Future[Accepted] | None:
        """The answer to the same request, if it is known or under way."""
        if not request_id:
            return None
        with self._ids:
            under_way = self._in_flight.get(request_id)
            if under_way is not None:
                return under_way
            if self.parts.remembered.seen(request_id) is None:
                return None
        known: Future[Accepted] = Future()
        known.set_result(Accepted(count, _NOTHING, repeated=True))
        return known

    def _not_logged(self, fresh: Sequence[tuple[int, bytes]]) -> None:
        """These rows were given out, but no record names them yet: the next one does."""
        with self._ids:
            self.parts.unlogged.update(dict(fresh))

    def _admit_load(self, count: int) -> None:
        if self._failure is not None:
            raise IntakeUnavailable(f"shard {self.number} has stopped: {self._failure}")
        if self._appended_samples - self._applied_samples + count > self.settings.backlog_samples:
            raise Overloaded("the backlog of the intake log is full", retry_after_s=2)

    def _checks(
        self, ts_ms: NDArray[np.int64], arrival_ms: int
    ) -> tuple[NDArray[np.bool_] | None, dict[str, int]]:
        """Which samples to keep (None: all), and how many not. A backfill may be old, but not of the future
        either: one sample of the year 3000 would make all history too old to keep."""
        future = ts_ms > arrival_ms + self.settings.limits.future_ms_max
        count = int(future.sum())
        return (~future, {Reason.FUTURE: count}) if count else (None, {})

    def _rows(
        self, fingerprint: NDArray[np.uint64], identities: dict[int, bytes], fresh: list[tuple[int, bytes]]
    ) -> tuple[NDArray[np.int32], dict[str, int]]:
        """Rows of the samples, and how many have none, by reason. ``fresh`` gets the series that the
        record names."""
        index = self.parts.index
        rows = index.lookup(fingerprint)
        refused: dict[str, int] = {}
        if (rows < 0).any():
            with self._state:  # questions and the naming of events read the index too
                for unknown, count in zip(*np.unique(fingerprint[rows < 0], return_counts=True), strict=True):
                    canonical = identities.get(int(unknown))
                    if canonical is None:
                        raise UnknownSeries(f"shard {self.number} was not told what {int(unknown):016x} is")
                    reason = self._enter(int(unknown), canonical, fresh)
                    if reason is not None:
                        refused[reason] = refused.get(reason, 0) + int(count)
                rows = index.lookup(fingerprint)
        with self._ids:
            fresh += self.parts.unlogged.items()
            self.parts.unlogged.clear()
        return rows, refused

    def _enter(self, fingerprint: int, canonical: bytes, fresh: list[tuple[int, bytes]]) -> Reason | None:
        """Give a new series a row, or say why it gets none."""
        if len(self.parts.index) >= self.settings.series_limit:
            return Reason.SERIES_LIMIT
        if (reason := self.parts.refusal(canonical)) is not None:
            return reason
        try:
            fresh.append((self.parts.enter(fingerprint, canonical), canonical))
        except FingerprintTaken:
            return Reason.BAD_NAME
        return None

    def control(self, entry: Entry) -> Future[int]:
        """Append a control record; done when it is on disk. Repeats of a request id are dropped."""
        if isinstance(entry, Control) and entry.kind == Kind.FORGET:
            return self._task(lambda: self._forget(entry))
        with self._intake:
            request_id = entry.request_id if isinstance(entry, Tick) else b""
            if self._twin(request_id, 0) is not None:
                done: Future[int] = Future()
                done.set_result(0)
                return done
            ticket = self._append(entry)
        if request_id:
            ticket.future.add_done_callback(lambda done: self._tick_kept(done, request_id))
        return ticket.future

    def _tick_kept(self, done: Future[int], request_id: bytes) -> None:
        if done.exception() is None:
            with self._ids:
                self.parts.remembered.add(request_id, done.result(), self.parts.arrival_ms)

    def _forget(self, entry: Control) -> int:
        """Forget a series between two records: its row is free only once the record that frees it is on
        disk, everything before it is applied, and nothing was given the row meanwhile."""
        with self._intake:
            self._catch_up()
            self._hand_over()
            fingerprint = int(entry.body["series"], 16)
            row = int(self.parts.index.lookup(np.array([fingerprint], np.uint64))[0])
            rows = [row] if row >= 0 else []
            position = self._append(Control(Kind.FORGET, {**entry.body, "rows": rows})).future.result()
            self._catch_up()
            if rows:
                with self._state, self._ids:
                    self.parts.leave(row)
        return position

    # ------------------------------------------------------------------ the host's thread

    def _durable(self, records: Sequence[Record]) -> None:
        with self._wake:
            self._queue.extend(records)
            self._wake.notify_all()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except BaseException as error:
            log.exception("shard %d stopped", self.number)
            with self._wake:
                self._failure = error
                self._wake.notify_all()
                self._tasks.refuse(f"shard {self.number} has stopped: {error}")

    def _step(self) -> bool:
        with self._wake:
            if not self._queue and not self._tasks and not self._may_learn():
                if self._stop:
                    return False
                if not self._undelivered:
                    self._wake.notify_all()
                self._wake.wait(0.05 if self._undelivered else 0.5)
            record = self._queue.popleft() if self._queue else None
        if record is not None:
            with self._state:
                self._apply(record)
        if self._may_learn():
            self._learn()
        idle = record is None
        late = time.monotonic() - self._delivered_at > HAND_OVER_AFTER_S
        if self._undelivered and (idle or late or len(self._undelivered) >= HAND_OVER_EVENTS):
            self._hand_over()
        self._tasks.run()
        if self.parts.log.failed and not self._stop:
            self.parts.log.prove()
        return True

    def _task(self, action: Callable[[], int]) -> Future[int]:
        """Have the host's thread do something between two records."""
        with self._wake:
            if self._failure is not None or self._stop:
                return refused(f"shard {self.number} has stopped")
            self._wake.notify_all()
            return self._tasks.add(action)

    def _replayed(self, events: Sequence[Any]) -> None:
        self._undelivered.extend(events)

    def _apply(self, record: Record) -> None:
        applied = self.parts.apply(record)
        if self._observe is not None:
            self._observe(applied.observations, self.parts.index.fingerprints())
        if isinstance(record.entry, Samples):
            self._applied_samples += len(record.entry)
        self._undelivered.extend(events_of(self.number, record.position, applied, self.parts.index))
        if isinstance(record.entry, Control) and record.entry.kind == Kind.ASSIGN:
            self.learner.assigned(record.entry)
        self.learner.add(applied.due)

    def _may_learn(self) -> bool:
        """Held series wait for the next start when the host is about to end."""
        return not self._stop and self.learner.ready()

    def _learn(self) -> None:
        for entry in self.learner.run(LEARNING_SLICE_S if self._queue else 2.0):
            rows = [item["row"] for item in entry.body["items"]]
            try:
                with self._intake:
                    ticket = self._append(entry)
            except IntakeUnavailable:
                self.learner.lost(rows)
                return
            ticket.future.add_done_callback(partial(self._assignment_ended, rows))

    def _assignment_ended(self, rows: list[int], done: Future[int]) -> None:
        if done.exception() is not None:
            self.learner.lost(rows)

    def _hand_over(self) -> None:
        events = list(self._undelivered)
        if events:
            self._on_events(
                Events(self.number, self.parts.applied, self.parts.clock_ms, events, self._new_counts())
            )
        del self._undelivered[: len(events)]
        self._delivered_at = time.monotonic()

    def _new_counts(self) -> dict[str, int]:
        """The numbers of series, if they changed since they were told last."""
        total = len(self.parts.index)
        if total == self._counted:
            return {}
        self._counted = total
        return self.parts.tags.by_name()

    def _save(self) -> int:
        with self._intake:
            self._catch_up()
            self._hand_over()
            with self._state:
                if self.parts.applied > self.parts.checkpointed:
                    save(self.parts, self.settings.directory / f"shard-{self.number}")
        return self.parts.checkpointed

    def _catch_up(self) -> None:
        """Apply all that was appended; the intake stands still, so there is an end to it."""
        if self._newest is not None:
            self._newest.exception()
        while self.parts.applied < self.parts.log.last_position:
            with self._wake:
                if not self._queue:
                    self._wake.wait(0.1)
                if not self._queue and self.parts.log.failed:
                    return
                records = list(self._queue)
                self._queue.clear()
            for record in records:
                with self._state:
                    self._apply(record)

    # ------------------------------------------------------------------ from outside

    def status(self) -> ShardStatus:
        parts = self.parts
        return ShardStatus(
            shard=self.number,
            appended=parts.log.last_position,
            applied=parts.applied,
            checkpointed=parts.checkpointed,
            lag_samples=max(self._appended_samples - self._applied_samples, 0),
            series=len(parts.index),
            samples=self._applied_samples,
            late=parts.late,
            duplicate=parts.duplicate,
            conflict=parts.conflict,
            held=self.learner.count,
            tag_values=parts.tags.most,
            time_zones=len(parts.zones),
            declarations=len(parts.shard.rules.declared),
            log_bytes=parts.log.size_bytes,
            state_bytes=parts.shard.bytes,
            clock_ms=parts.clock_ms,
            log_ok=not parts.log.failed and self._failure is None,
        )

    def settled(self) -> bool:
        """Is all that was appended applied, learned from and handed over?"""
        if self._failure is not None:
            raise IntakeUnavailable(f"shard {self.number} has stopped: {self._failure}")
        with self._state:
            return (
                not self._queue
                and self.parts.applied >= self.parts.log.last_position
                and self.learner.count == 0
                and not self._undelivered
            )

    def settle(self, timeout_s: float | None = None) -> None:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.settled():
            if until is not None and time.monotonic() > until:
                raise TimeoutError(f"shard {self.number} did not settle in {timeout_s} s")
            time.sleep(0.002)

    def checkpoint(self) -> None:
        """Raises OSError if the disk refuses; the older checkpoints then stand, and the shard goes on."""
        self._task(self._save).result()

    def close(self) -> None:
        """Apply what is durable, write a checkpoint, end the threads."""
        with self._wake:
            self._stop = True
            self._wake.notify_all()
        self._thread.join()
        try:
            if self._failure is None:
                self._save()
        finally:
            self.parts.log.close()
