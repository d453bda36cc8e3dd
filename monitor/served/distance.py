"""Distances between two samples of one feature, each beside what chance gives at their sizes.

A distance by itself says little: with few cases everything is far, with very many anything is. So each comes
with the value that two samples of these sizes from one distribution reach once in a thousand times, and with
its probability. Numbers are compared on ten bins of equal share of the reference (Kolmogorov-Smirnov and
Wasserstein on the numbers themselves), words by their counts, of which rare ones are one; what is missing is
a bin of its own in both. With X² the two-sample chi-squared statistic over k bins, and r = 1/n + 1/m, PSI is
near r·X² and the Jensen-Shannon divergence near r·X²/8 (both by expansion around equality), hence their laws.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from monitor.domain.served import Distance

BINS = 10
CHANCE = 1e-3
RARE = 10
LEAST = 30
"""Fewer cases on either side are not compared at all."""

Floats = NDArray[np.float64]


class Numbers:
    """The reference side of a feature of numbers, worked out once: 8 bytes a row."""

    def __init__(self, reference: Floats) -> None:
        self.rows = len(reference)
        self.known = np.sort(reference[~np.isnan(reference)])
        quantiles = np.arange(1, BINS) / BINS
        self.edges = np.unique(np.quantile(self.known, quantiles)) if len(self.known) else self.known
        self.counts = self._binned(reference)

    def to(self, current: Floats, *, whole: bool = True) -> dict[str, Distance]:
        """psi, jensen_shannon and, if ``whole``, kolmogorov_smirnov and wasserstein (in standard deviations
        of the reference); NaN is missing. Empty where either side has fewer than `LEAST` rows."""
        if min(self.rows, len(current)) < LEAST:
            return {}
        found = _of_counts(self.counts, self._binned(current))
        if not whole:
            return found
        now = np.sort(current[~np.isnan(current)])
        if min(len(self.known), len(now)) >= LEAST:
            found |= {
                "kolmogorov_smirnov": _kolmogorov_smirnov(self.known, now),
                "wasserstein": _wasserstein(self.known, now),
            }
        return found

    def _binned(self, values: Floats) -> Floats:
        bins = np.searchsorted(self.edges, values, side="left")
        bins[np.isnan(values)] = len(self.edges) + 1
        return np.bincount(bins, minlength=len(self.edges) + 2).astype(np.float64)


class Words:
    """The reference side of a feature of words, which are codes."""

    def __init__(self, reference: Floats) -> None:
        self.rows = len(reference)
        self.counts = self._counted(reference)

    def to(self, current: Floats, *, whole: bool = True) -> dict[str, Distance]:
        """psi, jensen_shannon and, if ``whole``, chi_squared; NaN is missing."""
        if min(self.rows, len(current)) < LEAST:
            return {}
        now = self._counted(current)
        counts = np.zeros((2, max(len(self.counts), len(now))))
        counts[0, : len(self.counts)] = self.counts
        counts[1, : len(now)] = now
        sums = counts.sum(axis=0)
        rare = sums < RARE
        counts = np.concatenate([counts[:, ~rare], counts[:, rare].sum(axis=1, keepdims=True)], axis=1)
        return _of_counts(counts[0], counts[1], chi_squared=whole)

    @staticmethod
    def _counted(values: Floats) -> Floats:
        """By code, what is missing first."""
        return np.bincount(np.where(np.isnan(values), 0, values + 1).astype(np.int64)).astype(np.float64)


def of_numbers(reference: Floats, current: Floats) -> dict[str, Distance]:
    return Numbers(reference).to(current)


def of_words(reference: Floats, current: Floats) -> dict[str, Distance]:
    return Words(reference).to(current)


def _of_counts(reference: Floats, current: Floats, chi_squared: bool = False) -> dict[str, Distance]:
    used = reference + current > 0
    a, b = reference[used], current[used]
    m, n = float(a.sum()), float(b.sum())
    ratio, freedom, both = 1 / m + 1 / n, max(len(a) - 1, 1), a + b
    statistic = float(((a * n - b * m) ** 2 / both).sum()) / (m * n) if len(a) > 1 else 0.0
    p, most = float(special.chdtrc(freedom, statistic)), _most(freedom)
    # Half a case in every bin: an empty one is unlikely, not impossible.
    q, r = (a + 0.5) / (m + len(a) / 2), (b + 0.5) / (n + len(a) / 2)
    middle = (a / m + b / n) / 2
    divergence = _entropy(middle) - (_entropy(a / m) + _entropy(b / n)) / 2
    found = {
        "psi": Distance(float(((r - q) * np.log(r / q)).sum()), ratio * most, p),
        "jensen_shannon": Distance(
            math.sqrt(max(divergence, 0.0) / math.log(2)), math.sqrt(ratio * most / (8 * math.log(2))), p
        ),
    }
    if chi_squared:
        found["chi_squared"] = Distance(statistic, most, p)
    return found


@lru_cache(maxsize=1_024)
def _most(freedom: int) -> float:
    return float(special.chdtri(freedom, CHANCE))


def _entropy(shares: Floats) -> float:
    return float(special.entr(shares).sum())


def _kolmogorov_smirnov(known: Floats, now: Floats) -> Distance:
    # Between two of the current values G stands still and F rises, so F at either end is all that counts.
    upper = np.searchsorted(known, now, side="right") / len(known)
    lower = np.searchsorted(known, now, side="left") / len(known)
    above = np.searchsorted(now, now, side="right") / len(now)
    under = np.searchsorted(now, now, side="left") / len(now)
    value = float(max(np.abs(upper - above).max(), np.abs(lower - under).max()))
    root = math.sqrt(len(known) * len(now) / (len(known) + len(now)))
    stretch = root + 0.12 + 0.11 / root  # Stephens' correction for small samples
    chance = float(special.kolmogi(CHANCE)) / stretch
    return Distance(value, chance, float(special.kolmogorov(value * stretch)))


def _wasserstein(known: Floats, now: Floats) -> Distance:
    """The mean of |F − G| over the line. By chance F − G has at each place the variance r·F(1 − F); the whole
    is taken for Gaussian on one side, with the variance of perfectly correlated places, which is the most."""
    spread = float(known.std())
    every = np.sort(np.concatenate([known, now]))
    width = np.diff(every)
    below = np.searchsorted(known, every[:-1], side="right") / len(known)
    under = np.searchsorted(now, every[:-1], side="right") / len(now)
    value = float((np.abs(below - under) * width).sum())
    both = (below * len(known) + under * len(now)) / (len(known) + len(now))
    ratio = 1 / len(known) + 1 / len(now)
    scale = float((np.sqrt(ratio * both * (1 - both)) * width).sum())
    size = spread or float(width.sum()) or 1.0
    sigmas = value / scale if scale else 0.0
    chance = scale * float(special.ndtri(1 - CHANCE / 2)) / size
    return Distance(value / size, chance, float(2 * special.ndtr(-sigmas)))


def summary(found: dict[str, Distance]) -> dict[str, dict[str, Any]]:
    """As plain values."""
    return {
        name: {"value": d.value, "chance": d.chance, "excess": d.excess, "p": d.p}
        for name, d in found.items()
    }
