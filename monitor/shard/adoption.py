"""A new level is taken for normal, and the one before stays a hypothesis for as long again.

A level that lasts max(7 days, 2 longest seasons, 200 buckets) is adopted. A return to the one before closes
the story and starts no new one.
"""

from __future__ import annotations

from typing import Any

from learners.compiled import kernel
from learners.dispatch import rebase, tail_surprise
from learners.grade import place, stretch
from learners.memory import whole
from learners.score import L_CLOSE, L_OPEN
from monitor.domain.durations import DAY_MS
from monitor.shard.episodes import emit, release, reveal
from monitor.shard.state import CLOSED, FLAT_LINE, LEVEL_SHIFT, clock_at, common_at, episode_at, profile_at

ADOPT_DAYS_MS = 7 * DAY_MS
ADOPT_BUCKETS = 200


@kernel
def adopt_after(s: Any, row: int) -> int:
    """Buckets that a new level must last before it is taken for normal."""
    clock, profile = clock_at(s, row), profile_at(s, row)
    season = max(profile.period0, profile.period1)
    return max(ADOPT_DAYS_MS // max(clock.cadence, 1), 2 * season, ADOPT_BUCKETS)


@kernel
def adopt(s: Any, e: int, bucket: int, at_ms: int) -> None:
    """Take the provisional level for normal and keep the old one as a hypothesis."""
    episode = episode_at(s, e)
    row = episode.row
    if episode.kind == FLAT_LINE:
        clock_at(s, row).run_max = max(clock_at(s, row).run_max, abs(clock_at(s, row).streak))
    else:
        episode.kind = LEVEL_SHIFT
        move(s, row, episode.shift)
    if episode.hushed != 0:
        reveal(s, e, at_ms)
    episode.adopted_at = bucket
    common_at(s, row).lowpass = 0.0
    emit(s, e, CLOSED, at_ms, bucket + 1)


@kernel
def restore(s: Any, e: int) -> None:
    """Go back to the level before the adoption; the story ends."""
    episode = episode_at(s, e)
    move(s, episode.row, -episode.shift)
    common_at(s, episode.row).lowpass = 0.0
    release(s, e)


@kernel
def move(s: Any, row: int, shift: float) -> None:
    """Shift the level of both models by ``shift``, in the series' own units of scale."""
    rebase(s, common_at(s, row).champion, 2 * row, shift)
    rebase(s, common_at(s, row).challenger, 2 * row + 1, shift)


@kernel
def old_level_is_back(
    s: Any, row: int, e: int, bucket: int, deviation: float, width: float, level: float, opens: bool
) -> bool:
    """Ask the hypothesis of the adopted episode ``e`` about one more value; True if it holds again. It is let
    go of once it is old enough, or if the value ``opens`` something else: that needs the room."""
    episode = episode_at(s, e)
    if bucket - episode.adopted_at > episode.age:
        release(s, e)
    elif level >= L_OPEN and _lies_there(s, row, e, deviation, width):
        restore(s, e)
        return True
    elif opens:
        release(s, e)
    return False


@kernel
def _lies_there(s: Any, row: int, e: int, deviation: float, width: float) -> bool:
    """Does the value lie where the level before the adoption said?"""
    old = (deviation + episode_at(s, e).shift) / width
    worth = stretch(place(whole(clock_at(s, row).cadence)))
    return bool(tail_surprise(s, common_at(s, row).tail, row, old) * worth < L_CLOSE)
