"""Seeded streams by metric class: what tests of learners are made of. Labelled ones: `processes`, `faults`.

The same class, length and seed give the same values, whatever else is drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """Values ``y`` at buckets ``t`` (int64)."""

    t: NDArray[np.int64]
    y: Values


def _day(t: NDArray[np.int64], period: int) -> Values:
    phase = 2.0 * np.pi * t / period
    return np.asarray(np.sin(phase) + 0.3 * np.sin(2.0 * phase + 1.0))


def _autoregressive(rng: Generator, n: int, keep: float) -> Values:
    noise, values = rng.standard_normal(n), np.zeros(n)
    for i in range(1, n):
        values[i] = keep * values[i - 1] + noise[i]
    return values


def _seasonal(rng: Generator, t: NDArray[np.int64], period: int) -> Values:
    return 100.0 + 10.0 * _day(t, period) + rng.standard_normal(len(t))


def _weekly(rng: Generator, t: NDArray[np.int64], period: int) -> Values:
    working = (t // period) % 7 < 5
    return np.where(working, 100.0 + 20.0 * _day(t, period), 60.0) + 2.0 * rng.standard_normal(len(t))


def _multiplicative(rng: Generator, t: NDArray[np.int64], period: int) -> Values:
    return (100.0 + 40.0 * _day(t, period)) * np.exp(0.05 * rng.standard_normal(len(t)))


def _step(rng: Generator, t: NDArray[np.int64], period: int) -> Values:
    levels = rng.integers(1, 9, len(t)).astype(np.float64)
    changes = rng.random(len(t)) < 0.01
    changes[0] = True
    return levels[np.maximum.accumulate(np.where(changes, np.arange(len(t)), 0))]


MAKERS: dict[str, Callable[[Generator, NDArray[np.int64], int], Values]] = {
    "constant": lambda rng, t, period: np.full(len(t), 42.0),
    "binary": lambda rng, t, period: (rng.random(len(t)) < 0.1).astype(np.float64),
    "discrete": _step,
    "count": lambda rng, t, period: rng.poisson(40.0, len(t)).astype(np.float64),
    "overdispersed": lambda rng, t, period: rng.negative_binomial(2, 0.05, len(t)).astype(np.float64),
    "ratio": lambda rng, t, period: rng.binomial(200, 0.03, len(t)) / 200.0,
    "sparse": lambda rng, t, period: np.where(rng.random(len(t)) < 0.03, 1.0 * rng.poisson(5.0, len(t)), 0.0),
    "smooth": lambda rng, t, period: 10.0 + _autoregressive(rng, len(t), 0.7),
    "white": lambda rng, t, period: rng.standard_normal(len(t)),
    "wandering": lambda rng, t, period: np.cumsum(rng.standard_normal(len(t))),
    "trending": lambda rng, t, period: 0.05 * t + rng.standard_normal(len(t)),
    "cumulative": lambda rng, t, period: np.cumsum(rng.poisson(30.0, len(t))).astype(np.float64),
    "seasonal": _seasonal,
    "weekly": _weekly,
    "multiplicative": _multiplicative,
    "heavy": lambda rng, t, period: rng.standard_t(3, len(t)),
    "bursty": lambda rng, t, period: np.exp(1.5 * rng.standard_normal(len(t))),
    "multimodal": lambda rng, t, period: 10.0 * rng.integers(0, 2, len(t)) + rng.standard_normal(len(t)),
}


def stream(name: str, samples: int, seed: int, *, period: int = 24) -> Stream:
    """A fault-free stream of class ``name`` (a key of `MAKERS`), its season ``period`` buckets long.

    >>> stream("constant", 3, seed=0).y.tolist()
    [42.0, 42.0, 42.0]
    """
    t = np.arange(samples, dtype=np.int64)
    rng = np.random.default_rng([seed, sorted(MAKERS).index(name)])
    return Stream(t, MAKERS[name](rng, t, period))


def with_gaps(clean: Stream, share: float, seed: int) -> Stream:
    """The stream without a random ``share`` of its buckets."""
    kept = np.random.default_rng([seed, 1]).random(len(clean.t)) >= share
    return Stream(clean.t[kept], clean.y[kept])
