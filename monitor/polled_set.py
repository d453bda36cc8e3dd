"""All sources of a server, each by itself; the set may change while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from monitor.domain.source import SourceStatus
from monitor.polled import Polled
from monitor.polling import Poller


class Polling:
    """``make``: a poller of what is declared. Thread-safe."""

    def __init__(self, polled: Iterable[Polled], make: Callable[[Polled], Poller]) -> None:
        self._make = make
        self._lock = Lock()
        self._running = False
        self._pollers = {one.name: make(one) for one in polled}

    def __len__(self) -> int:
        return len(self._pollers)

    def start(self) -> None:
        with self._lock:
            self._running = True
            for poller in self._pollers.values():
                poller.start()

    def stop(self) -> None:
        with self._lock:
            self._running = False
            _end(self._pollers.values())

    def replace(self, polled: Iterable[Polled]) -> None:
        """From now on these. What is declared as it was goes on undisturbed; what is not, or is no longer,
        ends after what it is reading, or two seconds."""
        with self._lock:
            fresh = {one.name: one for one in polled}
            kept = {
                name: poller
                for name, poller in self._pollers.items()
                if name in fresh and poller.polled.declared == fresh[name].declared
            }
            _end(poller for name, poller in self._pollers.items() if name not in kept)
            for name in kept:
                fresh[name].source.close()  # it was made for nothing
            self._pollers = {name: kept.get(name) or self._make(one) for name, one in fresh.items()}
            for name, poller in self._pollers.items():
                if self._running and name not in kept:
                    poller.start()

    def statuses(self) -> list[SourceStatus]:
        """By name."""
        pollers = self._pollers
        return [pollers[name].status for name in sorted(pollers)]


def _end(pollers: Iterable[Poller]) -> None:
    ending = list(pollers)
    for poller in ending:
        poller.stop()
    for poller in ending:
        poller.join()
