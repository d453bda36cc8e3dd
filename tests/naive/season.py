"""Turns of a period, compared from their definitions, one number after the other."""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median_low


def turns_of(x: Sequence[float], period: int) -> list[list[float]]:
    """Whole turns, the last one ending with the newest value."""
    many = len(x) // period
    first = len(x) - many * period
    return [list(x[first + j * period : first + (j + 1) * period]) for j in range(many)]


def levelled(turns: Sequence[Sequence[float]]) -> list[list[float]]:
    """Without each turn's mean and the median increment of those."""
    period = len(turns[0])
    means = [sum(turn) / period for turn in turns]
    slope = median_low([(b - a) / period for a, b in pairwise(means)])
    middle = (period - 1) / 2
    return [
        [value - mean - slope * (s - middle) for s, value in enumerate(turn)]
        for turn, mean in zip(turns, means, strict=True)
    ]


def surprise(x: Sequence[float], period: int, harmonic: int, usual_most: float = math.inf) -> float:
    """-ln of the chance that noise agrees so well from turn to turn; no turn above ``usual_most`` times the
    median power."""
    turns = levelled(turns_of(x, period))
    turn_of = [
        sum(value * cmath.exp(-2j * math.pi * harmonic * s / period) for s, value in enumerate(turn))
        for turn in turns
    ]
    most = usual_most * median_low([abs(a) ** 2 for a in turn_of])
    kept = [a * math.sqrt(most) / abs(a) if abs(a) ** 2 > most else a for a in turn_of]
    m = len(kept)
    coherence = abs(sum(kept)) ** 2 / (m * sum(abs(a) ** 2 for a in kept))
    return -(m - 1) * math.log(max(1 - coherence, 1e-15))


def strength(x: Sequence[float], period: int) -> float:
    """Share of a typical turn's variance that the mean of the other turns explains; what is farther from the
    mean turn than three deviations, by the mean distance, is drawn in to there."""
    turns = levelled(turns_of(x, period))
    m, places = len(turns), range(period)
    first = [sum(turn[s] for turn in turns) / m for s in places]
    distance = sum(abs(turn[s] - first[s]) for turn in turns for s in places) / (m * period)
    most = 3 * 1.2533 * distance
    mean = [first[s] + sum(clipped(turn[s] - first[s], most) for turn in turns) / m for s in places]
    shares = []
    for turn in turns:
        rest = [clipped(turn[s] - mean[s], most) for s in places]
        left = sum((value * m / (m - 1)) ** 2 for value in rest)
        shares.append(max(1 - left / sum((a + b) ** 2 for a, b in zip(mean, rest, strict=True)), -1.0))
    return median_low(shares)


def clipped(value: float, most: float) -> float:
    return min(max(value, -most), most)


def gamma_decades(count: int, total: float) -> float:
    """-log10 of the chance that ``count`` standard exponentials sum up to more than ``total``."""
    return -math.log10(math.exp(-total) * sum(total**i / math.factorial(i) for i in range(count)))
