"""An open anomaly as it is kept: taken from the free ones, told of, and let go."""

from __future__ import annotations

from typing import Any

from learners.compiled import kernel
from monitor.shard.seen import Seen
from monitor.shard.state import CLOSED, OPENED, change_at, clock_at, common_at, episode_at


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
def set_peak(episode: Any, bucket: int, level: float, seen: Seen) -> None:
    episode.peak = bucket
    episode.peak_level = level
    episode.peak_residual = seen.residual
    episode.value = seen.value
    episode.expected = seen.expected
    episode.lower = seen.lower
    episode.upper = seen.upper


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
