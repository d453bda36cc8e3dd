"""The other end of the pipe: a process that runs one shard and answers the server.

The thread that reads the pipe never waits for the host, since the host waits for what comes through it:
after its events it waits for the word that they are kept.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Event, Lock, Thread
from typing import Any

from monitor.domain.batch import Mode
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.records import Control, Kind, Tick
from monitor.engine.base import Accepted, Events
from monitor.engine.host import Host
from monitor.engine.settings import HostSettings
from monitor.engine.wire import EVENTS, READY, error_out, events_out, pack, unpack

IN_ORDER = frozenset({"submit", "control", "close"})


def run(pipe: Connection, number: int, settings: HostSettings) -> None:
    """Serve one shard until told to close. When the server is gone, so is this process, at once: what it
    had acknowledged is in the log, and the next server must find the log free."""
    for told_to_all in (signal.SIGINT, signal.SIGTERM):  # the server is told too, and closes its shards
        signal.signal(told_to_all, signal.SIG_IGN)
    worker = _Worker(pipe)
    Thread(target=worker.read, name="pipe", daemon=True).start()
    try:
        worker.host = host = Host(number, settings, worker.hand_over)
    except BaseException as error:
        worker.answer(READY, error=error)
        raise
    worker.answer(READY)
    worker.serve(host)


class _Worker:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sending = Lock()
        self._kept = Event()
        self._orders: SimpleQueue[tuple[int, str, dict[str, Any]]] = SimpleQueue()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="question")
        self.host: Host | None = None

    def read(self) -> None:
        """Take messages from the pipe until the server is gone."""
        try:
            while True:
                number, question, arguments = unpack(self._pipe.recv_bytes())
                if question == "kept":
                    self._kept.set()
                elif question in IN_ORDER:
                    self._orders.put((number, question, arguments))
                else:
                    self._pool.submit(self._reply, number, question, arguments)
        except (EOFError, OSError):
            os._exit(1)

    def serve(self, host: Host) -> None:
        """Do what is to be done in the order it came, until told to close."""
        while True:
            number, question, arguments = self._orders.get()
            if question == "submit":
                self._submit(host, number, arguments)
            elif question == "control":
                self._control(host, number, arguments)
            else:
                self._close(host, number)
                return

    def _close(self, host: Host, number: int) -> None:
        try:
            host.close()
        except Exception as error:
            self.answer(number, error=error)
            raise
        self.answer(number)

    def _control(self, host: Host, number: int, arguments: dict[str, Any]) -> None:
        try:
            future = host.control(_entry(arguments))
        except Exception as error:
            self.answer(number, error=error)
            return
        self._when_done(number, future)

    def _submit(self, host: Host, number: int, arguments: dict[str, Any]) -> None:
        arguments["mode"] = Mode(arguments["mode"])
        self._when_done(number, host.intake.submit(**arguments))

    def _when_done(self, number: int, future: Future[Any]) -> None:
        def done(ended: Future[Any]) -> None:
            error = ended.exception()
            if error is not None:
                self.answer(number, error=error)
                return
            result = ended.result()
            self.answer(number, asdict(result) if isinstance(result, Accepted) else result)

        future.add_done_callback(done)

    def _reply(self, number: int, question: str, arguments: dict[str, Any]) -> None:
        try:
            host = self._ready_host()
            if question == "status":
                self.answer(number, asdict(host.status()))
            elif question == "settle":
                host.settle(arguments["timeout_s"])
                self.answer(number)
            elif question == "checkpoint":
                host.checkpoint()
                self.answer(number)
            else:
                self.answer(number, getattr(host.queries, question)(**arguments))
        except BaseException as error:
            self.answer(number, error=error)

    def _ready_host(self) -> Host:
        if self.host is None:
            raise IntakeUnavailable("the shard is recovering")
        return self.host

    def answer(self, number: int, result: Any = None, error: BaseException | None = None) -> None:
        self._send([number, None if error is None else error_out(error), result])

    def hand_over(self, events: Events) -> None:
        """Return when the server has kept the events."""
        self._kept.clear()
        self._send([EVENTS, None, events_out(events)])
        self._kept.wait()

    def _send(self, message: Any) -> None:
        data = pack(message)
        try:
            with self._sending:
                self._pipe.send_bytes(data)
        except OSError:
            os._exit(1)


def _entry(arguments: dict[str, Any]) -> Tick | Control:
    if arguments["tick"]:
        return Tick(arguments["ts_ms"], arguments["complete"], arguments["request_id"])
    return Control(Kind(arguments["kind"]), arguments["body"])
