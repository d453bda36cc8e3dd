"""What a counter counted in each bucket, slow and obvious."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tests.naive.shard import Sample, by_size


def counted(samples: Sequence[Sample], cadence: int) -> dict[int, float]:
    """Sums of steps by the bucket's start. A fall begins anew from zero; what was counted over empty
    buckets is spread evenly over them and the one that ends them; the first sample counts nothing."""
    kept: dict[int, tuple[float, float]] = {}
    for ts, value, n in samples:
        kept[ts] = max(kept.get(ts, (value, n)), (value, n), key=by_size)
    found: dict[int, float] = {}
    times = sorted(kept)
    for before, ts in pairwise(times):
        old, new = kept[before][0], kept[ts][0]
        step = new - old if new >= old else new
        buckets = ts // cadence - before // cadence
        start = ts // cadence * cadence
        found[start] = found.get(start, 0.0) + (step / buckets if buckets > 1 else step)
    return found
