"""How many requests may run at once, and how many may wait beside them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from api.problems import unavailable
from monitor.telemetry import LimitBook


class Turnstile:
    """Lets ``running`` requests work and ``waiting`` more send their bodies or queue; the next one
    is answered 503. For one event loop."""

    def __init__(self, running: int, waiting: int, book: LimitBook) -> None:
        self._running = asyncio.Semaphore(running)
        self._most = running + waiting
        self._book = book
        self._inside = 0
        self._working = 0
        book.enter("http.running_requests", running, used=lambda: self._working)
        book.enter("http.waiting_requests", waiting, used=lambda: self._inside - self._working)

    @contextmanager
    def entry(self) -> Iterator[Entry]:
        """A place among all requests."""
        if self._inside >= self._most:
            self._book.hit("http.waiting_requests")
            raise unavailable(f"{self._inside} requests are under way", kind="overloaded")
        self._inside += 1
        try:
            yield Entry(self)
        finally:
            self._inside -= 1

    @asynccontextmanager
    async def work(self) -> AsyncIterator[None]:
        if self._running.locked():
            self._book.hit("http.running_requests")
        async with self._running:
            self._working += 1
            try:
                yield
            finally:
                self._working -= 1


class Entry:
    """A request inside the turnstile."""

    def __init__(self, turnstile: Turnstile) -> None:
        self._turnstile = turnstile

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A place among those that run, waited for."""
        async with self._turnstile.work():
            yield
