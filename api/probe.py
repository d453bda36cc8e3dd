"""A blocking question asked from the event loop, that never waits long and never piles up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Probe(Generic[T]):
    """Asks ``question`` on a thread; after ``patience_s`` the answer is ``otherwise``. While one
    asking hangs, no second one is begun, so a dead engine costs one thread."""

    def __init__(self, question: Callable[[], T], otherwise: T, patience_s: float = 5.0) -> None:
        self._question = question
        self._otherwise = otherwise
        self._patience_s = patience_s
        self._asking: Future[T] | None = None

    async def ask(self) -> T:
        if self._asking is None or self._asking.done():
            self._asking = self._begin()
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(self._asking)), self._patience_s)
        except TimeoutError:
            return self._otherwise

    def _begin(self) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(self._question())
            except BaseException as error:
                future.set_exception(error)

        Thread(target=run, name="probe", daemon=True).start()
        return future
