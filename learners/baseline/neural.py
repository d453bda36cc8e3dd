"""A small dense network over a sliding window: what the next value is, given the shape of the last ones. 32
bytes a series and a stretch of the pool: with 24 inputs and 8 hidden units 233 numbers, 932 bytes. About
1,050 ns a sample in a bank of 100,000 (ema in the same run: 15).

    x = (window - low) / (high - low)          low, high: smallest and largest of the window
    centre = last + (high - low) (w2 . max(w1 x + b1, 0) + b2)

Each window is scaled by itself, so the network knows shapes and neither level nor size, and a rebase moves
what is remembered and nothing else. It says by how much the next value differs from the last one: of weights
of 0, as a record is without `learners.baseline.neural_fit`, it says the last value again.

`learn` shifts the window and follows the spread; weights change in learning passes only. Residuals are
clipped at four scales and enter with their weight. In buckets without a sample the last value is repeated.
Sums run in the order of the weights, without a library of matrices.

Sources: D. E. Rumelhart, G. E. Hinton & R. J. Williams, Nature 323 (1986) 533; G. Zhang, B. E. Patuwo & M. Y.
Hu, Int. J. Forecasting 14 (1998) 35 (windows as inputs).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Warm, model_dtype
from learners.baseline.spread import SPREAD_RATE, bounded, clipped, follow, rate_of
from learners.compiled import kernel
from learners.memory import whole

INPUTS = 24
HIDDEN = 8
_MOST = 65_535

dtype = model_dtype(
    [
        ("at", "i4"),  # w1, b1, w2, b2, then the ring of the window
        ("scale", "f4"),
        ("floor", "f4"),  # smallest scale; 0: FLOOR
        ("pace", "f4"),  # for `learners.horizon`: the last value, which gaps repeat, is followed wholly
        ("window", "u2"),  # numbers in the pool
        ("inputs", "u2"),
        ("hidden", "u2"),
        ("head", "u2"),  # place in the ring that is written next
        ("seen", "u2"),  # samples learned, at most 65,535
        ("last", "u2"),  # t of the last sample, modulo 65,536
    ]
)


def weights_of(inputs: int, hidden: int) -> int:
    """Numbers that a network has.

    >>> weights_of(24, 8)
    209
    """
    return hidden * (inputs + 2) + 1


@kernel
def _ring(m: Any) -> int:
    """Where the window begins in the pool."""
    return whole(m.at) + whole(m.hidden) * (whole(m.inputs) + 2) + 1


@kernel
def _kept(m: Any, season: Any, ring: int, i: int) -> float:
    """The i-th value of the window, the oldest being 0; beyond the end the last."""
    inputs = whole(m.inputs)
    place = whole(m.head) + min(i, inputs - 1)
    return np.float64(season[ring + (place if place < inputs else place - inputs)])


@kernel
def _missing(m: Any, t: int) -> int:
    """Buckets without a sample before ``t``, at most as many as make the whole window one value."""
    return int(min(max(((t - m.last) & 0xFFFF) - 1, 0), whole(m.inputs)))


@kernel
def _next(m: Any, season: Any, missing: int) -> float:
    """The network's word."""
    inputs, hidden, ring = whole(m.inputs), whole(m.hidden), _ring(m)
    last = _kept(m, season, ring, inputs - 1)
    low, high = last, last
    for i in range(missing, inputs):
        value = _kept(m, season, ring, i)
        low, high = min(low, value), max(high, value)
    size = high - low
    if size <= 0.0:
        return last
    inverse = 1.0 / size
    first, second = whole(m.at), whole(m.at) + hidden * (inputs + 1)
    moved = np.float64(season[second + hidden])
    for h in range(hidden):
        total = 0.0
        for i in range(inputs):
            value = _kept(m, season, ring, i + missing)
            total += np.float64(season[first + h * inputs + i]) * (value - low)
        active = total * inverse + np.float64(season[first + hidden * inputs + h])
        moved += np.float64(season[second + h]) * max(active, 0.0)
    return bounded(last + size * moved)


@kernel
def forecast(m: Any, season: Any, t: int) -> tuple[float, float]:
    """Centre and scale of bucket ``t``; (0, 1) before the first value."""
    if m.seen == 0 or m.inputs == 0:
        return 0.0, 1.0
    return _next(m, season, _missing(m, t)), max(np.float64(m.scale), np.float64(m.floor))


@kernel
def _push(m: Any, season: Any, ring: int, value: float) -> None:
    season[ring + whole(m.head)] = bounded(value)
    m.head = m.head + 1 if m.head + 1 < m.inputs else 0


@kernel
def learn(m: Any, season: Any, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Take in the value ``y`` of bucket ``t``, of which `forecast` said ``centre`` and ``scale``, with
    ``weight`` in [0, 1].
    """
    if weight <= 0.0 or m.inputs == 0:
        return
    ring = _ring(m)
    if m.seen == 0:
        m.scale = 1.0
        for _ in range(whole(m.inputs)):
            _push(m, season, ring, y)
    else:
        error = clipped(y - centre, scale)
        known = np.float64(m.scale)
        m.scale = follow(known, error / known, rate_of(SPREAD_RATE, np.float64(m.seen), weight))
        last = _kept(m, season, ring, whole(m.inputs) - 1)
        for _ in range(_missing(m, t)):
            _push(m, season, ring, last)
        _push(m, season, ring, centre + weight * error)
    m.seen = min(m.seen + 1, _MOST)
    m.last = t & 0xFFFF


@kernel
def rebase(m: Any, season: Any, delta: float) -> None:
    """Move all values of the window by ``delta``."""
    ring = _ring(m)
    for k in range(ring, ring + whole(m.inputs)):
        season[k] = bounded(season[k] + delta)


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
    inputs: int = INPUTS,
    hidden: int = HIDDEN,
    weights: NDArray[np.float32] | None = None,
    floor: float = 0.0,
) -> Warm:
    """A network that has seen ``y`` (in units of scale), with its forecasts. ``periods`` is ignored.

    ``weights``: float32[`weights_of`], as w1 by hidden unit, b1, w2, b2; None: zeros.

    >>> warm(np.array([1.0, 3.0, 2.0]), np.arange(3)).centre.tolist()
    [0.0, 1.0, 3.0]
    """
    if not (1 <= inputs <= 1_000 and 1 <= hidden <= 64 and weights_of(inputs, hidden) + inputs <= _MOST):
        raise ValueError(f"a network has 1 to 1,000 inputs and 1 to 64 units, not {inputs} and {hidden}")
    count = weights_of(inputs, hidden)
    cells = np.zeros(count + inputs, np.float32)
    if weights is not None:
        if weights.shape != (count,) or not np.isfinite(weights).all():
            raise ValueError(f"{count} finite weights are wanted, not an array of shape {weights.shape}")
        cells[:count] = weights
    rows = np.zeros(1, dtype)
    rows["inputs"], rows["hidden"] = inputs, hidden
    rows["window"], rows["floor"], rows["pace"] = len(cells), floor, 1.0
    return Warm.over(_run, rows, cells, t, y, weight)
