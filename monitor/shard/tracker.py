"""From scores to anomalies: onset, peak, end and kind, with hysteresis; an open episode a series, or two.

An episode opens at `L_OPEN` and closes after `QUIET` buckets in a row below `L_CLOSE`. While it is open
the baseline holds. After `SHIFT_BUCKETS` buckets on one side it is a level shift, whose level may be adopted
(`monitor.shard.adoption`).

Inside a level shift that has a level of its own (`monitor.shard.new_level`) another episode may be open.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.dispatch import tail_learn
from learners.score import L_CLOSE
from monitor.shard.adoption import adopt, adopt_after
from monitor.shard.episodes import close, emit, open_episode, reveal, set_peak
from monitor.shard.judgements import hushed
from monitor.shard.new_level import SETTLED, SHIFT_BUCKETS, grow_outer, learn_level
from monitor.shard.seen import Seen
from monitor.shard.state import DIP, LEVEL_SHIFT, OPENED, SPIKE, UPDATED, common_at, episode_at

QUIET = 3


@kernel
def begin(
    s: Any, row: int, bucket: int, at_ms: int, kind: int, side: int, leaning: int, level: float, seen: Seen
) -> None:
    """An episode that begins with ``bucket``."""
    e = open_episode(s, row, bucket, kind, side)
    episode = episode_at(s, e)
    set_peak(episode, bucket, level, seen)
    episode.count = 1
    episode.age = 1
    episode.same_side = 1
    episode.shift = seen.deviation
    episode.leaning = leaning
    episode.hushed = 1 if hushed(s, e) else 0
    emit(s, e, OPENED, at_ms, -1)


@kernel
def follow(s: Any, e: int, bucket: int, at_ms: int, level: float, seen: Seen, standing: bool) -> bool:
    """One more final bucket of an open episode. True if the episode goes on, False if it closed.

    A rise of the peak and a change of kind are told as updates. While learning is ``standing`` still, no
    level is adopted.
    """
    episode = episode_at(s, e)
    episode.age += 1
    if level >= L_CLOSE or episode.age <= SETTLED:
        learn_level(episode, seen.deviation)
    if level >= L_CLOSE:
        episode.quiet = 0
        episode.last = bucket
        episode.count += 1
        if seen.residual * episode.direction >= 0.0:
            episode.same_side += 1
        if level > episode.peak_level:
            rise = level > 1.5 * episode.peak_level
            set_peak(episode, bucket, level, seen)
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
def follow_inside(
    s: Any,
    row: int,
    e: int,
    bucket: int,
    at_ms: int,
    level: float,
    seen: Seen,
    from_forecast: float,
    standing: bool,
) -> None:
    """`follow` of an episode inside a level shift, which grows with it; ``from_forecast``: the L of the value
    as seen from there."""
    peak, outer = episode_at(s, e).peak_residual, episode_at(s, e).outer
    grow_outer(s, outer, bucket, from_forecast)
    if not follow(s, e, bucket, at_ms, level, seen, standing):
        if not standing:
            learn_peak(s, row, peak)
    elif episode_at(s, e).kind == LEVEL_SHIFT:
        _shift_again(s, e, at_ms, bucket)
    elif not standing and episode_at(s, outer).age >= adopt_after(s, row):
        close(s, e, at_ms, bucket + 1)
        adopt(s, outer, bucket, at_ms)


@kernel
def _shift_again(s: Any, e: int, at_ms: int, bucket: int) -> None:
    """The inner episode ``e`` has become a level shift itself: the outer one goes on from its level. A level
    that has moved by so much is only known to within so much, until it has stayed."""
    episode = episode_at(s, e)
    outer = episode_at(s, episode.outer)
    moved = abs(np.float64(episode.shift) - np.float64(outer.shift))
    outer.shift, outer.spread = np.float64(episode.shift), max(np.float64(episode.spread), moved)
    close(s, e, at_ms, bucket + 1)


@kernel
def learn_peak(s: Any, row: int, peak: float) -> None:
    """The tail takes in the largest residual of an anomaly that is over."""
    tail_learn(s, common_at(s, row).tail, row, peak, 1.0)
