"""Shards in processes of their own, one a core, spoken to over pipes: the default on one machine."""

from __future__ import annotations

import atexit
import itertools
import logging
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

from monitor.domain.batch import Mode, SampleBatch
from monitor.domain.errors import IntakeUnavailable, WatchkeeperError
from monitor.domain.records import Control, Tick
from monitor.engine import fork_server
from monitor.engine.base import Accepted, Events, ShardStatus
from monitor.engine.settings import HostSettings
from monitor.engine.split import all_accepted, all_done, split
from monitor.engine.wire import EVENTS, READY, error_in, events_in, pack, unpack

log = logging.getLogger(__name__)

ASK_S = 60.0
START_S = 3_600.0


class ProcessEngine:
    """``shards`` worker processes. A worker that dies ends its requests with IntakeUnavailable; its status
    says ``log_ok`` false, and what it had acknowledged comes back with the next start."""

    def __init__(self, shards: int, settings: HostSettings) -> None:
        self._settings = settings
        self._count = shards
        self._workers: list[_Remote] = []
        self._events: SimpleQueue[tuple[_Remote, Events] | None] = SimpleQueue()
        self._starting = Lock()
        self._closed = False

    @property
    def shards(self) -> int:
        return self._count

    def start(self, on_events: Callable[[Events], None], since: Mapping[int, int]) -> None:
        with self._starting:
            if self._closed:
                raise IntakeUnavailable("the shards are closed")
            events: SimpleQueue[tuple[_Remote, Events] | None] = SimpleQueue()
            self._events = events
            self._keeper = Thread(target=self._keep, args=(on_events,), name="events", daemon=True)
            self._keeper.start()
            self._workers = [_Remote(number, self._settings, events) for number in range(self._count)]
        for worker in list(self._workers):
            worker.wait_ready()

    def _keep(self, on_events: Callable[[Events], None]) -> None:
        """Hand over the events of all workers, one batch at a time, and tell the worker they are kept."""
        while (found := self._events.get()) is not None:
            worker, events = found
            try:
                on_events(events)
            except Exception:
                log.exception("events of shard %d could not be kept; its process ends", events.shard)
                worker.kill(f"events of shard {events.shard} could not be kept")
                continue
            worker.kept()

    def submit(
        self, batch: SampleBatch, *, mode: Mode, arrival_ms: int, request_id: bytes = b""
    ) -> Future[Accepted]:
        clock_ms = int(batch.ts_ms.max(initial=0))
        futures = []
        for part in split(batch, self._count):
            arguments = {
                "fingerprint": part.fingerprint,
                "ts_ms": part.ts_ms,
                "value": part.value,
                "n": part.n,
                "identities": part.identities,
                "mode": mode.value,
                "arrival_ms": arrival_ms,
                "clock_ms": clock_ms,
                "request_id": request_id,
            }
            futures.append(self._workers[part.shard].call("submit", arguments, _accepted))
        return all_accepted(futures)

    def control(self, entry: Tick | Control) -> Future[None]:
        if isinstance(entry, Tick):
            arguments: dict[str, Any] = {
                "tick": True,
                "ts_ms": entry.ts_ms,
                "complete": entry.complete,
                "request_id": entry.request_id,
            }
        else:
            arguments = {"tick": False, "kind": int(entry.kind), "body": entry.body}
        return all_done([worker.call("control", arguments) for worker in self._workers])

    def ask(self, shard: int, question: str, **arguments: Any) -> Any:
        return self._workers[shard].call(question, arguments).result(ASK_S)

    def status(self) -> list[ShardStatus]:
        return [worker.status() for worker in self._workers]

    def settle(self, timeout_s: float | None = None) -> None:
        waiting = [worker.call("settle", {"timeout_s": timeout_s}) for worker in self._workers]
        for future in waiting:
            future.result()

    def checkpoint(self) -> None:
        for future in [worker.call("checkpoint", {}) for worker in self._workers]:
            future.result()

    def close(self) -> None:
        with self._starting:
            self._closed = True
            for worker in self._workers:
                worker.give_up()
            for worker in self._workers:
                worker.close()
            self._workers = []
            self._events.put(None)


