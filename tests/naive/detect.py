"""Score-only detectors by their definitions: groups of points, sums of waves, one outlier after another."""

from __future__ import annotations

import cmath
import math
import statistics
from collections.abc import Sequence

from scipy import stats


def saliency(y: Sequence[float], span: int) -> list[float]:
    """|inverse transform| of exp(log amplitude - its trailing mean, the first repeated) with the phases."""
    n = len(y)
    spectrum = [sum(y[t] * cmath.exp(-2j * math.pi * k * t / n) for t in range(n)) for k in range(n)]
    logs = [math.log(max(abs(c), 1e-8)) for c in spectrum]
    parts = []
    for k in range(n):
        mean = statistics.fmean(logs[max(k - j, 0)] for j in range(span))
        parts.append(cmath.rect(math.exp(logs[k] - mean), cmath.phase(spectrum[k])))
    return [abs(sum(parts[k] * cmath.exp(2j * math.pi * k * t / n) for k in range(n)) / n) for t in range(n)]


def esd(rest: Sequence[float], alpha: float, most: int) -> list[int]:
    """Positions of outliers by the generalised test with median and median absolute deviation."""
    left, removed, found, n = list(range(len(rest))), [], 0, len(rest)
    for i in range(1, most + 1):
        middle = statistics.median(rest[j] for j in left)
        deviation = 1.4826 * statistics.median(abs(rest[j] - middle) for j in left)
        if deviation == 0.0:
            break
        worst = max(left, key=lambda j: abs(rest[j] - middle))
        t = stats.t.isf(alpha / (2 * (n - i + 1)), n - i - 1)
        if abs(rest[worst] - middle) / deviation > (n - i) * t / math.sqrt((n - i - 1 + t * t) * (n - i + 1)):
            found = i
        removed.append(worst)
        left.remove(worst)
    return sorted(removed[:found])


Tree = int | tuple["Tree", "Tree"]
"""A point's number, or two sides of a cut."""


def points(tree: Tree) -> list[int]:
    return [tree] if isinstance(tree, int) else [*points(tree[0]), *points(tree[1])]


def displacement(tree: Tree, point: int) -> float:
    """The largest, over the groups that hold ``point``, of points on the other side over members."""
    if isinstance(tree, int):
        return 0.0
    here, there = tree if point in points(tree[0]) else (tree[1], tree[0])
    return max(len(points(there)) / len(points(here)), displacement(here, point))
