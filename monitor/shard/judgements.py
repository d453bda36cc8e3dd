"""What people have said of like anomalies, asked where one is about to be told, and nowhere else.

An *opinion* is what is left of a label in the shard: a statistic, a side, a level (L), a size, a time of
day, and whether it says "false alarm" or "true". Those of a series lie side by side, those of its siblings
(same metric, other tags) in a table of their own, and both are found by bisection: without opinions nothing
is asked.

An anomaly is *quieted* if false alarms like it outweigh confirmed ones. A false alarm has one vote against
all that are on its side, of its statistic, no larger than itself in level and in units, no more than `LASTS`
times as long, and at its time of day; `ELSEWHEN` of a vote at other times; half a vote at twice its level or
size, and so on, so that two that agree reach twice as far as one; a quarter from a sibling. No level above
`CAP` counts as its own. Each confirmed one takes a vote away for all that are no smaller. From one vote on
nothing is told. It is followed all the same, models and all, so that a label by itself changes what is said
and not what is learned; once the anomaly outgrows what was labelled, or lasts, it is told.

No label quiets for ever: its vote holds for eight weeks after what it was said of and halves every eight
weeks from then on, unless somebody says it again; and of what would be quieted about one in `ASKED` is told
all the same, so that people hear what they no longer hear of. Of what more votes speak against it is fewer,
one in `ASKED_MOST` at least.

A value that would open nothing is *heeded* if one of its side, and no larger, was confirmed: what an anomaly
taught the tail about its own size does not hide the next one. Not where as many of its side, and no smaller,
were called false alarms.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners.compiled import kernel
from learners.memory import whole
from learners.mixing import mix
from learners.score import L_OPEN
from monitor.domain.durations import DAY_MS, MINUTE_MS
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
ELSEWHEN = 0.75
"""Of a vote, further than that from its time of day: one alone does not quiet there, two do."""
SIBLING = 0.25
MARGIN = 1.1
"""Levels so near to each other count as equal."""
CAP = 2.0 * L_OPEN
"""The highest level of which a false alarm alone speaks, whatever its own was: a score of 71."""
LASTS = 4
"""A false alarm speaks of anomalies up to so many times as long; of level shifts only if it was one."""
SIZE_MARGIN = 1.25
"""A false alarm speaks of anomalies up to so many times its size in the metric's units: where the series has
become calmer, the same level is a smaller thing, and where the level is capped, a larger one."""
HOLDS_MS = 56 * DAY_MS
"""For so long after it a false alarm has its whole vote; then half after as long again, and so on."""
ASKED = 8
"""About one in so many of what one vote would quiet is told, half as many where there are two: which ones,
follows from onset and votes alone, so that no count has to be kept and an undone label leaves none behind."""
ASKED_MOST = 64
LIKE = 0.97
"""Share of a confirmed size from which another is like it."""
QUIET_MS_MAX = 7 * DAY_MS
"""What lasts a week is told, whatever was said of its like: what follows from it is for everybody to see."""
HEEDED_FROM = L_OPEN - 1.0
"""A confirmed one lowers what is asked of its like by no more than a factor of ten in probability: about
what an anomaly teaches the tail of its own size."""
_ENOUGH = 1.0 - 1e-9
_GRAIN = 1 << 20
_DAY_MINUTES = 1_440


@kernel
def hushed(s: Any, e: int) -> bool:
    """Is the episode ``e``, as it stands, not to be told?"""
    if s.n_opinions + s.n_kin == 0:
        return False
    episode = episode_at(s, e)
    if (episode.last + 1 - episode.onset) * whole(clock_at(s, episode.row).cadence) >= QUIET_MS_MAX:
        return False
    statistic = VALUE
    if episode.kind == FLAT_LINE:
        statistic = STILL
    elif episode.leaning != 0:
        statistic = LEAN
    lasting = episode.kind == LEVEL_SHIFT
    against = votes(
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
    return against >= _ENOUGH and not asked_again(episode.onset, against)


@kernel
def heeded(s: Any, row: int, up: bool, size: float) -> float:
    """The level at which a value of ``size`` opens all the same; 0 if it does not."""
    side = 1 if up else -1
    level, confirmed, false = 0.0, 0, 0
    at = _first(s.opinions, s.n_opinions, row)
    while at < s.n_opinions and opinion_at(s.opinions, at).key == row:
        one = opinion_at(s.opinions, at)
        at += 1
        if one.statistic != VALUE or one.side != side:
            continue
        if one.quieter != 0:
            false += 1 if size <= SIZE_MARGIN * one.size else 0
        elif size >= LIKE * one.size:
            confirmed += 1
            level = max(level, min(one.level, CAP))
    return max(level, L_OPEN) if confirmed > false else 0.0


@kernel
def asked_again(onset: int, against: float) -> bool:
    """Is an anomaly that begins at this bucket told although so many votes would quiet it? Spread over all
    days and hours."""
    return bool(mix(np.uint64(onset)) % np.uint64(_GRAIN) * min(ASKED * against, ASKED_MOST) < _GRAIN)


@kernel
def votes(
    s: Any,
    row: int,
    statistic: int,
    side: int,
    level: float,
    size: float,
    lasting: bool,
    buckets: int,
    onset: int,
) -> float:
    """Those of false alarms like this less those of confirmed ones. ``onset``: a bucket."""
    clock = clock_at(s, row)
    ts_ms = onset * whole(clock.cadence)
    local_ms = ts_ms + local_offset(s, rule_at(s, clock.rule).zone, ts_ms)
    minute = local_ms // MINUTE_MS % _DAY_MINUTES
    own = _balance(
        s.opinions, s.n_opinions, row, -1, statistic, side, level, size, lasting, buckets, minute, ts_ms
    )
    kin = 0.0
    if clock.rule != 0:  # rule 0 is for metrics beyond all numbers: no siblings of each other
        kin = _balance(
            s.kin, s.n_kin, clock.rule, row, statistic, side, level, size, lasting, buckets, minute, ts_ms
        )
    return own + SIBLING * kin


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
    found = 0.0
    at = _first(opinions, count, key)
    while at < count and opinion_at(opinions, at).key == key:
        one = opinion_at(opinions, at)
        at += 1
        if one.row == besides or one.statistic != statistic or one.side != side:
            continue
        apart = abs(minute - one.minute)
        weight = 1.0 if min(apart, _DAY_MINUTES - apart) <= NEAR_MINUTES else ELSEWHEN
        if one.quieter == 0:
            found -= weight if MARGIN * level >= one.level else 0.0
        elif (one.lasting != 0 or not lasting) and buckets <= LASTS * one.buckets:
            found += (
                weight
                * _share(MARGIN * min(one.level, CAP), level)
                * _share(SIZE_MARGIN * one.size, size)
                * _remembered(ts_ms - one.end_ms)
            )
    return found


@kernel
def _share(reach: float, asked: float) -> float:
    """1 as far as a label reaches, half at twice that, and so on."""
    return 1.0 if asked <= reach else reach / asked


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
