"""Training of `neural`: a few lines of NumPy in the learning pass, seeded, and only where data allow it.

Adam on the mean absolute error of windows that are scaled each by itself, in batches of `BATCH`. Sums over
windows and units are NumPy's own loops (`einsum`), no library of matrices and no threads: the same values
give the same weights on the same machine. On another they may differ in their last bits, as do those of every
family whose choice looks at a loss; they go through the log, and a replay reads them there.

A network is trained only if enough buckets have a value, the series moves, and there are windows enough;
and it is kept only if it misses by less than the last value does, on the newest fifth of the windows, which
it has not seen. A pass that finds it no better gives the series another model. About 35 ms for 2,016
values on one core.

Source: D. P. Kingma & J. Ba, ICLR (2015), algorithm 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from learners.baseline.neural import HIDDEN, INPUTS, weights_of

WINDOWS_LEAST = 400
FILL_LEAST = 0.9
BATCH = 64
EPOCHS = 16
HELD_BACK = 0.2
BETTER = 0.95
"""A network is kept if it misses by at most this share of what the last value misses by."""
_STEP_MOST = 3.0
_RATE, _FIRST, _SECOND, _TINY = 0.03, 0.9, 0.999, 1e-8

Floats = NDArray[np.float64]


def fit(
    t: NDArray[np.int64], y: Floats, *, inputs: int = INPUTS, hidden: int = HIDDEN, seed: int = 1
) -> NDArray[np.float32] | None:
    """Weights for values ``y`` of the buckets ``t``; None where data do not suffice or nothing is gained.

    >>> t = np.arange(1200)
    >>> fit(t, np.sin(t / 5.0)) is None, fit(t, np.ones(1200)) is None
    (False, True)
    """
    x, target = _windows(t, y, inputs)
    if len(x) < WINDOWS_LEAST:
        return None
    seen = int(len(x) * (1.0 - HELD_BACK))
    weights = _trained(x[:seen], target[:seen], hidden, np.random.default_rng(seed))
    missed = float(np.abs(_said(weights, x[seen:], hidden)[0] - target[seen:]).mean())
    if not missed <= BETTER * float(np.abs(target[seen:]).mean()):
        return None
    return weights.astype(np.float32)


def _windows(t: NDArray[np.int64], y: Floats, inputs: int) -> tuple[Floats, Floats]:
    """Scaled windows that move, shape (n, inputs), and the step that follows each, in sizes of the window."""
    span = int(t[-1] - t[0]) + 1 if len(t) else 0
    if span <= inputs or len(t) < FILL_LEAST * span:
        return np.zeros((0, inputs)), np.zeros(0)
    grid = np.interp(np.arange(span), (t - t[0]).astype(np.float64), y)
    cut = np.lib.stride_tricks.sliding_window_view(grid, inputs + 1)
    low, high = cut[:, :-1].min(axis=1), cut[:, :-1].max(axis=1)
    moves = high > low
    cut, low, size = cut[moves], low[moves], (high - low)[moves]
    step = (cut[:, -1] - cut[:, -2]) / size
    return (cut[:, :-1] - low[:, None]) / size[:, None], np.clip(step, -_STEP_MOST, _STEP_MOST)


def _parts(weights: Floats, inputs: int, hidden: int) -> tuple[Floats, Floats, Floats]:
    """w1 [hidden, inputs], b1 and w2 [hidden]; views. b2 is the last number."""
    middle = hidden * inputs
    return (
        weights[:middle].reshape(hidden, inputs),
        weights[middle : middle + hidden],
        weights[-hidden - 1 : -1],
    )


def _said(weights: Floats, x: Floats, hidden: int) -> tuple[Floats, Floats]:
    """The step foretold, shape (n,), and what the hidden units are at, shape (n, hidden)."""
    w1, b1, w2 = _parts(weights, x.shape[1], hidden)
    active = np.maximum(np.einsum("ni,hi->nh", x, w1) + b1, 0.0)
    return np.einsum("nh,h->n", active, w2) + weights[-1], active


def _trained(x: Floats, target: Floats, hidden: int, random: np.random.Generator) -> Floats:
    inputs = x.shape[1]
    weights = np.zeros(weights_of(inputs, hidden))
    w1, _, w2 = _parts(weights, inputs, hidden)
    w1[:] = random.standard_normal(w1.shape) * math.sqrt(2.0 / inputs)
    w2[:] = random.standard_normal(hidden) * math.sqrt(1.0 / hidden)
    mean, square, gradient = (np.zeros_like(weights) for _ in range(3))
    steps = EPOCHS * math.ceil(len(x) / BATCH)
    order = np.concatenate([random.permutation(len(x)) for _ in range(EPOCHS)])
    for step, batch in enumerate(np.array_split(order, steps), start=1):
        _descend(weights, x[batch], target[batch], hidden, gradient)
        mean += (1.0 - _FIRST) * (gradient - mean)
        square += (1.0 - _SECOND) * (gradient * gradient - square)
        rate = _RATE * (1.0 - step / (steps + 1)) / (1.0 - _FIRST**step)
        weights -= rate * mean / (np.sqrt(square / (1.0 - _SECOND**step)) + _TINY)
    return weights


def _descend(weights: Floats, x: Floats, target: Floats, hidden: int, gradient: Floats) -> None:
    """``gradient`` of the mean absolute error; overwritten."""
    said, active = _said(weights, x, hidden)
    sign = np.sign(said - target) / len(x)
    inner, bias, outer = _parts(gradient, x.shape[1], hidden)
    back = sign[:, None] * _parts(weights, x.shape[1], hidden)[2] * (active > 0.0)
    inner[:] = np.einsum("nh,ni->hi", back, x)
    bias[:] = back.sum(axis=0)
    outer[:] = np.einsum("nh,n->h", active, sign)
    gradient[-1] = sign.sum()
