"""The other end of the pipe: a process that runs one shard and answers the server."""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from multiprocessing.connection import Connection
from threading import Event, Lock
from typing import Any

from monitor.domain.batch import Mode
from monitor.domain.records import Control, Kind, Tick
from monitor.engine.base import Accepted, Events
from monitor.engine.host import Host, HostSettings
from monitor.engine.wire import error_out, events_out, pack, unpack

READY = 0
EVENTS = -1


def run(pipe: Connection, number: int, settings: HostSettings) -> None:
    """Serve one shard until the pipe closes. When the server is gone, so is this process, at once: what it
    had acknowledged is in the log, and the next server must find the log free."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = _Worker(pipe)
    try:
        worker.host = host = Host(number, settings, worker.hand_over)
    except BaseException as error:
        worker.answer(READY, error=error)
        raise
    worker.answer(READY)
    try:
        worker.serve(host)
    except (EOFError, OSError):
        os._exit(1)


class _Worker:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._sending = Lock()
        self._kept = Event()
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="question")
        self.host: Host | None = None

    def serve(self, host: Host) -> None:
        while True:
            number, question, arguments = unpack(self._pipe.recv_bytes())
            if question == "close":
                host.close()
                self.answer(number)
                return
            if question == "kept":
                self._kept.set()
            elif question == "submit":
                self._submit(host, number, arguments)
            elif question == "control":
                self._when_done(number, host.control(_entry(arguments)))
            else:
                self._pool.submit(self._reply, host, number, question, arguments)

    def _submit(self, host: Host, number: int, arguments: dict[str, Any]) -> None:
        arguments["mode"] = Mode(arguments["mode"])
        self._when_done(number, host.submit(**arguments))

    def _when_done(self, number: int, future: Future[Any]) -> None:
        def done(ended: Future[Any]) -> None:
            error = ended.exception()
            if error is not None:
                self.answer(number, error=error)
                return
            result = ended.result()
            self.answer(number, asdict(result) if isinstance(result, Accepted) else result)

        future.add_done_callback(done)

    def _reply(self, host: Host, number: int, question: str, arguments: dict[str, Any]) -> None:
        try:
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
