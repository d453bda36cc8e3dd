"""What mature buckets teach an estimate, each from the bucket on at whose end it may be used; and how far the
estimate was off in the last of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

LOOKED_BACK = 6
LEAST_CHECKS = 3

Learned = TypeVar("Learned")
Miss = tuple[float, float]
"""Estimate − truth, and the estimate's standard error."""


@dataclass
class Past(Generic[Learned]):
    """``waiting``: by the bucket from which on it may be used, what was learned and the miss; ``misses``: of
    the last buckets that may be used.

    >>> past = Past()
    >>> past.mature(3, "what was learned", (0.5, 0.01))
    >>> list(past.reach(2)), list(past.reach(3)), past.off_by(0.02)
    ([], ['what was learned'], None)
    """

    waiting: dict[int, tuple[Learned, Miss | None]] = field(default_factory=dict)
    misses: deque[Miss] = field(default_factory=lambda: deque(maxlen=LOOKED_BACK))

    def mature(self, usable_from: int, learned: Learned, miss: Miss | None) -> None:
        self.waiting[usable_from] = (learned, miss)

    def reach(self, bucket: int) -> Iterator[Learned]:
        """A bucket is over: what may be used by now, in order."""
        for usable_from in sorted(self.waiting):
            if usable_from > bucket:
                break
            learned, miss = self.waiting.pop(usable_from)
            if miss is not None:
                self.misses.append(miss)
            yield learned

    def off_by(self, tolerated: float) -> float | None:
        """By how much it is typically off, where it missed more often than not: by more than two standard
        errors, and by more than is tolerated."""
        wrong = [error for error, scale in self.misses if abs(error) > max(2 * scale, tolerated)]
        if len(self.misses) >= LEAST_CHECKS and 2 * len(wrong) > len(self.misses):
            return float(np.median(wrong))
        return None
