"""From scores to anomalies: onset, peak, end and kind, with hysteresis; an open episode a series, or two.

An episode opens at `L_OPEN` and closes after `QUIET` buckets in a row below `L_CLOSE`. While it is open
the baseline holds. After `SHIFT_BUCKETS` buckets on one side it is a level shift; a level that lasts
max(7 days, 2 longest seasons, 200 buckets) is adopted, and the old one stays a hypothesis for as long
again, so that a return to it closes the story and starts no new one (DESIGN.md section 2).

Inside a level shift that has a level of its own (`monitor.shard.new_level`) another episode may be open.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.dispatch import rebase
from learners.score import L_CLOSE
from monitor.shard.judgements import hushed
from monitor.shard.new_level import SETTLED, SHIFT_BUCKETS, learn_level
from monitor.shard.state import (
    CLOSED,
    DIP,
    ENDED_KIND,
    FLAT_LINE,
    LEVEL_SHIFT,
    NO_DATA,
    OPENED,
    SPIKE,
    UPDATED,
    change_at,
    clock_at,
    common_at,
    episode_at,
    profile_at,
)

QUIET = 3
ADOPT_DAYS_MS = 7 * 86_400_000
ADOPT_BUCKETS = 200


@kernel
def adopt_after(s: Any, row: int) -> int:
    """Buckets that a new level must last before it is taken for normal."""
    clock, profile = clock_at(s, row), profile_at(s, row)
    season = max(profile.period0, profile.period1)
    return max(ADOPT_DAYS_MS // max(clock.cadence, 1), 2 * season, ADOPT_BUCKETS)


@kernel
def emit(s: Any, e: int, change: int, at_ms: int, end_bucket: int) -> None:
    """Append a change of episode ``e`` to the buffer; ``end_bucket`` is exclusive, -1 while open. Of one that
    labels keep quiet nothing is told."""
    episode = episode_at(s, e)
    if episode.hushed != 0:
        return
    cadence = clock_at(s, episode.row).cadence
    out = change_at(s, s.n_changes)
    s.n_changes += 1
    out.row = episode.row
    out.change = change
    out.kind = episode.kind
    out.direction = episode.direction
    out.at_ms = at_ms
    out.onset_ms = episode.onset * cadence
    out.peak_ms = episode.peak * cadence
    out.last_ms = episode.last * cadence
    out.end_ms = end_bucket * cadence if end_bucket >= 0 else -1
    out.value = episode.value
    out.expected = episode.expected
    out.lower = episode.lower
    out.upper = episode.upper
    out.level = episode.peak_level
    out.buckets = episode.count
    out.cadence = cadence


@kernel
def open_episode(s: Any, row: int, bucket: int, kind: int, direction: int) -> int:
    """Take a free episode for ``row``; the caller has made sure that there is one, and fills the peak."""
    e = s.free_episode
    episode = episode_at(s, e)
    s.free_episode = episode.next
    s.n_episodes += 1
    episode.row = row
    episode.onset = bucket
    episode.last = bucket
    episode.peak = bucket
    episode.adopted_at = 0
    episode.peak_level = 0.0
    episode.peak_residual = 0.0
    episode.shift = 0.0
    episode.spread = 0.0
    episode.outer = common_at(s, row).episode
    episode.count = 0
    episode.age = 0
    episode.same_side = 0
    episode.quiet = 0
    episode.kind = kind
    episode.direction = direction
    episode.leaning = 0
    episode.hushed = 0
    common_at(s, row).episode = e
    return e


@kernel
def reveal(s: Any, e: int, at_ms: int) -> None:
    """Tell of an episode that was kept quiet until now."""
    episode_at(s, e).hushed = 0
    emit(s, e, OPENED, at_ms, -1)


@kernel
def release(s: Any, e: int) -> None:
    episode = episode_at(s, e)
    common_at(s, episode.row).episode = episode.outer
    episode.row = -1
    episode.next = s.free_episode
    s.free_episode = e
    s.n_episodes -= 1


@kernel
def close(s: Any, e: int, at_ms: int, end_bucket: int) -> None:
    emit(s, e, CLOSED, at_ms, end_bucket)
    release(s, e)


@kernel
def close_all(s: Any, row: int, at_ms: int) -> None:
    """Close what is open of ``row``, the inner one first; what was adopted is let go without a word."""
    while common_at(s, row).episode >= 0:
        e = common_at(s, row).episode
        if episode_at(s, e).adopted_at > 0:
            release(s, e)
        else:
            close(s, e, at_ms, episode_at(s, e).last + 1)


@kernel
def shift_again(s: Any, e: int, at_ms: int, bucket: int) -> None:
    """The inner episode ``e`` has become a level shift itself: the outer one goes on from its level. A level
    that has moved by so much is only known to within so much, until it has stayed."""
    episode = episode_at(s, e)
    outer = episode_at(s, episode.outer)
    moved = abs(np.float64(episode.shift) - np.float64(outer.shift))
    outer.shift, outer.spread = np.float64(episode.shift), max(np.float64(episode.spread), moved)
    close(s, e, at_ms, bucket + 1)


@kernel
def set_peak(
    episode: Any,
    bucket: int,
    level: float,
    residual: float,
    value: float,
    expected: float,
    lower: float,
    upper: float,
) -> None:
    episode.peak = bucket
    episode.peak_level = level
    episode.peak_residual = residual
    episode.value = value
    episode.expected = expected
    episode.lower = lower
    episode.upper = upper


@kernel
def follow(
    s: Any,
    e: int,
    bucket: int,
    at_ms: int,
    level: float,
    residual: float,
    deviation: float,
    value: float,
    expected: float,
    lower: float,
    upper: float,
    standing: bool,
) -> bool:
    """One more final bucket of an open episode. True if the episode goes on, False if it closed.

    ``residual`` is in scales, ``deviation`` the same in the series' own units. A rise of the peak and
    a change of kind are told as updates. While learning is ``standing`` still, no level is adopted.
    """
    episode = episode_at(s, e)
    episode.age += 1
    if level >= L_CLOSE or episode.age <= SETTLED:
        learn_level(episode, deviation)
    if level >= L_CLOSE:
        episode.quiet = 0
        episode.last = bucket
        episode.count += 1
        if residual * episode.direction >= 0.0:
            episode.same_side += 1
        if level > episode.peak_level:
            rise = level > 1.5 * episode.peak_level
            set_peak(episode, bucket, level, residual, value, expected, lower, upper)
            if rise and episode.count > 1:
                emit(s, e, UPDATED, at_ms, -1)
        spike = episode.kind == SPIKE or episode.kind == DIP
        most = max(episode.same_side, episode.count - episode.same_side)
        if spike and episode.count >= SHIFT_BUCKETS and most * 10 >= episode.count * 9:
            if episode.same_side < most:
                episode.direction, episode.same_side = -episode.direction, most
            episode.kind = LEVEL_SHIFT
            emit(s, e, UPDATED, at_ms, -1)
        if episode.hushed != 0 and not hushed(s, e):
            reveal(s, e, at_ms)
    else:
        episode.quiet += 1
    if episode.quiet >= QUIET:
        close(s, e, at_ms, episode.last + 1)
        return False
    if not standing and episode.outer < 0 and episode.age >= adopt_after(s, episode.row):
        adopt(s, e, bucket, at_ms)
    return True


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
def missing_opens(s: Any, row: int, first: int, bucket: int, at_ms: int, level: float) -> None:
    """Open a "no data" episode: the buckets from ``first`` to ``bucket`` are missing."""
    e = open_episode(s, row, first, NO_DATA, 0)
    nan = float("nan")
    set_peak(episode_at(s, e), first, level, 0.0, nan, nan, nan, nan)
    episode_at(s, e).last = bucket
    episode_at(s, e).count = bucket - first + 1
    emit(s, e, OPENED, at_ms, -1)


@kernel
def ended(s: Any, row: int, first: int, bucket: int, at_ms: int) -> None:
    """Close whatever is open and report, once, that the series has ended."""
    close_all(s, row, at_ms)
    e = open_episode(s, row, first, ENDED_KIND, 0)
    nan = float("nan")
    set_peak(episode_at(s, e), bucket, 0.0, 0.0, nan, nan, nan, nan)
    close(s, e, at_ms, first)
