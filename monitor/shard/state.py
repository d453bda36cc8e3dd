"""All that a shard remembers, as arrays: what each row holds, and how many bytes it takes.

=============  =====================================================  ==================
array          one row                                                bytes a series
=============  =====================================================  ==================
``models``     champion and challenger record of the learners' bank   2 x 32
``common``     scale, gate, contest, tail record                      64
``clocks``     cadence, open and provisional bucket, runs and gaps    64
``profiles``   metric class, periods                                  12
``references`` the level that passes compare with                     64
``season``     season tables, for series found seasonal               4 a slot
``pending``    samples that wait: cadence unknown, held, long bound   32 a sample
``episodes``   open anomalies                                         128 an anomaly
``opinions``   what labels say of series; ``kin``: of their siblings  48 an opinion
``paused``     which pauses of learning select it; none if there are none   8
=============  =====================================================  ==================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.base import COMMON_BYTES, common_dtype
from learners.compiled import spliced
from learners.memory import record_type

NO_TAIL = 0
"""In ``common.tail``: the series has no model yet."""
NOTHING = -1
ATTENTIVE = -2
"""In ``common.episode``: none is open, and something of the series was confirmed, so values are judged one by
one (`monitor.shard.judgements.heeded`)."""

# Bits of ``common.flags``.
HELD = 1  # waits for an assignment; samples go to the pending pool
BACKFILLED = 2  # the newest batch was a backfill: the wall clock's ticks do not concern it
ENDED = 4  # silent for so long that it counts as ended
LIVE = 8  # the row belongs to a series
TRUSTED = 16  # assigned at least once from 128 buckets or more
DIRTY = 32  # marked for draining in this call
QUEUED = 64  # a final value of it waits for its block in this call
PINNED = 128  # a person has undone an assignment: passes change nothing until the contest is opened again

COMMON = common_dtype(
    [
        ("offset", "f8"),
        ("unit", "f4"),
        ("lowpass", "f4"),
        ("lowpass_scale", "f4"),
        ("advantage", "f4"),
        ("champion", "u1"),
        ("challenger", "u1"),
        ("tail", "u1"),
        ("flags", "u1"),
        ("episode", "i4"),
    ]
)
"""``advantage``: slowly forgotten mean of loss(champion) - loss(challenger), in units of scale."""

CLOCK = np.dtype(
    [
        # The newest bucket's value so far; in a cumulative row: the last counter that became final.
        ("v0", "f8"),
        # The bucket before it; in a pooled row: the newest final bucket's index; while the cadence is
        # unknown: the time before which all is final.
        ("v1", "f8"),
        ("bucket", "u4"),  # index of the newest bucket seen: start_ms // cadence_ms
        ("cadence", "u4"),  # ms; 0 while unknown
        # 1 + ms from the newest bucket's start to the sample it shows; in a cumulative row: 1 + the bucket
        # of v0; 0: empty.
        ("t0", "u4"),
        ("t1", "u4"),
        ("n0", "f4"),
        ("n1", "f4"),
        ("pool", "i4"),  # first pending sample; -1: none
        ("final_n", "u4"),  # final buckets that had a value
        ("n_mean", "f4"),  # slowly forgotten mean of n; NaN while none was seen
        ("last", "u4"),  # fold of the last final value's bits, to notice equal values
        ("rule", "u2"),
        ("gap_max", "u2"),  # longest run of missing buckets, slowly forgotten
        ("run_max", "u2"),  # longest run of equal values, slowly forgotten
        ("streak", "i2"),  # > 0: buckets with an equal value; < 0: missing buckets
    ]
)

PROFILE = np.dtype([("period0", "u4"), ("period1", "u4"), ("metric_class", "u2"), ("reach", "u2")])
REACH_UNIT = 1.0 / 256.0
"""``reach``: that of `learners.horizon`, in 1/256 units."""

PENDING = np.dtype([("ts_ms", "i8"), ("value", "f8"), ("n", "f4"), ("next", "i4"), ("spare", "i8")])

EPISODE = np.dtype(
    [
        ("row", "i4"),  # -1: free
        ("next", "i4"),  # next free
        ("onset", "i8"),  # bucket indices
        ("last", "i8"),
        ("peak", "i8"),
        ("adopted_at", "i8"),  # 0: not adopted
        ("value", "f8"),  # at the peak
        ("expected", "f8"),
        ("lower", "f8"),
        ("upper", "f8"),
        ("peak_level", "f8"),  # L at the peak
        ("peak_residual", "f8"),
        ("shift", "f8"),  # provisional level minus forecast, in units of scale
        ("spread", "f8"),  # mean distance of values from the provisional level, in the same units
        ("outer", "i4"),  # the open level shift inside which this one began; -1: none
        ("count", "i4"),  # anomalous buckets
        ("age", "i4"),  # buckets with a value since onset
        ("same_side", "i4"),  # anomalous buckets on the side of the onset
        ("quiet", "i2"),
        ("kind", "i1"),
        ("direction", "i1"),
        ("leaning", "i1"),  # 1: opened by the low-pass, which then also has a say in its end
        ("hushed", "i1"),  # 1: not told, since people called its like false alarms
    ],
    align=True,
)

OPINION = np.dtype(
    [
        ("key", "i8"),  # the row it is about; of siblings, their rule
        ("level", "f8"),
        ("size", "f8"),  # in the metric's units
        ("end_ms", "i8"),  # of what was labelled: its age is counted from there
        ("row", "i4"),  # that it was said of; -1: another shard's
        ("minute", "i2"),  # of the day, in the zone of whom it is about
        ("buckets", "i4"),
        ("side", "i1"),
        ("statistic", "i1"),
        ("lasting", "i1"),
        ("quieter", "i1"),  # 1: a false alarm; 0: confirmed
    ],
    align=True,
)

CHANGE = np.dtype(
    [
        ("row", "i4"),
        ("change", "i1"),
        ("kind", "i1"),
        ("direction", "i1"),
        ("at_ms", "i8"),
        ("onset_ms", "i8"),
        ("peak_ms", "i8"),
        ("last_ms", "i8"),
        ("end_ms", "i8"),  # -1: open
        ("value", "f8"),
        ("expected", "f8"),
        ("lower", "f8"),
        ("upper", "f8"),
        ("level", "f8"),
        ("buckets", "i4"),
        ("cadence", "i4"),
    ],
    align=True,
)

OUTCOME = np.dtype(
    [
        ("value", "f8"),
        ("expected", "f8"),
        ("lower", "f8"),
        ("upper", "f8"),
        ("ts_ms", "i8"),
        ("row", "i4"),
        ("n", "f4"),
        ("score", "f4"),
        ("verdict", "u1"),
        ("model", "u1"),
    ],
    align=True,
)

REVISION = np.dtype([("ts_ms", "i8"), ("value", "f8"), ("row", "i4"), ("n", "f4")], align=True)

RULE = np.dtype(
    [
        ("lateness_ms", "i8"),  # -1: one bucket
        ("cadence_ms", "i8"),  # 0: learned
        ("min_absolute", "f8"),
        ("min_relative", "f8"),
        ("static_lower", "f8"),
        ("static_upper", "f8"),
        ("zone", "i4"),
        ("aggregation", "i1"),
        ("polarity", "i1"),  # 0 both, +1 only up is bad, -1 only down
        ("ratio", "i1"),  # 1: a share of n cases
        ("cumulative", "i1"),  # 1: a counter, of which the steps count
    ],
    align=True,
)

JOB = np.dtype(
    [("bucket", "i8"), ("value", "f8"), ("t", "i8"), ("row", "i4"), ("suits", "u1"), ("suits2", "u1")],
    align=True,
)
"""A final value that waits for its block; ``t``: the bucket in civil time; does its champion learn in the
block, and its challenger?"""

# Aggregations of the samples of one bucket.
LAST, SUM, MEAN, COUNT, MIN, MAX = range(6)

# Kinds and changes by number, as the kernels know them; words in `monitor.domain.anomaly`.
SPIKE, DIP, LEVEL_SHIFT, FLAT_LINE, NO_DATA, ENDED_KIND, ABSORBED_DRIFT = range(7)
OPENED, UPDATED, CLOSED = range(3)

# Verdicts by number, as in `monitor.domain.anomaly.Verdict`.
IN_BAND, LEARNING, ANOMALY, BELOW_MIN_CHANGE, STATIC_BOUND, MISSING, SHIFTED, QUIETED = range(8)

# Pauses of learning (`monitor.shard.pausing`): by row a bit each; by bit, where its spans are; the spans.
PAUSED = np.dtype([("mask", "i8")])
PAUSE = np.dtype([("first", "i8"), ("end", "i8")])
SPAN = np.dtype([("from_ms", "i8"), ("until_ms", "i8")])

# A row number in a buffer.
ROW = np.dtype([("row", "i4")])

ZONE_CHANGE = np.dtype([("ts_ms", "i8"), ("offset_ms", "i8")])
ZONE = np.dtype([("first", "i8"), ("end", "i8")])

_ADDRESSES = (
    *("models", "season", "common", "clocks", "profiles", "pending", "episodes", "rules"),
    *("zones", "zone_changes", "outcomes", "changes", "due", "revisions", "dirty"),
    *("jobs", "block", "opinions", "kin", "paused", "pauses", "spans"),
    *("final_value", "flush", "forecast_fitted", "learn_fitted", "rebase_fitted"),
)
_SIZES = (
    *("max_season", "max_outcomes", "max_changes", "max_due", "max_revisions", "max_dirty"),
    *("max_pending", "max_episodes"),
)
_COUNTS = (
    *("n_outcomes", "n_changes", "n_due", "n_revisions", "n_dirty", "n_pending", "n_episodes", "n_jobs"),
    *("n_late", "n_duplicate", "n_conflict", "free_pending", "free_episode", "anew"),
    *("n_opinions", "n_kin", "n_pauses"),
)

DIRECTORY = np.dtype(
    [(name, "i8") for name in (*_ADDRESSES, *_SIZES, *_COUNTS)] + [("centre", "f8"), ("scale", "f8")]
)
"""Where every array lies, how long the buffers are, and how full: the one argument of every kernel; also
where the functions of `monitor.shard.calls` and `monitor.shard.fitted` lie, and what the latter have said.

