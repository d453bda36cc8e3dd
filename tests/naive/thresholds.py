"""The laws of the thresholds by bisection, integration and sorting instead of formulas and steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from scipy import integrate, stats


def inverse(law: Callable[[float], float], level: float) -> float:
    """The r >= 0 at which an increasing ``law`` reaches ``level``, by bisection."""
    low, high = 0.0, 1.0
    while law(high) < level:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if law(middle) < level else (low, middle)
    return high


def gaussian(r: float) -> float:
    return float(-stats.norm.logsf(abs(r)) / math.log(10.0))


def student(r: float, degrees: float) -> float:
    return float(-stats.t.logsf(abs(r), degrees) / math.log(10.0))


def pareto(r: float, threshold: float, scale: float, shape: float, exceeded: float) -> float:
    """Beyond the threshold: `exceeded` times the generalised Pareto law."""
    tail = stats.genpareto.logsf(r - threshold, shape, scale=scale)
    return float(-(tail / math.log(10.0) + math.log10(exceeded)))


def largest(residuals: Sequence[float], side: int, half_life: float) -> float:
    """The largest deviation on a side, each worth half after ``half_life`` samples; at least 1."""
    n = len(residuals)
    ages = ((n - 1 - i, side * r) for i, r in enumerate(residuals) if side * r > 0.0)
    return max([1.0, *(far * math.exp2(-age / half_life) for age, far in ages)])


def noncentral_t(z: float, degrees: float, skewness: float) -> float:
    """-log10 P(T >= z), T = (Z + skewness) / sqrt(V / degrees): the integral over V, chi-square."""

    def beyond(v: float) -> float:
        return float(stats.norm.sf(z * math.sqrt(v / degrees) - skewness) * stats.chi2.pdf(v, degrees))

    most = float(stats.chi2.isf(1e-12, degrees))
    edges = [0.0, *(most * 2.0**-k for k in range(24, -1, -1))]
    parts = (integrate.quad(beyond, a, b)[0] for a, b in itertools.pairwise(edges))
    return -math.log10(sum(parts))


def tracked(
    residuals: Sequence[float], p: Sequence[float], start: Sequence[float], rate: float
) -> list[float]:
    """Quantiles of one side that rise when they are exceeded and fall when not, by shares of their gaps."""
    q = list(start)
    for r in residuals:
        gaps = [q[0], q[1] - q[0], q[2] - q[1]]
        q = [q[i] + rate * gaps[i] * ((1.0 if r > q[i] else 0.0) - p[i]) for i in range(3)]
    return q
