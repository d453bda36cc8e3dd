"""Exponential moving average of level and squared residual. 32 bytes a series, about 5 ns a call.

    delta = y - EMA;  EMA <- EMA + alpha delta;  MSR <- MSR + beta (delta^2 - MSR)

With beta = alpha this is the pair EMA/EMV, EMV <- (1 - alpha)(EMV + alpha delta^2), as EMV = (1 - alpha) MSR
at every step. While young, both are plain means: the step is 1/count until that falls below alpha or beta.
A record of zeros is a fresh learner with alpha 0.05 and beta 0.01.

Source: daitan seed; T. Finch, Incremental calculation of weighted mean and variance (2009).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from learners.base import Warm, model_dtype
from learners.baseline.spread import SPREAD_RATE, bounded, clipped_by, follow, rate_of, scale_of

ALPHA = 0.05
_COUNT_MAX = 1e6

dtype = model_dtype(
    [
        ("level", "f4"),
        ("square", "f4"),  # slowly forgotten mean of squared residuals
        ("alpha", "f4"),  # 0: ALPHA
        ("beta", "f4"),  # 0: SPREAD_RATE
        ("count", "f4"),
        ("floor", "f4"),  # smallest scale; 0: FLOOR
    ]
)


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def forecast(m: Any, season: Any, t: int) -> tuple[float, float]:
    """Centre and scale of the next value; (0, 1) before the first."""
    if m.count <= 0.0:
        return np.float64(m.level), 1.0
    return np.float64(m.level), scale_of(np.float64(m.square), np.float64(m.floor))


@njit(cache=True, nogil=True, error_model="numpy", forceinline=True)
def learn(m: Any, season: Any, t: int, y: float, weight: float) -> None:
    """Take in the value ``y`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    count = np.float64(m.count)
    if count <= 0.0:
        m.level = bounded(y)
        m.square = 1.0
        m.count = weight
        return
    alpha = np.float64(m.alpha) if m.alpha > 0.0 else ALPHA
    beta = np.float64(m.beta) if m.beta > 0.0 else SPREAD_RATE
    square = np.float64(m.square)
    delta = clipped_by(y - m.level, square, np.float64(m.floor))
    m.level = bounded(m.level + rate_of(alpha, count, weight) * delta)
    m.square = follow(square, delta, rate_of(beta, count, weight))
    m.count = min(count + weight, _COUNT_MAX)


@njit(cache=True, nogil=True, error_model="numpy")
def rebase(m: Any, season: Any, delta: float) -> None:
    """Move the level by ``delta``."""
    m.level = bounded(m.level + delta)


@njit(cache=True, nogil=True, error_model="numpy")
def _run(rows: Any, season: Any, t: Any, y: Any, weight: Any, centre: Any, scale: Any) -> None:
    for i in range(len(y)):
        centre[i], scale[i] = forecast(rows[0], season, t[i])
        learn(rows[0], season, t[i], y[i], weight[i])


def season_slots(record: NDArray[np.void]) -> int:
    """Slots of the season table that ``record`` uses: none."""
    return 0


def relocate(record: NDArray[np.void], at: int) -> NDArray[np.void]:
    """``record`` with its table at ``at``: the same, as it has none."""
    return record


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
