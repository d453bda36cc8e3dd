"""Drift detectors by their definitions: whole history, plain floats, every start and every cut tried."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise


def cusum(r: Sequence[float], allowance: float, limit: float) -> list[float]:
    """The largest sum that ends here, whatever its start, on the larger side; both anew after a report."""
    said: list[float] = []
    begin = 0
    for end in range(1, len(r) + 1):
        up = max(sum(x - allowance for x in r[start:end]) for start in range(begin, end + 1))
        down = max(sum(-x - allowance for x in r[start:end]) for start in range(begin, end + 1))
        said.append((up if up >= down else -down) / limit)
        if max(up, down) >= limit:
            begin = end
    return said


def widest_cut(window: Sequence[float], sizes: Sequence[int], shortest: int, delta: float) -> float:
    """The largest |difference of means| over its bound, at the cuts between buckets of ``sizes``."""
    depth = math.log(2.0 * math.log(len(window)) / delta)
    variance = statistics.pvariance(window)
    at, found = 0, 0.0
    for size in sizes:
        at += size
        old, young = window[:at], window[at:]
        if len(old) < shortest or len(young) < shortest:
            continue
        share = 1.0 / (len(old) - shortest + 1) + 1.0 / (len(young) - shortest + 1)
        bound = math.sqrt(2.0 * share * variance * depth) + 2.0 / 3.0 * depth * share
        found = max(found, abs(statistics.fmean(young) - statistics.fmean(old)) / bound)
    return found


def frozen_reference(
    values: Sequence[float], span: int, blocks: int, rate: float, limit: float, smallest: float
) -> list[float]:
    """The statistic after each full block beyond the reference."""
    means = [statistics.fmean(values[i : i + span]) for i in range(0, len(values) - span + 1, span)]
    level, spread = statistics.fmean(means[:blocks]), statistics.stdev(means[:blocks])
    threshold = max(limit * spread * math.sqrt(rate / (2.0 - rate) + 1.0 / blocks), smallest)
    recent, said = 0.0, []
    for mean in means[blocks:]:
        away = max(-3.0 * threshold, min(3.0 * threshold, mean - level))
        recent = (1.0 - rate) * recent + rate * away
        said.append(recent / threshold)
    return said


def clearest_split(values: Sequence[float], least: int) -> tuple[int, float]:
    """Where the sum of squared rank deviations falls most by a split, and the fall over its unit's square."""
    n = len(values)
    ranks = [sum(x < y for x in values) + 0.5 * (sum(x == y for x in values) + 1) for y in values]

    def cost(part: Sequence[float]) -> float:
        mean = statistics.fmean(part)
        return sum((x - mean) ** 2 for x in part)

    whole = cost(ranks)
    falls = {k: whole - cost(ranks[:k]) - cost(ranks[k:]) for k in range(least, n - least + 1)}
    at = max(falls, key=lambda k: falls[k])
    return at, falls[at] / (whole / (n - 1))


def weekly_reference(
    weeks: Sequence[float],
    scale: float,
    made_of: int,
    limit: float,
    smallest: float,
    grows: int,
    trend_t: float,
) -> list[float]:
    """The statistic after each week of the whole history beyond the reference."""
    reference, at = weeks[:made_of], list(range(made_of))
    slope, start = statistics.linear_regression(at, reference)
    away = sum((week - start - slope * i) ** 2 for i, week in zip(at, reference, strict=True))
    level, usual = statistics.fmean(reference), statistics.fmean((b - a) ** 2 for a, b in pairwise(reference))
    steep = slope**2 * 10 > trend_t**2 * away

    def beyond(week: int) -> float:
        line = start + slope * week if steep else level
        low, high = min(line, level), max(line, level)
        return max(weeks[week] - high, 0.0) + min(weeks[week] - low, 0.0)

    said = []
    for now in range(made_of, len(weeks)):
        passed = now - made_of + 1
        bends = sorted(
            0.5 * (weeks[i] - 2 * weeks[i - 1] + weeks[i - 2]) ** 2 for i in range(made_of, now + 1)
        )
        later = statistics.fmean(bends[:-2]) if len(bends) > 2 else 0.0
        bound = max(limit * math.sqrt(max(usual, later) * min(passed, grows)), smallest * scale)
        new, old = beyond(now), beyond(now - 1)
        both = min(abs(new), abs(old)) if new * old > 0.0 and passed > 1 else 0.0
        said.append(math.copysign(both, new) / bound)
    return said
