"""What a source would take in: its newest span read once, and nothing kept."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from collectors.base import Decoded
from collectors.pulled import Follower
from monitor.domain.batch import SampleBatch
from monitor.domain.series import Identity
from monitor.polled import Polled

_NOTHING = SampleBatch(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0), None, {})


def newest(one: Polled) -> Decoded:
    """The newest span that one reading of a source takes in; of files their first piece. Raises
    SourceFailed."""
    source = one.source
    try:
        if isinstance(source, Follower):
            return source.next() or Decoded(_NOTHING)
        step = source.step_ms
        until_ms = (time.time_ns() // 1_000_000 - one.delay_ms) // step * step
        return source.read(until_ms - max(one.chunk_ms // step, 1) * step, until_ms)
    finally:
        source.close()


def rows(found: Decoded, most: int) -> Iterator[dict[str, Any]]:
    batch = found.batch
    for i in range(min(most, len(batch))):
        n = math.nan if batch.n is None else float(batch.n[i])
        yield {
            "series": str(Identity.from_canonical(batch.identities[int(batch.fingerprint[i])])),
            "ts_ms": int(batch.ts_ms[i]),
            "value": float(batch.value[i]),
            "n": None if math.isnan(n) else n,
        }
