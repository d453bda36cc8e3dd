"""Bucketing, slow and obvious: which buckets become final with which value, which samples are too late."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Sample = tuple[int, float, float]
"""Time in ms, value, n (NaN: none)."""

YOUNG = 8
MOST_WAITING = 64


def bucketed(
    samples: Sequence[Sample], cadence: int, lateness: int | None, aggregation: str
) -> tuple[dict[int, tuple[float, float]], list[Sample]]:
    """Samples in order of arrival -> value and n (as float32) by the bucket's start; and the late samples."""
    kept: dict[int, tuple[float, float]] = {}
    late: list[Sample] = []
    newest = -1
    young = True
    for ts, value, n in samples:
        bucket = ts // cadence
        if not young and bucket <= last_final(newest, cadence, lateness):
            late.append((ts, value, n))
            continue
        kept[ts] = max(kept.get(ts, (value, n)), (value, n), key=by_size)
        newest = max(newest, bucket)
        if young:
            times = sorted(kept)
            enough = len(times) >= YOUNG and times[-1] // cadence >= times[YOUNG - 1] // cadence + 2
            young = not (enough or len(times) >= MOST_WAITING)
    buckets: dict[int, list[Sample]] = {}
    for ts in sorted(kept):
        buckets.setdefault(ts // cadence * cadence, []).append((ts, *kept[ts]))
    return {start: aggregate(inside, aggregation) for start, inside in buckets.items()}, late


def last_final(newest: int, cadence: int, lateness: int | None) -> int:
    """The newest bucket that is closed once ``newest`` has begun; one bucket of lateness if None."""
    bound = cadence if lateness is None else lateness
    bucket = newest
    while (bucket + 1) * cadence > newest * cadence - bound:
        bucket -= 1
    return bucket


def by_size(pair: tuple[float, float]) -> tuple[float, float]:
    value, n = pair
    return value, -math.inf if math.isnan(n) else n


def aggregate(inside: Sequence[Sample], aggregation: str) -> tuple[float, float]:
    values = [value for _, value, _ in inside]
    counts = [n for _, _, n in inside]
    known = [n for n in counts if not math.isnan(n)]
    together = as_stored(sum(known)) if known else math.nan
    if aggregation == "last":
        return values[-1], as_stored(counts[-1])
    if aggregation == "sum":
        return sum(values), together
    if aggregation == "mean":
        shares = [1.0 if math.isnan(n) else n for n in counts]
        top = sum(value * share for value, share in zip(values, shares, strict=True))
        return (top / sum(shares) if sum(shares) > 0.0 else values[-1]), together
    if aggregation == "count":
        return float(len(values)), together
    return (min(values) if aggregation == "min" else max(values)), together


def as_stored(n: float) -> float:
    return float(np.float32(n))
