"""A series' own spacing, learned from its first samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.durations import DAY_MS, MINUTE_MS

ENOUGH = 8
"""Distinct times from which the cadence is learned."""

SHORTEST_MS = 1_000
LONGEST_MS = 35 * DAY_MS
UNKNOWN_MS = MINUTE_MS
_NICE_S = np.array(
    [
        *(1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800),
        *(3600, 7200, 10800, 14400, 21600, 43200, 86400, 7 * 86400),
    ],
    np.int64,
)


@kernel
def learn_cadence(ts_ms: NDArray[np.int64]) -> int:
    """The median spacing of sorted distinct times, taken to a usual one if within 5 %; in ms.

    At least one second: faster samples share a bucket. A single time gives one minute.

    >>> learn_cadence(np.array([0, 60_010, 119_990, 240_000, 300_000]))
    60000
    """
    if len(ts_ms) < 2:
        return UNKNOWN_MS
    spacing = np.sort(np.diff(ts_ms))
    median = spacing[(len(spacing) - 1) // 2]
    for nice in _NICE_S * 1000:
        if abs(median - nice) * 20 <= nice:
            return int(nice)
    if median < SHORTEST_MS:
        return SHORTEST_MS
    return int(min(max(median // 1000 * 1000, SHORTEST_MS), LONGEST_MS))
