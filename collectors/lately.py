"""What was written lately: for how long each key is still awaited, and since when it is known."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Lately(Generic[K]):
    """Keys by the first and last bucket they were written in, forgotten ``memory_ms`` after the last. Some
    200 bytes a key.

    >>> known = Lately[str](memory_ms=10)
    >>> known.wrote("NL", 5); known.wrote("NL", 3)
    >>> [known.awaited("NL", at_ms) for at_ms in (2, 3, 15, 16)]
    [False, True, True, False]
    """

    def __init__(self, memory_ms: int) -> None:
        self._memory_ms = memory_ms
        self._spans: dict[K, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._spans)

    def __iter__(self) -> Iterator[K]:
        """Those known first, first."""
        return iter(self._spans)

    def __contains__(self, key: K) -> bool:
        return key in self._spans

    def wrote(self, key: K, at_ms: int) -> None:
        first, last = self._spans.get(key, (at_ms, at_ms))
        self._spans[key] = min(first, at_ms), max(last, at_ms)

    def first_ms(self, key: K) -> int:
        return self._spans[key][0]

    def awaited(self, key: K, at_ms: int) -> bool:
        first, last = self._spans[key]
        return first <= at_ms <= last + self._memory_ms

    def forget(self, before_ms: int) -> None:
        """Those that are no longer awaited at that time."""
        gone = [key for key, (_, last) in self._spans.items() if last + self._memory_ms < before_ms]
        for key in gone:
            del self._spans[key]
