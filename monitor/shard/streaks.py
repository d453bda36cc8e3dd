"""Runs of equal values and of empty buckets: the length of this one, and the longest, slowly forgotten."""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.runs import NEVER

STREAK_MAX = 32_000


@kernel
def fold(value: float) -> Any:
    """32 bits of a value that differ when values differ (but for one pair in four thousand million)."""
    bits = np.float64(value).view(np.uint64)
    return np.uint32((bits ^ (bits >> np.uint64(32))) & np.uint64(0xFFFFFFFF))


@kernel
def longest(run: int, known: int) -> int:
    """The longest run after one of ``run``: the known one is forgotten by 1/256 a run, `NEVER` stays."""
    if known == NEVER:
        return NEVER
    return max(run, known - (known >> 8))


@kernel
def count_streak(clock: Any, value: float) -> None:
    """Lengths of runs of equal values, and the longest so far, slowly forgotten."""
    bits = fold(value)
    if clock.streak > 0 and bits == clock.last:
        clock.streak = min(clock.streak + 1, STREAK_MAX)
    else:
        if clock.streak > 0:
            clock.run_max = longest(clock.streak, clock.run_max)
        elif clock.streak < 0:
            clock.gap_max = longest(-clock.streak, clock.gap_max)
        clock.streak = 1
    clock.last = bits
