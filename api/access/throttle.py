"""How often something may be tried."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

_KEYS_MAX = 10_000


class Throttle:
    """``most`` tries a minute for each key; the clock is in seconds. Of more than 10,000 keys the ones tried
    longest ago are forgotten.

    >>> now = [0.0]
    >>> throttle = Throttle(2, lambda: now[0])
    >>> [throttle.wait_s("ann") for _ in range(3)]
    [0, 0, 60]
    >>> now[0] = 59.5
    >>> throttle.wait_s("ann"), throttle.wait_s("bob")
    (1, 0)
    """

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def wait_s(self, key: Hashable) -> int:
        """0, and the try counts; or how many seconds to wait."""
        now = self._clock()
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        while len(self._tries) > _KEYS_MAX:
            self._tries.popitem(last=False)
        while tries and tries[0] <= now - 60:
            tries.popleft()
        if len(tries) >= self._most:
            return max(1, int(tries[0] + 60 - now + 0.999))
        tries.append(now)
        return 0
