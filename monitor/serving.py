"""Served models beside the shards: a log of their own, one state, and its final values as ordinary samples.

A batch is acknowledged when its record is on disk (`monitor.intake.log`); one thread applies records in
order, and what becomes final by a record is handed to the intake before the next is applied, under a request
id made of the record's position. So what a crash makes it do again changes nothing: the same record tells the
same samples. A checkpoint stands between two records (docs/adr/0027).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.declared import Declared
from monitor.domain.errors import IntakeUnavailable, NotFound, Overloaded, Refused, WatchkeeperError
from monitor.domain.records import Control, Kind, Record, Tick
from monitor.domain.series import Identity
from monitor.domain.served import DECLARATIONS, METRIC, ModelSettings
from monitor.engine.base import Accepted
from monitor.intake.log import Log
from monitor.served import columns, view
from monitor.served.closing import Told
from monitor.serving_files import ServingFiles

log = logging.getLogger(__name__)

WAITING_ROWS_MAX = 4_000_000
UNSEALED_ROWS = 1_000_000
"""Rows that only memory has; a checkpoint is written beyond."""
_RETRY_S = 1.0
_DECLARED_S = 10.0
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")

Submit = Callable[[SampleBatch, Mode, bytes], Future[Accepted]]


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows on disk. ``repeated``: the request was here before, and nothing was done."""

    accepted: int
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the Monitor does for served models: takes samples, tells declarations and makes them."""

    submit: Submit
    declarations: Callable[[], Mapping[str, Mapping[str, Any]]]
    declare: Callable[[str, Mapping[str, Any]], None]
    now_ms: Callable[[], int]


class Serving:
    """See the module. Thread-safe. ``bytes_max``: of the rows that wait for their outcome, on disk."""

    def __init__(self, folder: Path, bytes_max: int, hooks: Hooks, segment_bytes: int = 128 << 20) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._hooks = hooks
        self._segment_bytes = segment_bytes
        self._turn = threading.Lock()  # held while a record is applied and its samples are handed over
        self._state_lock = threading.Lock()  # inside it: held while the state is read or changed
        self._ids = threading.Lock()
        self._in_flight: dict[bytes, Future[Taken]] = {}
        self._changed = threading.Condition()
        self._queue: deque[Record] = deque()
        self._waiting_rows = 0
        self._stopping = False
        self._failure = ""
        self._thread: threading.Thread | None = None
        self._known: set[str] = set()

    # -- life -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Load the newest whole checkpoint and replay the log after it; then take batches."""
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        self._files = ServingFiles(self._folder, self._bytes_max)
        self._state, self._remembered, self._position = self._files.load()
        self._saved = self._position
        self._log = Log(
            self._folder / "log",
            segment_bytes=self._segment_bytes,
            after=self._position,
            on_durable=self._enqueue,
        )
        for record in self._log.read(self._position + 1):
            self._enqueue([record])
        self._queued = self._log.last_position
        self._thread = threading.Thread(target=self._run, name="served-models", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Apply what is queued, write a checkpoint, let go of the files. What cannot be handed over now is
        when the server starts again."""
        if self._thread is None:
            return
        self._log.close()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()
        self._thread = None
        if not self._failure and not self._queue:
            self._checkpoint()

    def settle(self, timeout_s: float | None = None) -> None:
        """Wait until all that was acknowledged is applied and handed over. Raises IntakeUnavailable where
        that takes longer; the work goes on."""
        wanted = self._log.last_position  # acknowledged a moment before it is queued
        with self._changed:
            if not self._changed.wait_for(
                lambda: self._failure or (self._queued >= wanted and not self._queue), timeout_s
            ):
                raise IntakeUnavailable(f"{self._waiting_rows} rows of served models wait to be counted")

    def checkpoint(self) -> None:
        with self._turn:
            self._checkpoint()

    def checkpoint_if_needed(self) -> None:
        """A checkpoint, if any record came since the last one."""
        if self._thread is not None and not self._failure and self._position != self._saved:
            self.checkpoint()

    @property
    def failure(self) -> str:
        """Why nothing is taken any more; empty while all is well."""
        return self._failure or (self._log.failure or "" if self._thread is not None else "")

    # -- telling ----------------------------------------------------------------------------------

    def predictions(self, batch: pa.RecordBatch, mode: Mode, request_id: bytes = b"") -> Future[Taken]:
        """Append a batch of checked columns (`monitor.served.columns`); done when it is on disk."""
        return self._append(Kind.PREDICTIONS, batch, mode, request_id)

    def outcomes(self, batch: pa.RecordBatch, mode: Mode, request_id: bytes = b"") -> Future[Taken]:
        return self._append(Kind.OUTCOMES, batch, mode, request_id)

    def declare(self, name: str, settings: ModelSettings) -> None:
        """Say what a model is; on disk, and in force, when this returns."""
        body = {"name": name, "settings": settings.to_body()}
        position = self._log.append(Control(Kind.MODEL, body)).future.result()
        with self._changed:
            self._changed.wait_for(lambda: self._position >= position or self._failure, _DECLARED_S)

    def complete(self, until_ms: int) -> Future[int]:
        """A backfill has ended; done when that is on disk, and `settle` when it had its effect."""
        return self._log.append(Tick(until_ms, complete=True)).future

    def tick(self) -> None:
        """The wall clock goes on: buckets become final by it although nothing comes."""
        now_ms = self._hooks.now_ms()
        if self._thread is None or self._failure:
            return
        with self._state_lock:
            due = self._state.due(now_ms)
        if due:
            self._log.append(Tick(now_ms))

    def _append(self, kind: Kind, batch: pa.RecordBatch, mode: Mode, request_id: bytes) -> Future[Taken]:
        answer: Future[Taken] = Future()
        if self._thread is None or self._failure:
            raise IntakeUnavailable(f"served models have stopped: {self._failure}")
        if self._waiting_rows > WAITING_ROWS_MAX:
            raise Overloaded(f"{self._waiting_rows} rows wait to be counted")
        with self._ids:
            if request_id and (under_way := self._in_flight.get(request_id)) is not None:
                return under_way
            if request_id and self._remembered.seen(request_id) is not None:
                answer.set_result(Taken(batch.num_rows, repeated=True))
                return answer
            if request_id:
                self._in_flight[request_id] = answer
        now_ms = self._hooks.now_ms()
        body = {
            "batch": _packed(batch),
            "rows": batch.num_rows,
            "live": mode is Mode.LIVE,
            "arrival_ms": now_ms,
            "request_id": request_id,
        }
        try:
            ticket = self._log.append(Control(kind, body))
        except BaseException as error:
            self._ended(request_id, answer, error, None, now_ms, 0)
            return answer
        ticket.future.add_done_callback(
            lambda done: self._ended(
                request_id, answer, done.exception(), ticket.position, now_ms, batch.num_rows
            )
        )
        return answer

    def _ended(
        self,
        request_id: bytes,
        answer: Future[Taken],
        error: BaseException | None,
        position: int | None,
        arrival_ms: int,
        rows: int,
    ) -> None:
        with self._ids:
            self._in_flight.pop(request_id, None)
            if error is None and position is not None:
                self._remembered.add(request_id, position, arrival_ms)
        if error is None:
            answer.set_result(Taken(rows))
        else:
            answer.set_exception(error)

    # -- asking -----------------------------------------------------------------------------------

    def models(self) -> list[dict[str, Any]]:
        """Models by name, with what is newest of each."""
        with self._state_lock:
            known = sorted(self._state.models.items())
            return [view.summary(model) for _, model in known if model.versions]

    def model(
        self, name: str, version: str | None = None, segment: str | None = None, limit: int = 48
    ) -> dict[str, Any]:
        """One model (`monitor.served.view.detail`). Raises NotFound."""
        with self._state_lock:
            model = self._state.models.get(name)
            if model is None or not model.versions:
                raise NotFound("no such model")
            return view.detail(model, version, segment, limit)

    def settings(self, name: str) -> ModelSettings:
        """What holds of a model, known or not."""
        with self._state_lock:
            model = self._state.models.get(name)
            return model.settings if model is not None else self._state.settings.get(name, ModelSettings())

    def usage(self) -> dict[str, int]:
        """Rows that wait and their bytes, and of how many each stands (1: all are kept)."""
        with self._state_lock:
            state = self._state
            rows = len(state.pending) + len(state.orphans)
            nbytes = state.pending.nbytes + state.orphans.nbytes
            return {"rows": rows, "bytes": nbytes, "one_in": 1 << state.level}

    # -- applying ---------------------------------------------------------------------------------

    def _enqueue(self, records: Sequence[Record]) -> None:
        with self._changed:
            self._queue.extend(records)
            self._queued = records[-1].position
            self._waiting_rows += sum(map(_rows, records))
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue or self._stopping)
                if not self._queue:
                    return
                record = self._queue[0]
            try:
                with self._turn:
                    self._apply(record)
                    if self._state.pending.unsealed > UNSEALED_ROWS:
                        self._checkpoint()
            except _Stopped:
                return
            except Exception as error:
                log.exception("served models stop at record %d", record.position)
                with self._changed:
                    self._failure = str(error) or type(error).__name__
                    self._changed.notify_all()
                return
            with self._changed:
                self._queue.popleft()
                self._waiting_rows -= _rows(record)
                self._changed.notify_all()

    def _apply(self, record: Record) -> None:
        with self._state_lock:
            self._change(record)
            told = list(self._state.finals())
        if told:
            self._hand_over(told, record.position)
        self._position = record.position

    def _change(self, record: Record) -> None:
        entry = record.entry
        if isinstance(entry, Tick):
            (self._state.complete if entry.complete else self._state.advance)(entry.ts_ms)
        elif isinstance(entry, Control) and entry.kind is Kind.MODEL:
            self._state.declare(entry.body["name"], ModelSettings.from_body(entry.body["settings"]))
        elif isinstance(entry, Control):
            self._count(entry.kind, entry.body, record.position)

    def _count(self, kind: Kind, body: Mapping[str, Any], position: int) -> None:
        arrival_ms = body["arrival_ms"] if body["live"] else None
        with self._ids:
            if self._remembered.seen(body["request_id"]) is None:
                self._remembered.add(body["request_id"], position, body["arrival_ms"])
        batch = _unpacked(body["batch"])
        if kind is Kind.PREDICTIONS:
            self._state.predictions(columns.predictions(batch), arrival_ms)
        elif kind is Kind.OUTCOMES:
            self._state.outcomes(columns.outcomes(batch), arrival_ms)

    def _hand_over(self, told: Sequence[Told], position: int) -> None:
        """As a backfill: these series are told of late, and time alone says nothing of them."""
        self._declare({one.metric for one in told} - self._known)
        batch = _samples(told)
        request_id = hashlib.blake2b(b"served %d" % position, digest_size=16).digest()
        while True:
            try:
                self._hooks.submit(batch, Mode.BACKFILL, request_id).result()
                return
            except WatchkeeperError as error:
                if not error.retry:
                    raise
                with self._changed:
                    if self._changed.wait_for(lambda: self._stopping, _RETRY_S):
                        raise _Stopped from error

    def _declare(self, metrics: Iterable[str]) -> None:
        """What is said of these metrics where nobody has said anything."""
        for metric in sorted(metrics):
            try:
                if Declared(self._hooks.declarations()).holding(metric) is None:
                    self._hooks.declare(metric, DECLARATIONS[metric.removeprefix(METRIC)])
            except Refused as error:
                log.warning("%s stays undeclared: %s", metric, error)
            except IntakeUnavailable:
                return
            self._known.add(metric)

    def _checkpoint(self) -> None:
        """The caller holds the turn, or the thread has ended."""
        with self._state_lock, self._ids:
            self._files.save(self._state, self._remembered, self._position)
            self._saved = self._position
        self._log.drop_before(self._files.oldest + 1)


class _Stopped(Exception):
    """The server stops while samples wait to be handed over; the next start does it again."""


@lru_cache(maxsize=65_536)
def _named(metric: str, tags: tuple[tuple[str, str], ...]) -> tuple[int, bytes]:
    """Fingerprint and canonical text of a series."""
    identity = Identity(metric, tags)
    return identity.fingerprint(), identity.canonical()


def _samples(told: Sequence[Told]) -> SampleBatch:
    named = [_named(one.metric, one.tags) for one in told]
    identities = dict(named)
    prints = np.array([number for number, _ in named], np.uint64)
    return SampleBatch(
        prints,
        np.array([one.ts_ms for one in told], np.int64),
        np.array([one.value for one in told], np.float64),
        np.array([one.n for one in told], np.float64),
        identities,
    )


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=_LZ4) as writer:
        writer.write_batch(batch)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def _unpacked(packed: bytes) -> pa.RecordBatch:
    with pa.ipc.open_stream(pa.py_buffer(packed)) as reader:
        return reader.read_next_batch()


def _rows(record: Record) -> int:
    """Rows of a record; one of any other, so that it is waited for too."""
    entry = record.entry
    return max(int(entry.body.get("rows", 1)), 1) if isinstance(entry, Control) else 1