def _accepted(plain: dict[str, Any]) -> Accepted:
    return Accepted(**plain)


class _Remote:
    """One worker process as this side sees it: numbered questions, and a thread that reads the answers."""

    def __init__(
        self, number: int, settings: HostSettings, events: SimpleQueue[tuple[_Remote, Events] | None]
    ) -> None:
        self._number = number
        self._events = events
        self._numbers = itertools.count(1)
        self._waiting: dict[int, tuple[Future[Any], Callable[[Any], Any] | None]] = {}
        self._lock = Lock()
        self._sending = Lock()
        self._dead = ""
        self._last: ShardStatus | None = None
        self._ready: Future[Any] = Future()
        self._waiting[READY] = (self._ready, None)
        ours, theirs = multiprocessing.Pipe(duplex=True)
        self._pipe: Connection = ours
        self._process = fork_server.process(fork_server.shard, f"shard-{number}", theirs, number, settings)
        self._process.start()
        atexit.register(self._process.kill)  # before multiprocessing waits for one that ignores SIGTERM
        theirs.close()
        self._reader = Thread(target=self._read, name=f"shard-{number}-answers", daemon=True)
        self._reader.start()

    def wait_ready(self) -> None:
        """Return when the shard has recovered; raises what kept it from it."""
        self._ready.result(START_S)

    def call(
        self, question: str, arguments: dict[str, Any], convert: Callable[[Any], Any] | None = None
    ) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            if self._dead:
                future.set_exception(IntakeUnavailable(self._dead))
                return future
            number = next(self._numbers)
            self._waiting[number] = (future, convert)
        try:
            self._send([number, question, arguments])
        except OSError:
            self._end(f"shard {self._number} has ended")
        return future

    def _send(self, message: Any) -> None:
        data = pack(message)
        with self._sending:
            self._pipe.send_bytes(data)

    def _read(self) -> None:
        try:
            while True:
                number, error, result = unpack(self._pipe.recv_bytes())
                if number == EVENTS:
                    self._events.put((self, events_in(result)))
                    continue
                with self._lock:
                    future, convert = self._waiting.pop(number)
                if error is not None:
                    future.set_exception(error_in(error))
                else:
                    future.set_result(convert(result) if convert is not None else result)
        except (EOFError, OSError):
            self._end(f"shard {self._number} has ended")
        except Exception as error:
            self.kill(f"shard {self._number} is cut off: {error}")

    def kept(self) -> None:
        """Tell the worker that its events are kept."""
        with suppress(OSError):
            self._send([0, "kept", {}])

    def kill(self, why: str) -> None:
        """End the process; what it had acknowledged comes back with the next start."""
        self._end(why)
        self._process.kill()

    def _end(self, why: str) -> None:
        with self._lock:
            self._dead = self._dead or why
            waiting, self._waiting = list(self._waiting.values()), {}
        for future, _ in waiting:
            if not future.done():
                future.set_exception(IntakeUnavailable(why))

    def status(self) -> ShardStatus:
        try:
            plain = self.call("status", {}).result(ASK_S)
            self._last = ShardStatus(**{**plain, "trouble": tuple(plain["trouble"])})
        except (WatchkeeperError, TimeoutError):
            if self._last is None:
                self._last = ShardStatus(self._number, log_ok=False)
            kept = {name: getattr(self._last, name) for name in ShardStatus.__slots__}
            self._last = ShardStatus(**{**kept, "log_ok": False})
        return self._last

    def give_up(self) -> None:
        """End a process that still recovers: it has only read."""
        if not self._ready.done():
            self.kill(f"the recovery of shard {self._number} was given up")

    def close(self) -> None:
        if not self._dead:
            self.call("close", {}).exception(ASK_S)
        self._process.join(5.0)
        if self._process.is_alive():
            self._process.kill()
        atexit.unregister(self._process.kill)
        self._pipe.close()
        self._reader.join(5.0)
