"""How far from what is expected a value may lie: the width of a residual, and the band."""

from __future__ import annotations

from typing import Any

import numpy as np

from learners import ratio
from learners.classify import CLASSES
from learners.compiled import kernel
from learners.dispatch import pace, tail_floor, tail_opens
from learners.grade import ASKED, place
from learners.horizon import widening
from learners.memory import whole
from learners.residual import width as residual_width
from monitor.shard.state import REACH_UNIT, clock_at, common_at, episode_at, profile_at, rule_at

SHARE = CLASSES.index("ratio")


@kernel
def is_share(s: Any, row: int, n: float) -> bool:
    """Is a value with this ``n`` a share of so many cases?"""
    return n > 0.0 and (
        rule_at(s, clock_at(s, row).rule).ratio != 0 or profile_at(s, row).metric_class == SHARE
    )


@kernel
def width_next(s: Any, row: int, scale: float, expected: float, n: float, counted: bool) -> float:
    """How wide a residual of the next bucket's forecast may be; ``counted``: of a share of ``n`` cases."""
    common = common_at(s, row)
    floored = max(scale, tail_floor(s, common.tail, row))
    return residual_width(floored, expected, n, clock_at(s, row).n_mean, np.float64(common.unit), counted)


@kernel
def wider_ahead(s: Any, row: int, bucket: int, scale: float) -> float:
    """How much wider the forecast is than one of the bucket before: after a gap, and in an open anomaly."""
    common, clock = common_at(s, row), clock_at(s, row)
    ahead = 1 - clock.streak if clock.streak < 0 else 1
    e = common.episode
    if e >= 0 and episode_at(s, e).outer >= 0:
        e = episode_at(s, e).outer
    if e >= 0 and episode_at(s, e).adopted_at == 0:
        ahead = max(ahead, bucket - whole(episode_at(s, e).onset) + 1)
    if ahead <= 1:
        return 1.0
    reach = profile_at(s, row).reach * REACH_UNIT
    return widening(pace(s, common.champion, 2 * row), ahead, scale, reach)


@kernel
def band(s: Any, row: int, expected: float, width: float, n: float, counted: bool) -> tuple[float, float]:
    """Where an anomaly would open on either side."""
    common, clock = common_at(s, row), clock_at(s, row)
    grade = place(whole(clock.cadence))
    unit = np.float64(common.unit)
    lower: float = expected - tail_opens(s, common.tail, row, -1, grade) * width * unit
    upper: float = expected + tail_opens(s, common.tail, row, 1, grade) * width * unit
    if counted:
        rate = ratio.rate(expected, clock.n_mean)
        lower = max(min(lower, ratio.limit(-1, rate, n, ASKED[grade])), 0.0)
        upper = min(max(upper, ratio.limit(1, rate, n, ASKED[grade])), 1.0)
    return lower, upper
