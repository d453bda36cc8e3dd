"""What people have said of like anomalies, asked where one is about to be told, and nowhere else.

An *opinion* is what is left of a label in the shard: a statistic, a side, a level (L), a size, a time of
day, and whether it says "false alarm" or "true". Those of a series lie side by side, those of its siblings
(same metric, other tags) in a table of their own, and both are found by bisection: without opinions nothing
is asked.

An anomaly is *quieted* if false alarms like it outweigh confirmed ones. A false alarm has one vote against
all that are on its side, of its statistic, no larger than itself in level and in units, no more than `LASTS`
times as long, and at its time of day; half a vote at other times; fading votes beyond its level and size, and
none beyond `CAP`; a quarter from a sibling. Each confirmed one takes a vote away for all that are no
smaller. From one vote on nothing is told. It is followed all the same, models and all, so that a label by
itself changes what is said and not what is learned; once the anomaly outgrows what was labelled, or lasts, it
is told.

No label quiets for ever: its vote holds for eight weeks after what it was said of and halves every eight
weeks from then on, unless somebody says it again; and of what would be quieted about one in `ASKED` is told
all the same, so that people hear what they no longer hear of.

A bucket that would open nothing is *heeded* if something of its statistic, side and size was confirmed:
what an anomaly taught the tail about its own size does not hide the next one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.memory import whole
from learners.score import L_OPEN
from monitor.shard.state import (
    FLAT_LINE,
    LEVEL_SHIFT,
    clock_at,
    episode_at,
    opinion_at,
    rule_at,
)
from monitor.shard.zones import local_offset

VALUE, LEAN, STILL = range(3)
"""Statistics by number; words in `monitor.domain.shape`."""
NEAR_MINUTES = 90
ELSEWHEN = 0.5
SIBLING = 0.25
MARGIN = 1.1
FADE = 0.25
"""In e-folds of the level: a vote is worth 1/e at 1.28 times the level that it reaches."""
CAP = 2.0 * L_OPEN
"""The highest level that a false alarm speaks of, whatever its own was: a score of 71."""
LASTS = 4
"""A false alarm speaks of anomalies up to so many times as long; of level shifts only if it was one."""
SIZE_MARGIN = 1.25
"""A false alarm speaks of anomalies up to so many times its size in the metric's units: where the series has
become calmer, the same level is a smaller thing, and where the level is capped, a larger one."""
HOLDS_MS = 56 * 86_400_000
"""For so long after it a false alarm has its whole vote; then half after as long again, and so on."""
ASKED = 8
"""About one in so many of what would be quieted is told: which ones, follows from their onset alone, so that
no count has to be kept and an undone label leaves none behind."""
LIKE = 0.97
"""Share of a confirmed size from which another is like it."""
QUIET_MS_MAX = 7 * 86_400_000
"""What lasts a week is told, whatever was said of its like: what follows from it is for everybody to see."""
HEEDED_FROM = L_OPEN - 1.0
"""A confirmed one lowers what is asked of its like by no more than a factor of ten in probability: about
what an anomaly teaches the tail of its own size."""
_ENOUGH = 1.0 - 1e-9
_DAY_MINUTES = 1_440


@kernel
def hushed(s: Any, e: int) -> bool:
    """Is the episode ``e``, as it stands, not to be told?"""
    if s.n_opinions + s.n_kin == 0:
        return False
    episode = episode_at(s, e)
    if (episode.last + 1 - episode.onset) * whole(clock_at(s, episode.row).cadence) >= QUIET_MS_MAX:
        return False
    if asked_again(episode.onset):
        return False
    statistic = VALUE
    if episode.kind == FLAT_LINE:
        statistic = STILL
    elif episode.leaning != 0:
        statistic = LEAN
    lasting = episode.kind == LEVEL_SHIFT
    return outweighed(
        s,
        episode.row,
        statistic,
        episode.direction,
        episode.peak_level,
        0.0 if statistic == STILL else abs(episode.value - episode.expected),
        lasting,
        episode.count,
        episode.onset,
    )


@kernel
def heeded(s: Any, row: int, leaning: bool, up: bool, level: float, size: float, bucket: int) -> float:
    """The level at which a bucket of ``level`` and ``size`` opens all the same; 0 if it does not."""
    statistic, side = LEAN if leaning else VALUE, 1 if up else -1
    found = 0.0
    at = _first(s.opinions, s.n_opinions, row)
    while at < s.n_opinions and opinion_at(s.opinions, at).key == row:
        one = opinion_at(s.opinions, at)
        at += 1
        if one.quieter == 0 and one.statistic == statistic and one.side == side:
            like = level >= LIKE * min(one.level, L_OPEN) if leaning else size >= LIKE * one.size
            if like:
                found = max(found, min(one.level, CAP))
    if found == 0.0:
        return 0.0
    found = max(found, L_OPEN)
    return 0.0 if outweighed(s, row, statistic, side, found, size, False, 1, bucket) else found


@kernel
def asked_again(onset: int) -> bool:
    """Is an anomaly that begins at this bucket told although labels would quiet it? One in `ASKED`, spread
    over all days and hours (the finaliser of SplitMix64)."""
    mixed = np.uint64(onset)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bool((mixed ^ (mixed >> np.uint64(31))) % np.uint64(ASKED) == np.uint64(0))


@kernel
def outweighed(
    s: Any,
    row: int,
    statistic: int,
    side: int,
    level: float,
    size: float,
    lasting: bool,
    buckets: int,
    onset: int,
) -> bool:
    """Do false alarms like this outweigh confirmed ones? ``onset``: a bucket."""
    clock = clock_at(s, row)
    ts_ms = onset * whole(clock.cadence)
    local_ms = ts_ms + local_offset(s, rule_at(s, clock.rule).zone, ts_ms)
    minute = local_ms // 60_000 % _DAY_MINUTES
    own = _balance(
        s.opinions, s.n_opinions, row, -1, statistic, side, level, size, lasting, buckets, minute, ts_ms
    )
    kin = 0.0
    if clock.rule != 0:  # rule 0 is for metrics beyond all numbers: no siblings of each other
        kin = _balance(
            s.kin, s.n_kin, clock.rule, row, statistic, side, level, size, lasting, buckets, minute, ts_ms
        )
    return own + SIBLING * kin >= _ENOUGH


@kernel
def _balance(
    opinions: int,
    count: int,
    key: int,
    besides: int,
    statistic: int,
    side: int,
    level: float,
    size: float,
    lasting: bool,
    buckets: int,
    minute: int,
    ts_ms: int,
) -> float:
    """Votes of false alarms less those of confirmed ones, among the opinions of ``key``; not those of the
    row ``besides``."""
    votes = 0.0
    at = _first(opinions, count, key)
    while at < count and opinion_at(opinions, at).key == key:
        one = opinion_at(opinions, at)
        at += 1
        if one.row == besides or one.statistic != statistic or one.side != side:
            continue
        apart = abs(minute - one.minute)
        weight = 1.0 if min(apart, _DAY_MINUTES - apart) <= NEAR_MINUTES else ELSEWHEN
        if one.quieter == 0:
            votes -= weight * _fading(one.level / level)
        elif (one.lasting != 0 or not lasting) and buckets <= LASTS * one.buckets:
            votes += (
                weight
                * _fading(level / (MARGIN * min(one.level, CAP)))
                * _fading(size / max(SIZE_MARGIN * one.size, 1e-300) if size > 0.0 else 0.0)
                * _remembered(ts_ms - one.end_ms)
            )
    return votes


@kernel
def _fading(ratio: float) -> float:
    """1 up to a ratio of 1, and less and less beyond."""
    return math.exp(-max(math.log(max(ratio, 1e-9)), 0.0) / FADE)


@kernel
def _remembered(age_ms: int) -> float:
    """What is left of a vote so long after what it was said of."""
    return math.pow(0.5, max(age_ms / HOLDS_MS - 1.0, 0.0))


@kernel
def _first(opinions: int, count: int, key: int) -> int:
    """The place of the first opinion of ``key``, or of a larger one."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if opinion_at(opinions, middle).key < key:
            low = middle + 1
        else:
            high = middle
    return low
