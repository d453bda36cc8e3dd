"""What a host's thread is asked to do between two records."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future

from monitor.domain.errors import IntakeUnavailable, WatchkeeperError

log = logging.getLogger(__name__)


class Tasks:
    """Actions in the order they came, each with a future of its own. The owner guards `add` and `refuse`
    with its lock; `run` is called by one thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], int], Future[int]]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, action: Callable[[], int]) -> Future[int]:
        done: Future[int] = Future()
        self._waiting.append((action, done))
        return done

    def run(self) -> None:
        """Do all that waits. One that fails (a full disk, say) ends its own future only."""
        while self._waiting:
            action, done = self._waiting.popleft()
            try:
                done.set_result(action())
            except (OSError, WatchkeeperError) as error:
                log.error("%s", error)
                done.set_exception(error)
            except BaseException as error:
                done.set_exception(error)
                raise

    def refuse(self, why: str) -> None:
        """Nothing will be done any more."""
        while self._waiting:
            self._waiting.popleft()[1].set_exception(IntakeUnavailable(why))


def refused(why: str) -> Future[int]:
    """The future of a task that was not taken."""
    done: Future[int] = Future()
    done.set_exception(IntakeUnavailable(why))
    return done
