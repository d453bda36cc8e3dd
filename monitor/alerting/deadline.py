"""An end to a conversation with another machine, however slowly it talks."""

from __future__ import annotations

import contextlib
import socket
from threading import Lock, Timer
from types import TracebackType
from typing import Any


class Deadline:
    """Shuts the newest of the sockets it was told of after so many seconds: whoever sends one byte a second
    keeps within every timeout of a single read.

    >>> with socket.socket() as connected, Deadline(10.0) as deadline:
    ...     deadline.watch(connected)
    """

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True
        self._socket: Any = None
        self._lock = Lock()
        self.passed = False

    def watch(self, connected: Any) -> None:
        with self._lock:
            self._socket = connected
        if self.passed:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it has ended by itself
                    self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
