"""When a learning pass over a series is due."""

from __future__ import annotations

from learners.compiled import kernel
from monitor.domain.durations import DAY_MS


@kernel
def pass_due(final_n: int, cadence: int) -> bool:
    """Is a learning pass due after ``final_n`` final buckets: 32, 128, 512, then daily, at least 256
    apart.

    Always at a multiple of 32, so that most samples are told by a glance.

    >>> [n for n in range(2000) if pass_due(n, 3_600_000)]
    [32, 128, 512, 768, 1024, 1280, 1536, 1792]
    """
    if final_n & 31 != 0:
        return False
    if final_n <= 512:
        return final_n == 32 or final_n == 128 or final_n == 512
    every = max(DAY_MS // max(cadence, 1), 256) + 31
    return (final_n - 512) % (every - every % 32) == 0