``anew``: the row whose series starts anew before its next sample is taken; -1: none.

``s`` in the kernels is this record. See `learners.memory` for why they do not take the arrays.
"""

_common = record_type(COMMON)
_clock = record_type(CLOCK)
_profile = record_type(PROFILE)
_pending = record_type(PENDING)
_episode = record_type(EPISODE)
_rule = record_type(RULE)
_zone = record_type(ZONE)
_zone_change = record_type(ZONE_CHANGE)
_outcome = record_type(OUTCOME)
_change = record_type(CHANGE)
_row = record_type(ROW)
_revision = record_type(REVISION)
_job = record_type(JOB)
_opinion = record_type(OPINION)
_paused = record_type(PAUSED)
_pause = record_type(PAUSE)
_span = record_type(SPAN)
directory_at = record_type(DIRECTORY)
_CLOCK_BYTES = CLOCK.itemsize
_PROFILE_BYTES = PROFILE.itemsize
_PENDING_BYTES = PENDING.itemsize
_EPISODE_BYTES = EPISODE.itemsize
_RULE_BYTES = RULE.itemsize
_ZONE_BYTES = ZONE.itemsize
_ZONE_CHANGE_BYTES = ZONE_CHANGE.itemsize
_OUTCOME_BYTES = OUTCOME.itemsize
_CHANGE_BYTES = CHANGE.itemsize
_ROW_BYTES = ROW.itemsize
_REVISION_BYTES = REVISION.itemsize
_JOB_BYTES = JOB.itemsize
_OPINION_BYTES = OPINION.itemsize
_PAUSED_BYTES = PAUSED.itemsize
_PAUSE_BYTES = PAUSE.itemsize
_SPAN_BYTES = SPAN.itemsize


@spliced
def common_at(s: Any, row: int) -> Any:
    return _common(s.common + row * COMMON_BYTES)


@spliced
def clock_at(s: Any, row: int) -> Any:
    return _clock(s.clocks + row * _CLOCK_BYTES)


@spliced
def profile_at(s: Any, row: int) -> Any:
    return _profile(s.profiles + row * _PROFILE_BYTES)


@spliced
def pending_at(s: Any, at: int) -> Any:
    return _pending(s.pending + at * _PENDING_BYTES)


@spliced
def episode_at(s: Any, at: int) -> Any:
    return _episode(s.episodes + at * _EPISODE_BYTES)


@spliced
def rule_at(s: Any, at: int) -> Any:
    return _rule(s.rules + at * _RULE_BYTES)


@spliced
def zone_at(s: Any, at: int) -> Any:
    return _zone(s.zones + at * _ZONE_BYTES)


@spliced
def zone_change_at(s: Any, at: int) -> Any:
    return _zone_change(s.zone_changes + at * _ZONE_CHANGE_BYTES)


@spliced
def outcome_at(s: Any, at: int) -> Any:
    return _outcome(s.outcomes + at * _OUTCOME_BYTES)


@spliced
def change_at(s: Any, at: int) -> Any:
    return _change(s.changes + at * _CHANGE_BYTES)


@spliced
def due_at(s: Any, at: int) -> Any:
    return _row(s.due + at * _ROW_BYTES)


@spliced
def dirty_at(s: Any, at: int) -> Any:
    return _row(s.dirty + at * _ROW_BYTES)


@spliced
def revision_at(s: Any, at: int) -> Any:
    return _revision(s.revisions + at * _REVISION_BYTES)


@spliced
def job_at(s: Any, at: int) -> Any:
    return _job(s.jobs + at * _JOB_BYTES)


@spliced
def paused_at(s: Any, row: int) -> Any:
    return _paused(s.paused + row * _PAUSED_BYTES)


@spliced
def pause_at(s: Any, bit: int) -> Any:
    return _pause(s.pauses + bit * _PAUSE_BYTES)


@spliced
def span_at(s: Any, at: int) -> Any:
    return _span(s.spans + at * _SPAN_BYTES)


@spliced
def opinion_at(opinions: int, at: int) -> Any:
    """``opinions``: the address of a table of them, of series or of siblings."""
    return _opinion(opinions + at * _OPINION_BYTES)
