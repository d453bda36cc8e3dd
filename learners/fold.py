"""Turns laid over one another: what the mean turn foretells, and whether a rough one comes back.

Eight harmonics (`turns`) do not see a pattern as rough as noise that comes back all the same. For it the
steps from bucket to bucket, which are near white whatever the noise, are folded, and the variance of the mean
turn is held against that between turns (F, cube root of Wilson and Hilferty), with half the degrees of
freedom.
"""

from __future__ import annotations

import math
from typing import Any

from learners.cleaned import FAR, clipped_step
from learners.compiled import inlined, kernel
from learners.cut import median, total
from learners.turns import DIVISORS, EVIDENCE_MAX


@kernel
def roughness(
    x: Any, usual: Any, period: int, m: int, places: Any, profile: Any, squares: Any, found: Any
) -> None:
    """Decades against noise of the fold of differences: of all of it, then of what is left of the mean turn
    when a half, a third, … of it is folded once more; ``found`` float64[1 + len(DIVISORS)]."""
    for i in range(len(found)):
        found[i] = 0.0
    if m < 2:
        return
    for s in range(period):
        profile[s] = squares[s] = 0.0
    for j in range(m):
        part = x[places[j] : places[j] + period]
        for s in range(1, period):
            step = clipped_step(part, s, usual)
            profile[s] += step
            squares[s] += step * step
    square, size = total(squares, 1, period), 0.0
    slope = total(profile, 1, period) / (m * (period - 1))
    for s in range(1, period):
        profile[s] = profile[s] / m - slope
        size += profile[s] * profile[s]
    within = square - m * (size + (period - 1) * slope * slope)
    if not square > 1e-20:
        return
    free = 0.5 * (m - 1) * period
    noise = max(within, 1e-12 * square) / free
    found[0] = _f_decades(0.5 * period, free, m * size / (0.5 * period * noise))
    for i in range(len(DIVISORS)):
        divisor = DIVISORS[i]
        if period % divisor or period // divisor < 2:
            continue
        short = period // divisor
        left = size
        for s in range(short):
            whole, count = 0.0, 0
            for b in range(s, period, short):
                if b > 0:
                    whole += profile[b]
                    count += 1
            left -= whole * whole / count
        own = 0.5 * (period - short)
        found[1 + i] = _f_decades(own, free, m * max(left, 0.0) / (own * noise))


@kernel
def _f_decades(own: float, free: float, ratio: float) -> float:
    """-log10 of the chance of an F with so many degrees of freedom above ``ratio``, about."""
    root = ratio ** (1.0 / 3.0)
    a, b = 2.0 / (9.0 * own), 2.0 / (9.0 * free)
    z = ((1.0 - b) * root - (1.0 - a)) / math.sqrt(a + b * root * root)
    return min(0.5 * z * z / math.log(10.0), EVIDENCE_MAX) if z > 0.0 else 0.0


@kernel
def fold(
    x: Any, weight: Any, period: int, m: int, means: Any, places: Any, slope: float, profile: Any, spare: Any
) -> tuple[float, float]:
    """Strength and variance of the mean turn, which goes to the first row of ``profile``.

    ``profile`` float64[4, >= period] and ``spare`` float64[>= m] are used up.

    Strength: the share of a typical turn's variance (median over turns) that the mean of the *other* turns
    explains, after level and slope; below 0 where it makes things worse. Gaps, of ``weight`` 0 in place of 1,
    have no say. The mean is taken twice: then what is farther from the first one than three deviations is
    drawn in to there.
    """
    mean, there, more, other = profile[0], profile[1], profile[2], profile[3]
    for s in range(period):
        mean[s] = there[s] = more[s] = other[s] = 0.0
    for j in range(m):
        at = places[j]
        for s in range(period):
            there[s] += weight[at + s]
            mean[s] += weight[at + s] * _levelled(x, at, s, period, means[j], slope)
    for s in range(period):
        mean[s] /= max(there[s], 1.0)
    for j in range(m):
        at = places[j]
        for s in range(period):
            more[s] += weight[at + s] * abs(_levelled(x, at, s, period, means[j], slope) - mean[s])
    most = FAR * total(more, 0, period) / max(total(there, 0, period), 1.0)
    for j in range(m):
        at = places[j]
        for s in range(period):
            rest = _levelled(x, at, s, period, means[j], slope) - mean[s]
            other[s] += weight[at + s] * min(max(rest, -most), most)
    for s in range(period):
        mean[s] += other[s] / max(there[s], 1.0)
        other[s] = mean[s] * mean[s]
    variance = total(other, 0, period) / period
    if m < 2:
        return 0.0, variance
    for s in range(period):  # of a turn held out
        there[s] = (there[s] / (there[s] - 1.0)) ** 2 if there[s] > 1.0 else 0.0
    for j in range(m):
        at = places[j]
        for s in range(period):
            rest = _levelled(x, at, s, period, means[j], slope) - mean[s]
            rest = min(max(rest, -most), most)
            counts = weight[at + s] if there[s] > 0.0 else 0.0
            more[s] = counts * there[s] * rest * rest
            other[s] = counts * (mean[s] + rest) ** 2
        square, left = total(other, 0, period), total(more, 0, period)
        spare[j] = max(1.0 - left / square, -1.0) if square > 1e-20 * period else 0.0
    return median(spare, m), variance


@inlined
def _levelled(x: Any, at: int, s: int, period: int, mean: float, slope: float) -> float:
    value: float = x[at + s]
    return value - mean - slope * (s - 0.5 * (period - 1))
