"""What becomes of empty buckets: time passes, silence becomes "no data", and at last the series has ended."""

from __future__ import annotations

import math
from typing import Any

from learners.compiled import kernel
from learners.memory import whole
from learners.runs import gap
from learners.score import L_OPEN
from monitor.domain.durations import DAY_MS
from monitor.shard.episodes import close, close_all, emit, open_episode, release, set_peak
from monitor.shard.pausing import paused
from monitor.shard.seen import Seen
from monitor.shard.state import (
    ENDED,
    ENDED_KIND,
    NO_DATA,
    NO_TAIL,
    OPENED,
    clock_at,
    common_at,
    episode_at,
    rule_at,
)
from monitor.shard.streaks import STREAK_MAX, longest
from monitor.shard.tracker import QUIET, learn_peak

ENDED_DAYS_MS = 7 * DAY_MS
ENDED_CADENCES = 20
_NOTHING_SEEN = Seen(math.nan, math.nan, math.nan, math.nan, 0.0, 0.0)


@kernel
def final_missing(s: Any, row: int, first: int, last: int) -> None:
    """Buckets ``first`` to ``last`` (inclusive) are final and empty. Missing is not zero: nothing is learned,
    but time passes, and an open anomaly closes after `QUIET` of them. "No data" takes a proven cadence: that
    of a series with models, or one that is declared. Before the models nothing is known of nights and
    weekends: there it takes a silence of twice as many buckets as had a value.

    At most `STREAK_MAX` steps whatever the length of the gap: once "no data" is open, only the day on which
    the series counts as ended can still matter.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    if clock.streak > 0:
        if not paused(s, row, (first - 1) * cadence, (first + 1) * cadence):
            clock.run_max = longest(clock.streak, clock.run_max)
        clock.streak = 0
    bucket = first
    while bucket <= last and common.flags & ENDED == 0:
        e = common.episode
        if e >= 0 and episode_at(s, e).kind == NO_DATA:
            _stay_missing(s, row, e, bucket, last)
            return
        clock.streak = max(clock.streak - 1, -STREAK_MAX)
        at_ms = (bucket + 2) * cadence
        if e >= 0 and episode_at(s, e).adopted_at == 0:
            episode = episode_at(s, e)
            if -clock.streak > clock.gap_max:
                episode.quiet += 1
            if episode.quiet >= QUIET:
                if not paused(s, row, bucket * cadence, (bucket + 1) * cadence):
                    learn_peak(s, row, episode.peak_residual)
                close(s, e, at_ms, episode.last + 1)
        longest_gap = whole(clock.gap_max)
        proven = common.tail != NO_TAIL
        if not proven:
            longest_gap = max(longest_gap, whole(clock.final_n))
            proven = rule_at(s, clock.rule).cadence_ms > 0
        level = gap(-clock.streak, longest_gap)
        if level >= L_OPEN and proven:
            if common.episode >= 0 and episode_at(s, common.episode).adopted_at > 0:
                release(s, common.episode)
            if common.episode < 0:
                _opens(s, row, bucket + clock.streak + 1, bucket, at_ms, level)
        if -clock.streak >= min(ended_after(clock), STREAK_MAX):
            _ended(s, row, bucket + clock.streak + 1, bucket, at_ms)
            common.flags |= ENDED
        bucket += 1


@kernel
def ended_after(clock: Any) -> int:
    """Missing buckets after which the series counts as ended; never while its silence is no news."""
    return max(ENDED_DAYS_MS // whole(clock.cadence), ENDED_CADENCES, 2 * whole(clock.gap_max))


@kernel
def _stay_missing(s: Any, row: int, e: int, first: int, last: int) -> None:
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    episode = episode_at(s, e)
    onset = episode.onset
    gone = onset + ended_after(clock)
    until = min(last, gone)
    episode.count += until - first + 1
    episode.last = until
    clock.streak = max(clock.streak - (until - first + 1), -STREAK_MAX)
    if last >= gone:
        _ended(s, row, onset, gone, (gone + 2) * cadence)
        common_at(s, row).flags |= ENDED


@kernel
def _opens(s: Any, row: int, first: int, bucket: int, at_ms: int, level: float) -> None:
    """Open a "no data" episode: the buckets from ``first`` to ``bucket`` are missing."""
    e = open_episode(s, row, first, NO_DATA, 0)
    set_peak(episode_at(s, e), first, level, _NOTHING_SEEN)
    episode_at(s, e).last = bucket
    episode_at(s, e).count = bucket - first + 1
    emit(s, e, OPENED, at_ms, -1)


@kernel
def _ended(s: Any, row: int, first: int, bucket: int, at_ms: int) -> None:
    """Close whatever is open and report, once, that the series has ended."""
    close_all(s, row, at_ms)
    e = open_episode(s, row, first, ENDED_KIND, 0)
    set_peak(episode_at(s, e), bucket, 0.0, _NOTHING_SEEN)
    close(s, e, at_ms, first)
