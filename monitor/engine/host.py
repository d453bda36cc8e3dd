"""One shard with all that is its own: log, index, models, history, learning pass, checkpoint.

A record's way: `Intake` finds the rows and appends (the caller's thread); the log's thread writes and syncs a
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
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.catalogue.built import Names
from monitor.domain.anomaly import AnomalyEvent
from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.observation import Observations
from monitor.domain.records import Control, Kind, Record, Samples, Tick
from monitor.engine.base import Events, ShardStatus, Told
from monitor.engine.intake import Intake
from monitor.engine.learner import CHUNK, Learner
from monitor.engine.queries import Queries
from monitor.engine.recovery import recover, save
from monitor.engine.settings import HostSettings
from monitor.engine.tasks import Tasks, refused
from monitor.engine.translate import told_of
from monitor.meta.rolling import undoable
from monitor.shard.assignment import Assignment
from monitor.shard.results import Applied
from monitor.shard.snapshot import state_bytes

log = logging.getLogger(__name__)

LEARNING_SLICE_S = 0.25
HAND_OVER_AFTER_S = 0.2
HAND_OVER_EVENTS = 512
WATCHED_MS = 300_000


class Host:
    """See the module. Thread-safe. ``on_events`` is called on the host's thread, in order, and has kept the
    events when it returns; a checkpoint never covers events that were not handed over. ``given_up`` is asked
    while the shard recovers; once it says yes, IntakeUnavailable is raised."""

    def __init__(
        self,
        number: int,
        settings: HostSettings,
        on_events: Callable[[Events], None],
        observe: Callable[[Observations, NDArray[np.uint64]], None] | None = None,
        given_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._observe = observe
        self.number = number
        self.settings = settings
        self._on_events = on_events
        self._state = threading.Lock()
        self._wake = threading.Condition()
        self._queue: deque[Record] = deque()
        self._undelivered: list[Any] = []
        self._told: list[Told] = []
        self._told_hour = 0
        self._watched = (2**62, -(2**62))
        self._delivered_at = time.monotonic()
        self._stop = False
        self._counted = (-1, 0)
        self._failure: BaseException | None = None
        self._listing: threading.Thread | None = None
        self._tasks = Tasks()
        self.parts = recover(number, settings, self._durable, self._replayed, given_up)
        self.intake = Intake(number, settings, self.parts, self._state)
        self.learner = Learner(self.parts, self._state)
        self.queries = Queries(self.parts, self._state)
        self._hand_over()
        self._thread = threading.Thread(target=self._run, name=f"shard-{number}", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ from outside

    def control(self, entry: Tick | Control) -> Future[int]:
        """Append a control record; done when it is on disk. Repeats of a request id are dropped."""
        if isinstance(entry, Tick):
            return self.intake.tick(entry)
        if entry.kind == Kind.FORGET:
            return self._task(lambda: self._forget(entry))
        if entry.kind == Kind.ASSIGN:
            many = "since_ms" in entry.body
            return self._task(lambda: self._rolled_back(entry) if many else self._told_by_person(entry))
        return self.intake.append(entry).future

    def status(self) -> ShardStatus:
        parts = self.parts
        return ShardStatus(
            shard=self.number,
            appended=parts.log.last_position,
            applied=parts.applied,
            checkpointed=parts.checkpointed,
            lag_samples=self.intake.backlog.samples,
            series=len(parts.index),
            samples=parts.samples,
            late=parts.late,
            duplicate=parts.duplicate,
            conflict=parts.conflict,
            held=self.learner.count,
            tag_values=parts.tags.most,
            time_zones=len(parts.zones),
            declarations=len(parts.shard.rules.declared),
            log_bytes=parts.log.size_bytes,
            state_bytes=state_bytes(parts.shard),
            clock_ms=parts.clock_ms,
            log_ok=not parts.log.failed and self._failure is None,
            lag_bytes=self.intake.backlog.bytes,
            lag_ms=self.intake.backlog.ms,
            trouble=parts.trouble(),
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
                and not self._news()
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
        if self._listing is not None:
            self._listing.join()
        try:
            if self._failure is None:
                self._save()
        finally:
            self.parts.log.close()

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
            self.intake.refuse(error)
            with self._wake:
                self._failure = error
                self._wake.notify_all()
                self._tasks.refuse(f"shard {self.number} has stopped: {error}")

    def _step(self) -> bool:
        with self._wake:
            if not self._queue and not self._tasks and not self._may_learn():
                if self._stop:
                    return False
                if not self._news():
                    self._wake.notify_all()
                self._wake.wait(0.05 if self._news() else 0.5)
            record = self._queue.popleft() if self._queue else None
        if record is not None:
            with self._state:
                self._apply(record)
        if self._may_learn():
            self._learn()
        idle = record is None
        late = time.monotonic() - self._delivered_at > HAND_OVER_AFTER_S
        if self._news() and (idle or late or len(self._undelivered) >= HAND_OVER_EVENTS):
            self._hand_over()
        self._tasks.run()
        self._list_names()
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

    def _replayed(self, events: Sequence[Any], told: Sequence[Told]) -> None:
        self._undelivered.extend(events)
        self._told.extend(told)

    def _apply(self, record: Record) -> None:
        began = time.perf_counter()
        applied = self.parts.apply(record)
        self._account(record, applied, time.perf_counter() - began)
        if isinstance(record.entry, Samples):
            self.intake.backlog.leave(record.entry)
        if self._observe is not None:
            self._observe(applied.observations, self.parts.index.fingerprints())
        self._undelivered.extend(self._events(record.position, applied))
        self._told.extend(told_of(self.number, record))
        if isinstance(record.entry, Control):
            self._heed(record.entry)
        self.learner.add(applied.due)

    def _heed(self, entry: Control) -> None:
        if entry.kind == Kind.ASSIGN:
            self.learner.assigned(entry)
        elif entry.kind == Kind.MUTE and entry.body.get("mute", {}).get("incidents"):
            mute = entry.body["mute"]
            self._watched = (
                min(self._watched[0], mute["start_ms"]),
                max(self._watched[1], mute["end_ms"] + HOUR_MS),
            )

    def _account(self, record: Record, applied: Applied, seconds: float) -> None:
        ledger, shard = self.parts.ledger, self.parts.shard
        ledger.observed(applied.observations, shard.profiles["metric_class"], shard.clocks["final_n"])
        if isinstance(record.entry, Samples):
            ledger.spent("apply", seconds, len(record.entry))
        if applied.switches:
            ledger.switched(applied.switches, self.parts.clock_ms)

    def _events(self, position: int, applied: Applied) -> list[AnomalyEvent]:
        parts = self.parts
        return parts.events(self.number, position, applied)

    def _may_learn(self) -> bool:
        """Held series wait for the next start when the host is about to end."""
        return not self._stop and self.learner.ready()

    def _learn(self) -> None:
        began = time.perf_counter()
        for entry in self.learner.run(LEARNING_SLICE_S if self._queue else 2.0):
            rows = [item["row"] for item in entry.body["items"]]
            self.parts.ledger.spent("learning", time.perf_counter() - began, len(rows))
            try:
                ticket = self.intake.append(entry)
            except IntakeUnavailable:
                self.learner.lost(rows)
                return
            began = time.perf_counter()
            ticket.future.add_done_callback(partial(self._assignment_ended, rows))

    def _assignment_ended(self, rows: list[int], done: Future[int]) -> None:
        if done.exception() is not None:
            self.learner.lost(rows)

    def _news(self) -> bool:
        """Events, records, or an hour of event time gone by, in which incidents end and graphs are due."""
        return bool(self._undelivered or self._told or self._hour() != self._told_hour)

    def _hour(self) -> int:
        """Of event time; minutes of it while a mute that keeps incidents from beginning may end."""
        clock_ms = self.parts.clock_ms
        step_ms = WATCHED_MS if self._watched[0] <= clock_ms < self._watched[1] else HOUR_MS
        return clock_ms // step_ms * step_ms

    def _hand_over(self) -> None:
        events, told, hour = list(self._undelivered), list(self._told), self._hour()
        if self._news():
            clock_ms, counts = self.parts.clock_ms, self._new_counts()
            self._on_events(Events(self.number, self.parts.applied, clock_ms, events, counts, told))
        del self._undelivered[: len(events)]
        del self._told[: len(told)]
        self._told_hour = hour
        self._delivered_at = time.monotonic()

    def _new_counts(self) -> dict[str, int]:
        """The numbers of series, if they changed since they were told last."""
        known = (len(self.parts.index), self.parts.team_counts.version)
        if known == self._counted:
            return {}
        self._counted = known
        with self._state:
            return self.parts.team_counts.by_name(self.parts.tags)

    def _list_names(self) -> None:
        """Have the catalogue of names built where it is time to, on a thread of its own."""
        if self._stop or not self.parts.catalogue.due:
            return
        with self._state:
            self.parts.catalogue.begin()
            names = Names(*self.parts.index.names())
        name = f"names-{self.number}"
        self._listing = threading.Thread(target=self._build_names, args=(names,), name=name, daemon=True)
        self._listing.start()

    def _build_names(self, names: Names) -> None:
        built = None
        try:
            built = self.parts.catalogue.build(names)
        finally:
            with self._state:
                self.parts.catalogue.adopt(built)

    def _save(self) -> int:
        with self.intake.lock:
            self._catch_up()
            self._hand_over()
            with self._state:
                if self.parts.applied > self.parts.checkpointed:
                    save(self.parts, self.settings.directory / f"shard-{self.number}")
        return self.parts.checkpointed

    def _catch_up(self) -> None:
        """Apply all that was appended; the intake stands still, so there is an end to it."""
        self.intake.wait_written()
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

    def _forget(self, entry: Control) -> int:
        """Forget a series between two records: its row is free only once the record that frees it is on
        disk, everything before it is applied, and nothing was given the row meanwhile."""
        with self.intake.lock:
            self._catch_up()
            self._hand_over()
            fingerprint = int(entry.body["series"], 16)
            row = int(self.parts.index.lookup(np.array([fingerprint], np.uint64))[0])
            rows = [row] if row >= 0 else []
            forget = Control(Kind.FORGET, {**entry.body, "rows": rows})
            position = self.intake.append_still(forget).future.result()
            self._catch_up()
            if rows:
                self.intake.leave(row, position)
        return position

    def _told_by_person(self, entry: Control) -> int:
        """Undo the newest change of a series' models, or open its contest again, between two records: as an
        assignment in the log that carries what it restores. 0 for a series that is another shard's."""
        with self.intake.lock:
            self._catch_up()
            row = int(self.parts.index.lookup(np.array([int(entry.body["series"], 16)], np.uint64))[0])
            with self._state:
                assignment = self._word(row, bool(entry.body["pinned"])) if row >= 0 else None
            if assignment is None:
                return 0
            told = Control(Kind.ASSIGN, {"items": [assignment.to_body()]})
            position = self.intake.append_still(told).future.result()
            self._catch_up()
        return position

    def _rolled_back(self, entry: Control) -> int:
        """Undo the newest change of all series that passes changed since a time, or open the contests of
        those for which that was done, in one go between two records."""
        since_ms, family, pinned = entry.body["since_ms"], entry.body["family"], bool(entry.body["pinned"])
        position = 0
        with self.intake.lock:
            self._catch_up()
            with self._state:
                changed = self.parts.journal.since(since_ms)
                wanted = [row for row, one in changed.items() if undoable(one, family, undone=not pinned)]
                words = [self._word(row, pinned) for row in sorted(wanted) if row in self.parts.index]
            items = [one.to_body() for one in words if one is not None]
            for first in range(0, len(items), CHUNK):
                told = Control(Kind.ASSIGN, {"items": items[first : first + CHUNK]})
                position = self.intake.append_still(told).future.result()
            self._catch_up()
        return position

    def _word(self, row: int, pinned: bool) -> Assignment | None:
        former = self.parts.journal.former(row) if pinned else None
        if row >= self.parts.shard.rows or (pinned and former is None):
            return None
        final_n = int(self.parts.shard.clocks["final_n"][row])
        return Assignment(row, final_n, None, pinned, pinned=pinned, former=former)
