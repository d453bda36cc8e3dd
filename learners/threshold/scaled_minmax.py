"""Alarm at 1.5 times the largest deviation of the last days, on either side. 32 bytes a series,
about 15 ns a sample in a bank of 100,000.

The largest deviation is forgotten by half-life (eight days, in samples, as warm-up is told). Between 0 and
the alarm the surprise is proportional to the residual, L = L_OPEN r / (1.5 largest): a place on the common
scale, not a probability. Anomalous samples do not teach (the gate's weight), so acknowledged and confirmed
spans leave the history by themselves.

Source: sinch seed.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import tail_dtype
from learners.compiled import kernel
from learners.score import L_OPEN

FACTOR = 1.5
HALF_LIFE = 4096.0
_MIN = 1.0
_MAX = 1e9

dtype = tail_dtype([("largest", "f4", (2,)), ("forget", "f4"), ("factor", "f4")])
"""``largest``: [0] downward, [1] upward, in scales; ``forget``: share lost a sample; 0 in ``factor``: 1.5."""


@kernel
def _reach(m: Any, k: int) -> float:
    factor = np.float64(m.factor) if m.factor > 0.0 else FACTOR
    return factor * max(np.float64(m.largest[k]), _MIN)


@kernel
def surprise(m: Any, r: float) -> float:
    """`L_OPEN` times the residual over its alarm."""
    return L_OPEN * min(abs(r), 1e100) / _reach(m, 1 if r >= 0.0 else 0)


@kernel
def limit(m: Any, side: int, level: float) -> float:
    """The residual (>= 0) at which the surprise on ``side`` reaches ``level``."""
    return max(level, 0.0) / L_OPEN * _reach(m, 1 if side > 0 else 0)


@kernel
def learn(m: Any, r: float, weight: float) -> None:
    """Take in the residual ``r`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    k = 1 if r >= 0.0 else 0
    far = min(abs(r), _MAX)
    kept = 1.0 - weight * min(max(np.float64(m.forget), 0.0), 1.0)
    m.largest[0] = max(np.float64(m.largest[0]) * kept, _MIN)
    m.largest[1] = max(np.float64(m.largest[1]) * kept, _MIN)
    if far > m.largest[k]:
        m.largest[k] = m.largest[k] + weight * (far - m.largest[k])


def warm(
    residuals: NDArray[np.float64], *, half_life: float = HALF_LIFE, factor: float = FACTOR
) -> NDArray[np.void]:
    """A record that has seen ``residuals`` in order; ``half_life`` in samples."""
    if half_life <= 0.0 or factor <= 0.0:
        raise ValueError(f"half_life and factor are positive, not {half_life} and {factor}")
    rows = np.zeros(1, dtype)
    rows["forget"] = -math.expm1(-math.log(2.0) / half_life)
    rows["factor"] = factor
    r = residuals[np.isfinite(residuals)]
    age = np.arange(len(r))[::-1]
    kept = np.minimum(np.abs(r), _MAX) * np.exp2(-age / half_life)
    rows["largest"][0] = [max(float(kept[side].max(initial=0.0)), _MIN) for side in (r < 0.0, r >= 0.0)]
    return rows.reshape(())
