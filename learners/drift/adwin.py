"""ADWIN: a window that is cut where the means before and after the cut differ. 616 bytes a series.

The window is an exponential histogram: row k holds up to `BUCKETS` buckets of 2^k samples each; when a row
has one more, its two oldest become one bucket of the next. `ROWS` rows reach back some 20,000 samples; what
would go further falls out. At every `CLOCK`-th sample each cut between buckets is tried,

    |mean before - mean after| > sqrt(2 v d / n) + 2 d / (3 n),   d = ln(2 ln(window) / delta),

with n the harmonic size of both parts and v the variance of the window; while a cut is found the oldest
bucket is dropped. So the size of the change need not be known. About 35 ns a sample on average.

A sample is taken whole or not at all: from weight 1/2 on.

Sources: A. Bifet & R. Gavaldà, SIAM Data Mining (2007) 443; River's `ADWIN` (equal to it until its first
report, after which River's forgets everything and this one keeps the newer part; by test).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

DELTA = 0.002
CLOCK = 32
BUCKETS = 5
ROWS = 12
SHORTEST = 5
GRACE = 10
CLIP = 4.0
FALSE_ALARM = 1e-5
"""At most so many reports a sample of independent residuals of scale 1, heavy tails included."""
DELAY_MAX = 96
"""Samples within which a shift of one scale is reported 19 times of 20, after 1,000 samples without."""

dtype = np.dtype(
    [
        ("total", "f8"),
        ("square", "f8"),  # squared deviations from the window's mean, summed
        ("width", "u4"),
        ("tick", "u4"),
        ("statistic", "f4"),
        ("used", "u1", (ROWS,)),
        ("totals", "f4", (ROWS, BUCKETS + 1)),  # oldest first
        ("squares", "f4", (ROWS, BUCKETS + 1)),
    ],
    align=True,
)


@kernel
def update(m: Any, r: float, weight: float) -> float:
    """Take in the residual ``r`` (in scales) with ``weight`` in [0, 1].

    The largest difference between two parts of the window over what chance allows, as of the last trial;
    negative downwards; from 1 (-1) on a drift is reported, once.
    """
    if weight < 0.5:
        return float(m.statistic)
    _insert(m, min(max(r, -CLIP), CLIP))
    m.tick += 1
    if m.tick % CLOCK:
        return float(m.statistic)
    m.tick = 0
    if m.width <= GRACE:
        return 0.0
    found = 0.0
    while True:
        statistic = _widest(m)
        if abs(statistic) > abs(found):
            found = statistic
        if abs(statistic) <= 1.0:
            break
        _drop_oldest(m)
    m.statistic = statistic
    return float(found)


@kernel
def _insert(m: Any, x: float) -> None:
    _append(m, 0, x, 0.0)
    if m.width > 0:
        away = x - m.total / m.width
        m.square += m.width * away * away / (m.width + 1.0)
    m.width += 1
    m.total += x
    for k in range(ROWS):
        if m.used[k] <= BUCKETS:
            return
        if k == ROWS - 1:
            _drop_oldest(m)
            return
        first, second = np.float64(m.totals[k, 0]), np.float64(m.totals[k, 1])
        size = float(1 << k)
        apart = (first - second) / size
        square = np.float64(m.squares[k, 0]) + np.float64(m.squares[k, 1]) + 0.5 * size * apart * apart
        _remove_first(m, k, 2)
        _append(m, k + 1, first + second, square)


@kernel
def _append(m: Any, row: int, total: float, square: float) -> None:
    at = m.used[row]
    m.totals[row, at] = total
    m.squares[row, at] = square
    m.used[row] = at + 1


@kernel
def _remove_first(m: Any, row: int, many: int) -> None:
    left = m.used[row] - many
    for i in range(left):
        m.totals[row, i] = m.totals[row, i + many]
        m.squares[row, i] = m.squares[row, i + many]
    for i in range(left, left + many):
        m.totals[row, i] = 0.0
        m.squares[row, i] = 0.0
    m.used[row] = left


@kernel
def _drop_oldest(m: Any) -> None:
    for row in range(ROWS - 1, -1, -1):
        if m.used[row] == 0:
            continue
        size = float(1 << row)
        total, left = np.float64(m.totals[row, 0]), m.width - size
        m.total -= total
        if left > 0.0:
            away = total / size - m.total / left
            m.square -= np.float64(m.squares[row, 0]) + size * left * away * away / (size + left)
        m.square = max(m.square, 0.0) if left > 0.0 else 0.0
        m.width = int(left)
        _remove_first(m, row, 1)
        return


@kernel
def _widest(m: Any) -> float:
    """The largest difference between the parts at any cut, over what chance allows."""
    depth = math.log(2.0 * math.log(m.width) / DELTA)
    variance = m.square / m.width
    old, old_total, found = 0.0, 0.0, 0.0
    for row in range(ROWS - 1, -1, -1):
        size = float(1 << row)
        for i in range(m.used[row]):
            old += size
            old_total += np.float64(m.totals[row, i])
            young = m.width - old
            if old < SHORTEST or young < SHORTEST:
                continue
            apart = (m.total - old_total) / young - old_total / old
            share = 1.0 / (old - SHORTEST + 1.0) + 1.0 / (young - SHORTEST + 1.0)
            chance = math.sqrt(2.0 * share * variance * depth) + 2.0 / 3.0 * depth * share
            if abs(apart) > chance * abs(found):
                found = apart / chance
    return found


def new() -> NDArray[np.void]:
    """A record that has seen nothing, shape ().

    >>> rows = new().reshape(1)
    >>> seen = [update(rows[0], r, 1.0) for r in [0.0] * 512 + [1.0] * 512]
    >>> [i for i, statistic in enumerate(seen) if statistic > 1.0], int(rows["width"][0])
    ([543, 575], 520)
    """
    return np.zeros((), dtype)
