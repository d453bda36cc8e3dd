"""How surprising a value is by itself, after those before it, and as one of a run; no more than experience
supports."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from learners import ratio
from learners.block import lean
from learners.classify import CLASSES
from learners.compiled import kernel
from learners.dispatch import tail_surprise
from learners.grade import ASKED, place, stretch
from learners.lowpass import surprise as lowpass_surprise
from learners.memory import whole
from learners.residual import normal_score
from learners.runs import NEVER, flat
from learners.score import TESTS, beyond_far, in_first_week, is_weekend, is_young, supported
from monitor.shard.state import NO_TAIL, clock_at, common_at, episode_at, profile_at, rule_at
from monitor.shard.zones import local_offset

ORDINARY = 1.0  # surprise of the residual below which a bucket is no part of a lean
BURSTY = CLASSES.index("bursty")
_UNSEEN_DAY = 0.95
"""Share of what is asked of an anomaly that may be reached on a day of a kind that was not seen before."""


@kernel
def surprises(
    s: Any, row: int, ts_ms: int, value: float, expected: float, r: float, n: float, counted: bool
) -> tuple[float, float, float, float]:
    """Those of the residual ``r``, of the low-pass of residuals and of the run of equal values, and the
    low-pass. All 0 for a series without a model."""
    common, clock = common_at(s, row), clock_at(s, row)
    spike, shift, still = 0.0, 0.0, 0.0
    lowpass: float = np.float64(common.lowpass)
    if common.tail != NO_TAIL:
        spike = residual_surprise(s, row, value, expected, r, n, counted)
        extreme = (spike - TESTS) * stretch(place(whole(clock.cadence)))
        lowpass = lean(lowpass, np.float64(common.lowpass_scale), extreme, normal_score(spike, r))
        shift = lowpass_surprise(lowpass, common.lowpass_scale)
        still = flat(clock.streak, clock.run_max)
    most = most_supported(s, row, ts_ms, r)
    spike, shift = min(spike, most), min(shift, most)
    e = common.episode
    if e >= 0 and episode_at(s, e).adopted_at == 0 and episode_at(s, e).leaning == 0:
        # The low-pass remembers; an extreme is over when the residual says so.
        lowpass, shift = np.float64(common.lowpass), 0.0
    if e >= 0 and spike < ORDINARY:
        shift = 0.0  # and so is a lean, after some buckets that are quite ordinary by themselves
    return spike, shift, still, lowpass


@kernel
def residual_surprise(
    s: Any, row: int, value: float, expected: float, r: float, n: float, counted: bool
) -> float:
    """That of the residual ``r``; of a share of ``n`` cases no more than sampling allows."""
    spike = tail_surprise(s, common_at(s, row).tail, row, r)
    if counted:
        spike = min(spike, ratio.surprise(value, ratio.rate(expected, clock_at(s, row).n_mean), n))
    return spike


@kernel
def most_supported(s: Any, row: int, ts_ms: int, r: float) -> float:
    """The largest surprise that what the series has seen supports; any once it has seen enough."""
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    strange = on_unseen_day(s, row, ts_ms)
    if not (strange or is_young(clock.final_n, cadence)):
        return math.inf
    # A scale says little of what has stood still so far, and of what comes in bursts.
    far = 0.0 if clock.run_max == NEVER or profile_at(s, row).metric_class == BURSTY else r
    most = supported(clock.final_n, far, cadence)
    if strange:
        most = min(most, _UNSEEN_DAY * ASKED[place(cadence)] * beyond_far(far))
    return most


@kernel
def on_unseen_day(s: Any, row: int, ts_ms: int) -> bool:
    """Is ``ts_ms`` on a weekend of the first week of a series with a season, which knows no such day?"""
    clock = clock_at(s, row)
    if not in_first_week(clock.final_n, whole(clock.cadence)) or profile_at(s, row).period0 == 0:
        return False
    return is_weekend(ts_ms + local_offset(s, rule_at(s, clock.rule).zone, ts_ms))
