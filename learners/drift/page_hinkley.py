"""Page and Hinkley's test: residuals that leave their own mean, slowly too. 16 bytes a series, about 20 ns.

As `cusum`, but around the mean of the residuals seen (weight of the newest: 1/n, at least 1/8192) instead of
0, with a smaller allowance and a longer way to the report: a baseline that is a little off raises nothing,
and shifts from 0.3 scales on are found. The first `GRACE` samples only make the mean. After a report
everything starts again.

Sources: E. S. Page, Biometrika 41 (1954) 100; D. V. Hinkley, Biometrika 58 (1971) 509; River's `PageHinkley`
(equal to it with ``alpha = 1``, by test).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

ALLOWANCE = 0.15
LIMIT = 42.0
CLIP = 4.0
GRACE = 30.0
_MOST = 8192.0
FALSE_ALARM = 1e-5
"""At most so many reports a sample of independent residuals of scale 1, heavy tails included."""
DELAY_MAX = 72
"""Samples within which a shift of one scale is reported 19 times of 20, after 1,000 samples without."""

dtype = np.dtype([("seen", "f4"), ("mean", "f4"), ("up", "f4"), ("down", "f4")], align=True)


@kernel
def update(m: Any, r: float, weight: float) -> float:
    """Take in the residual ``r`` (in scales) with ``weight`` in [0, 1].

    The larger sum over `LIMIT`, negative downwards; from 1 (-1) on a drift is reported. 0 in the grace.
    """
    up: float = np.float64(m.up)
    down: float = np.float64(m.down)
    seen: float = np.float64(m.seen)
    if weight > 0.0:
        x = min(max(r, -CLIP), CLIP)
        seen = min(seen + weight, _MOST)
        mean = m.mean + weight * (x - m.mean) / seen
        up = max(up + weight * (x - mean - ALLOWANCE), 0.0)
        down = max(down - weight * (x - mean + ALLOWANCE), 0.0)
        if seen >= GRACE and max(up, down) >= LIMIT:
            m.seen, m.mean, m.up, m.down = 0.0, 0.0, 0.0, 0.0
        else:
            m.seen, m.mean, m.up, m.down = seen, mean, up, down
    if seen < GRACE:
        return 0.0
    return float(up if up >= down else -down) / LIMIT


def new() -> NDArray[np.void]:
    """A record that has seen nothing, shape ().

    >>> rows = new().reshape(1)
    >>> still = [update(rows[0], 0.5, 1.0) for _ in range(1000)]
    >>> moved = [update(rows[0], 1.5, 1.0) for _ in range(52)]
    >>> max(still), [i for i, statistic in enumerate(moved) if statistic >= 1.0]
    (0.0, [50])
    """
    return np.zeros((), dtype)
