"""How fast a receiver is sent to: no more than so much a second, and ever less where it does not answer."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

FIRST_S = 1.0
LONGEST_S = 300.0
ASKED_MAX_S = 3_600.0
GIVE_UP_S = 24 * 3_600.0


def wait_s(attempts: int, asked_s: float | None, chance: Callable[[], float]) -> float:
    """Seconds until the next try after ``attempts`` that failed: 1 s doubled each time up to 5 minutes, less
    up to half of it by ``chance`` (0 to 1), so that many do not come back at once. What the receiver
    asked for counts where it is longer, up to an hour.

    >>> [wait_s(n, None, lambda: 0.0) for n in (1, 2, 3, 20)]
    [1.0, 2.0, 4.0, 300.0]
    >>> wait_s(1, 30.0, lambda: 1.0), wait_s(1, 9_999.0, lambda: 1.0)
    (30.0, 3600.0)
    """
    backed_off = min(FIRST_S * 2.0 ** min(attempts - 1, 32), LONGEST_S) * (1.0 - chance() / 2.0)
    return max(backed_off, min(asked_s or 0.0, ASKED_MAX_S))


class Pace:
    """At most ``per_s`` calls a second, ``burst`` of them at once. Thread-safe.

    >>> pace = Pace(2.0, clock_s=lambda: 10.0)
    >>> pace.take(), pace.take(), pace.take()
    (0.0, 0.5, 1.0)
    """

    def __init__(self, per_s: float, clock_s: Callable[[], float], burst: int = 1) -> None:
        self._gap_s = 1.0 / per_s
        self._clock_s = clock_s
        self._slack_s = (burst - 1) * self._gap_s
        self._next_s = float("-inf")
        self._lock = Lock()

    def take(self) -> float:
        """Seconds to wait before the call that this grants."""
        with self._lock:
            now_s = self._clock_s()
            at_s = max(now_s - self._slack_s, self._next_s)
            self._next_s = at_s + self._gap_s
            return max(at_s - now_s, 0.0)
