"""Exponential moving average of level and squared residual. 32 bytes a series, about 17 ns a
sample in a bank of 100,000, most of it memory.

    delta = y - EMA;  EMA <- EMA + alpha delta;  MSR <- MSR + beta (delta^2 - MSR)

With beta = alpha this is the pair EMA/EMV, EMV <- (1 - alpha)(EMV + alpha delta^2), as EMV = (1 - alpha) MSR
at every step. While young, both are plain means: the step is 1/count until that falls below alpha or beta.
A record of zeros is a fresh learner with alpha 0.05 and beta 0.01.

Source: daitan seed; T. Finch, Incremental calculation of weighted mean and variance (2009).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Warm, model_dtype
from learners.baseline import correction
from learners.baseline.spread import SLOW, SPREAD_RATE, bounded, clipped, follow, rate_of
from learners.compiled import inlined, kernel

ALPHA = 0.05
_COUNT_MAX = 1e6

dtype = model_dtype(
    [
        ("level", "f4"),
        ("scale", "f4"),  # root of a slowly forgotten mean of squared residuals
        ("alpha", "f4"),  # 0: ALPHA
        ("beta", "f4"),  # 0: SPREAD_RATE
        ("count", "f4"),
        ("floor", "f4"),  # smallest scale; 0: FLOOR
        ("settled", "u1"),  # 1: both rates have stopped falling, and the count with them
    ]
)


@inlined
def forecast(m: Any, season: Any, t: int) -> tuple[float, float]:
    """Centre and scale of the next value; (0, 1) before the first."""
    if m.count <= 0.0:
        return np.float64(m.level), 1.0
    return np.float64(m.level), max(np.float64(m.scale), np.float64(m.floor))


@inlined
def learn(m: Any, season: Any, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Take in ``y``, of which `forecast` said ``centre`` and ``scale``, with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    count = np.float64(m.count)
    if count <= 0.0:
        m.level = bounded(y)
        m.scale = 1.0
        m.count = weight
        return
    alpha = np.float64(m.alpha) if m.alpha > 0.0 else ALPHA
    beta = np.float64(m.beta) if m.beta > 0.0 else SPREAD_RATE
    delta = clipped(y - centre, scale)
    m.level = bounded(centre + rate_of(alpha, count, weight) * delta)
    known = np.float64(m.scale)
    m.scale = follow(known, delta / known, rate_of(beta, count, weight))
    if m.settled == 0:
        m.count = min(count + weight, _COUNT_MAX)
        if beta <= SLOW and min(alpha, beta) * np.float64(m.count) >= 1.0:
            m.settled = 1


@inlined
def load(m: Any, season: Any, t: int, x: Any, width: int, group: int) -> tuple[float, float]:
    """`forecast`, and a lane of a block (`correction`) filled; scale 0 if the record is not settled."""
    if m.settled == 0:
        return 0.0, 0.0
    x[group + correction.BASE * width] = m.level
    x[group + correction.TREND * width] = 0.0
    x[group + correction.FIRST * width] = 0.0
    x[group + correction.SECOND * width] = 0.0
    x[group + correction.KNOWN * width] = m.scale
    x[group + correction.ALPHA * width] = np.float64(m.alpha) if m.alpha > 0.0 else ALPHA
    x[group + correction.BETA * width] = 0.0
    x[group + correction.GAMMA * width] = 0.0
    x[group + correction.GAMMA2 * width] = 0.0
    x[group + correction.SPREAD * width] = np.float64(m.beta) if m.beta > 0.0 else SPREAD_RATE
    return np.float64(m.level), max(np.float64(m.scale), np.float64(m.floor))


@inlined
def store(m: Any, season: Any, t: int, x: Any, width: int, group: int) -> None:
    """Take back what the lane has learned."""
    m.level = x[group + correction.BASE * width]
    m.scale = x[group + correction.KNOWN * width]


@kernel
def rebase(m: Any, season: Any, delta: float) -> None:
    """Move the level by ``delta``."""
    m.level = bounded(m.level + delta)


@kernel
def _run(rows: Any, season: Any, t: Any, y: Any, weight: Any, centre: Any, scale: Any) -> None:
    for i in range(len(y)):
        centre[i], scale[i] = forecast(rows[0], season, t[i])
        learn(rows[0], season, t[i], y[i], centre[i], scale[i], weight[i])


def warm(
    y: NDArray[np.float64],
    t: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    periods: tuple[int, ...] = (),
    alpha: float = ALPHA,
    beta: float = SPREAD_RATE,
    floor: float = 0.0,
) -> Warm:
    """A learner that has seen ``y`` (in units of scale), with its forecasts. ``periods`` is ignored.

    >>> seen = warm(np.array([1.0, 3.0, 2.0]), np.arange(3))
    >>> float(seen.record["level"]), seen.centre.tolist()
    (2.0, [0.0, 1.0, 2.0])
    """
    if not (0.0 < alpha <= 1.0 and 0.0 < beta <= 1.0):
        raise ValueError(f"alpha and beta lie in (0, 1], not {alpha} and {beta}")
    rows = np.zeros(1, dtype)
    rows["alpha"], rows["beta"], rows["floor"] = alpha, beta, floor
    return Warm.over(_run, rows, np.zeros(0, np.float32), t, y, weight)
