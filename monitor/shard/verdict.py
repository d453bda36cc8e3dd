"""Which kind of anomaly a value makes, whether anybody wants to know, and what is said where labels keep it
quiet."""

from __future__ import annotations

from typing import Any

from learners.compiled import kernel
from monitor.shard.episodes import reveal
from monitor.shard.state import (
    ANOMALY,
    DIP,
    FLAT_LINE,
    QUIETED,
    SHIFTED,
    SPIKE,
    common_at,
    episode_at,
)


@kernel
def kind_and_side(spike: float, shift: float, still: float, r: float, lowpass: float) -> tuple[int, int]:
    """By the largest of the three surprises; ``r`` and ``lowpass`` say on which side."""
    if still > spike and still > shift:
        return FLAT_LINE, 0
    up = r >= 0.0 if spike >= shift else lowpass >= 0.0
    return (SPIKE, 1) if up else (DIP, -1)


@kernel
def matters(rule: Any, kind: int, side: int, value: float, expected: float) -> bool:
    """Is the change on a side that matters and large enough, in the metric's own units?"""
    if kind == FLAT_LINE:
        return True
    if rule.polarity != 0 and rule.polarity != side:
        return False
    change = abs(value - expected)
    return change >= rule.min_absolute and change >= rule.min_relative * abs(expected)


@kernel
def as_told(s: Any, row: int, verdict: int, bound: bool, at_ms: int) -> int:
    """The verdict, if labels keep quiet what is open. A broken bound is always told."""
    e = common_at(s, row).episode
    if e < 0 or episode_at(s, e).hushed == 0 or episode_at(s, e).adopted_at > 0:
        return verdict
    if bound:
        reveal(s, e, at_ms)
        return verdict
    outer = episode_at(s, e).outer
    whole_quiet = outer < 0 or episode_at(s, outer).hushed != 0
    return QUIETED if whole_quiet and verdict in (ANOMALY, SHIFTED) else verdict
