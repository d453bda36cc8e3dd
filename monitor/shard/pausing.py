"""Does learning stand still in a bucket? Asked of each final bucket; nothing where nobody asked for it.

A row has one bit for each pause that selects it, a pause has spans of event time in order, none touching
another (`monitor.shard.pauses`). A bucket that a span touches teaches nothing, so the first one that lies
wholly behind its end teaches again.
"""

from __future__ import annotations

from typing import Any

from learners.compiled import kernel
from monitor.shard.state import pause_at, paused_at, span_at


@kernel
def paused(s: Any, row: int, from_ms: int, until_ms: int) -> bool:
    """Does a pause of the row touch [from, until)? O(its pauses × log of their spans)."""
    if s.n_pauses == 0:
        return False
    mask = paused_at(s, row).mask
    bit = 0
    while mask != 0:
        if mask & 1 and _touched(s, bit, from_ms, until_ms):
            return True
        mask >>= 1
        bit += 1
    return False


@kernel
def _touched(s: Any, bit: int, from_ms: int, until_ms: int) -> bool:
    """Does a span of the pause end after ``from_ms`` and begin before ``until_ms``?"""
    low, high = pause_at(s, bit).first, pause_at(s, bit).end
    last = high
    while low < high:
        middle = (low + high) // 2
        if span_at(s, middle).until_ms <= from_ms:
            low = middle + 1
        else:
            high = middle
    return bool(low < last and span_at(s, low).from_ms < until_ms)
