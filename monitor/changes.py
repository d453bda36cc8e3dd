"""Changes as they happen, handed to any number of readers on any number of event loops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from threading import Lock

from monitor.domain.incident import IncidentChange

_QUEUE_MAX = 1_000


class Watchers:
    """Hands each change to every reader, each on its own event loop and with its own short queue."""

    def __init__(self) -> None:
        self._queues: dict[asyncio.Queue[IncidentChange | None], asyncio.AbstractEventLoop] = {}
        self._lock = Lock()
        self._ended = False

    def __len__(self) -> int:
        return len(self._queues)

    def tell(self, change: IncidentChange | None) -> None:
        with self._lock:
            queues = list(self._queues.items())
        for queue, loop in queues:
            try:
                loop.call_soon_threadsafe(self._offer, queue, change)
            except RuntimeError:  # that loop has closed
                self._leave(queue)

    def end(self) -> None:
        self._ended = True
        self.tell(None)

    async def follow(self) -> AsyncIterator[IncidentChange]:
        queue: asyncio.Queue[IncidentChange | None] = asyncio.Queue(_QUEUE_MAX)
        with self._lock:
            self._queues[queue] = asyncio.get_running_loop()
        try:
            while not self._ended and (change := await queue.get()) is not None:
                yield change
        finally:
            self._leave(queue)

    def _offer(self, queue: asyncio.Queue[IncidentChange | None], change: IncidentChange | None) -> None:
        if queue.full() or change is None:
            while not queue.empty():
                queue.get_nowait()
            queue.put_nowait(None)
            self._leave(queue)
        else:
            queue.put_nowait(change)

    def _leave(self, queue: asyncio.Queue[IncidentChange | None]) -> None:
        with self._lock:
            self._queues.pop(queue, None)
