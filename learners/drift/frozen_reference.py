"""Absorbed drift: a frozen level and spread beside the band that adapts. 32 bytes a series, about 14 ns.

A baseline that follows a slow ramp has small residuals all the way, so residuals cannot tell of it. Here
*values* are compared with what they were: means over blocks of ``span`` samples (a day or another whole
season, which thereby cancels out). The first `BLOCKS` blocks make the reference, its level and the spread of
block means about it, and then it is frozen. After that an exponential mean of the blocks' deviations
(rate 1/4: about a week of days) is held against

    max(LIMIT * spread * sqrt(rate / (2 - rate) + 1 / BLOCKS), SMALLEST scales)

A deviation is clipped at three times that, so one bad block reports nothing and two in a row may. The
report stands until the level returns or the reference is made anew (`new`).

The reference is itself an estimate, which is why `LIMIT` is wide. Of 1,000 series without drift whose block
means are independent and Gaussian, 3 are reported in a year of daily blocks; 60 to 120 if the block *means*
are heavy-tailed or skewed, and more where values wander for days (170 at an autocorrelation of 0.97 from
hour to hour). A ramp of 0.1 scales a day is reported after 10 days in white noise, after 23 at 0.9. Where
weekends differ a block must be a week: with days the spread of the reference holds the difference, and the
ramp stays below. Missing buckets are passed over, so a block then takes longer. What the learning pass uses
instead is `reference`.

Source: the control chart on batch means, e.g. S. W. Roberts, Technometrics 1 (1959) 239.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

BLOCKS = 14
RATE = 0.25
LIMIT = 6.5
SMALLEST = 0.5
_SPAN = 24
_WIDEST = 3.0
_LARGE = 1e9
_REACH = math.sqrt(RATE / (2.0 - RATE) + 1.0 / BLOCKS)
FALSE_ALARM = 1e-5
"""At most so many reports a sample of independent values of scale 1 in blocks of 24, heavy tails included."""
DELAY_MAX = 10 * _SPAN
"""Samples within which a shift of one scale is reported 19 times of 20, in blocks of 24."""

dtype = np.dtype(
    [
        ("span", "u4"),  # samples in a block; 0: 24
        ("seen", "u4"),  # of the block that is being filled
        ("weight", "f4"),
        ("mean", "f4"),
        ("blocks", "u4"),  # that the reference is made of
        ("level", "f4"),
        ("square", "f4"),  # squared deviations of those blocks from the level, summed
        ("recent", "f4"),  # exponential mean of later deviations
    ],
    align=True,
)


@kernel
def threshold(m: Any) -> float:
    """The lasting deviation from the level that is reported, in the units of the values."""
    spread = math.sqrt(max(np.float64(m.square), 0.0) / (BLOCKS - 1.0))
    return max(LIMIT * spread * _REACH, SMALLEST)


@kernel
def update(m: Any, r: float, weight: float) -> float:
    """Take in the *value* ``r``, in the series' units of scale, with ``weight`` in [0, 1].

    The lasting deviation over `threshold`, negative downwards; from 1 (-1) on it is a drift. 0 while the
    reference is being made.
    """
    if weight > 0.0:
        x = min(max(r, -_LARGE), _LARGE)
        total = m.weight + weight
        m.mean = m.mean + weight * (x - m.mean) / total
        m.weight = total
        m.seen += 1
        if m.seen >= (m.span if m.span > 0 else _SPAN):
            _close(m)
    if m.blocks < BLOCKS:
        return 0.0
    return float(m.recent / threshold(m))


@kernel
def _close(m: Any) -> None:
    """The block is full."""
    away = np.float64(m.mean) - m.level
    if m.blocks < BLOCKS:
        m.blocks += 1
        m.level = m.level + away / m.blocks
        m.square = min(m.square + away * (m.mean - m.level), 1e30)
    else:
        most = _WIDEST * threshold(m)
        m.recent = m.recent + RATE * (min(max(away, -most), most) - m.recent)
    m.seen, m.weight, m.mean = 0, 0.0, 0.0


def new(span: int = _SPAN) -> NDArray[np.void]:
    """A record that has seen nothing, shape (); ``span``: samples in a block, a day or a longest season.

    >>> rows = new(span=4).reshape(1)
    >>> still = [update(rows[0], 10.0 + i % 4, 1.0) for i in range(400)]
    >>> moved = [update(rows[0], 11.0 + i % 4, 1.0) for i in range(40)]
    >>> max(still), [i for i, statistic in enumerate(moved) if statistic >= 1.0][0]
    (0.0, 11)
    """
    if span < 1:
        raise ValueError(f"a block has at least one sample, not {span}")
    record = np.zeros((), dtype)
    record["span"] = span
    return record
