"""Seeded windows by metric class and by season, with random levels, scales, shapes, gaps and outliers.

What classification and season detection are developed and judged on. The same name, seed and number give the
same values, whatever else is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter

from learners.durations import HOUR_MS

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One window: ``y`` float64[n], NaN where missing; what it is; its true ``periods`` in buckets."""

    y: Values
    metric_class: str
    periods: tuple[int, ...]
    cadence_ms: int
    has_n: bool = False


def profile(rng: Generator, period: int) -> Values:
    """A random shape of one turn with variance 1: a few harmonics, a working day, spikes, or any values."""
    s = np.arange(period)
    kind = rng.integers(0, 4)
    if kind == 0 or period < 6:
        harmonics = np.arange(1, min(4, (period - 1) // 2) + 1)
        size = rng.uniform(0.3, 1.0, len(harmonics)) / harmonics
        phase = rng.uniform(0.0, 2.0 * np.pi, len(harmonics))
        angle = 2.0 * np.pi * s[:, None] * harmonics / period + phase
        shape = np.sum(size * np.sin(angle), axis=1)
    elif kind == 1:
        first, long = rng.integers(0, period), rng.uniform(0.25, 0.6) * period
        shape = np.where((s - first) % period < long, 1.0, 0.0)
    elif kind == 2:
        first, wide = rng.integers(0, period), max(period // int(rng.integers(8, 20)), 1)
        shape = np.where((s - first) % period < wide, 1.0, 0.0) + 0.3 * np.sin(2.0 * np.pi * s / period)
    else:
        shape = rng.standard_normal(period)
    shape = np.asarray(shape - shape.mean(), np.float64)
    return np.asarray(shape / shape.std())


def red(rng: Generator, n: int, keep: float) -> Values:
    """AR(1) noise with variance about 1, from its stationary law; a random walk for ``keep`` 1."""
    size = np.sqrt(1.0 - keep * keep) if keep < 1.0 else 1.0
    noise = size * rng.standard_normal(n)
    noise[0] /= size
    return np.asarray(lfilter([1.0], [1.0, -keep], noise))


def _placed(rng: Generator, x: Values) -> Values:
    """At any level and scale."""
    return np.asarray(10.0 ** rng.uniform(-3.0, 6.0) * (x + rng.uniform(-5.0, 50.0)))


def _levels(rng: Generator, n: int, rate: float) -> NDArray[np.int64]:
    changes = rng.random(n) < rate
    changes[0] = False
    return np.cumsum(changes)


def _stepping(rng: Generator, n: int) -> Values:
    which = _levels(rng, n, rng.uniform(0.005, 0.05))
    return np.asarray(rng.integers(0, 30, int(which[-1]) + 1).astype(np.float64)[which])


def _bursting(rng: Generator, n: int) -> Values:
    if rng.random() < 0.5:
        return np.asarray(np.exp(rng.uniform(1.4, 2.0) * rng.standard_normal(n)))
    on = lfilter([1.0] * 6, [1.0], (rng.random(n) < 0.012).astype(float)) > 0.0
    return np.asarray(np.abs(rng.standard_normal(n)) + on * 20.0 * rng.exponential(1.0, n))


def _modes(rng: Generator, n: int) -> Values:
    which = _levels(rng, n, rng.uniform(0.02, 0.5)) % rng.integers(2, 4)
    return np.asarray(rng.uniform(7.0, 15.0) * which + rng.standard_normal(n))


def _counter(rng: Generator, n: int) -> Values:
    total = np.cumsum(rng.poisson(rng.uniform(1.0, 100.0), n)).astype(np.float64)
    if rng.random() < 0.5:
        starts = np.sort(rng.integers(1, n, rng.integers(1, 6)))
        for start in starts:
            total[start:] -= total[start]
    return total


MAKERS: dict[str, Callable[[Generator, int], Values]] = {
    "constant": lambda rng, n: np.full(n, np.round(rng.normal(0.0, 100.0), rng.integers(0, 4))),
    "binary": lambda rng, n: (_levels(rng, n, rng.uniform(0.02, 0.5)) % 2) * rng.choice([1.0, 7.5]),
    "discrete": _stepping,
    "count": lambda rng, n: rng.poisson(10.0 ** rng.uniform(0.8, 3.5), n).astype(np.float64),
    "overdispersed": lambda rng, n: rng.negative_binomial(rng.uniform(2.0, 8.0), 0.05, n).astype(np.float64),
    "ratio": lambda rng, n: rng.binomial(300, rng.uniform(0.02, 0.98), n) / 300.0,
    "sparse": lambda rng, n: (rng.random(n) < rng.uniform(0.01, 0.12)) * (1.0 + rng.poisson(5.0, n)),
    "cumulative": _counter,
    "smooth": lambda rng, n: _placed(rng, red(rng, n, rng.uniform(0.0, 0.9))),
    "trending": lambda rng, n: _placed(
        rng, rng.choice([-1, 1]) * rng.uniform(8, 80) * np.arange(n) / n + red(rng, n, rng.uniform(0.0, 0.9))
    ),
    "irregular": lambda rng, n: np.where(
        rng.random(n) < rng.uniform(0.1, 0.4), rng.standard_normal(n), np.nan
    ),
    "bursty": _bursting,
    "multimodal": _modes,
}
"""Windows without a season, by class ("overdispersed" is a count)."""

NULLS: dict[str, Callable[[Generator, int], Values]] = {
    "white": lambda rng, n: rng.standard_normal(n),
    "AR(1) 0.5": lambda rng, n: red(rng, n, 0.5),
    "AR(1) 0.9": lambda rng, n: red(rng, n, 0.9),
    "AR(1) 0.98": lambda rng, n: red(rng, n, 0.98),
    "random walk": lambda rng, n: red(rng, n, 1.0),
    "heavy tails": lambda rng, n: rng.standard_t(2.5, n),
    "trend": lambda rng, n: (
        rng.uniform(5, 50) * (np.arange(n) / n) ** rng.uniform(0.5, 3.0) + red(rng, n, 0.5)
    ),
    "bursts": _bursting,
    "steps": _stepping,
    "noisy steps": lambda rng, n: _stepping(rng, n) + rng.standard_normal(n),
    "modes": _modes,
    "counter": _counter,
    "counts": lambda rng, n: rng.poisson(3.0, n).astype(np.float64),
    "sparse": MAKERS["sparse"],
    "binary": MAKERS["binary"],
}
"""What no season may be found in."""

_ONE = (
    (24, HOUR_MS),
    (288, 300_000),
    (12, 300_000),
    (7, 24 * HOUR_MS),
    (96, 900_000),
    (168, HOUR_MS),
    (0, HOUR_MS),
)
_TWO = ((24, 168, HOUR_MS), (12, 288, 300_000), (48, 336, 1_800_000), (24, 0, HOUR_MS))


def dirtied(rng: Generator, y: Values, gaps: float, outliers: float) -> Values:
    """With a random share of values missing, and a share of them far out."""
    y = y.copy()
    if outliers:
        hit = rng.random(len(y)) < outliers
        spread = np.nanstd(y) + 1e-3 * abs(np.nanmean(y))
        y[hit] += spread * rng.choice([-1.0, 1.0], int(hit.sum())) * rng.uniform(8.0, 50.0, int(hit.sum()))
    if gaps:
        y[rng.random(len(y)) < gaps] = np.nan
    return y


def of_class(name: str, number: int, seed: int, *, n: int = 2016, gaps: float = 0.0) -> Sample:
    """The ``number``-th window of a class of `MAKERS`.

    >>> of_class("binary", 0, seed=1, n=100).metric_class
    'binary'
    """
    rng = np.random.default_rng([seed, number, sorted(MAKERS).index(name)])
    metric_class = "count" if name == "overdispersed" else name
    y = dirtied(rng, np.asarray(MAKERS[name](rng, n), np.float64), gaps, 0.0)
    return Sample(y, metric_class, (), HOUR_MS, name == "ratio")


def without_season(
    name: str, number: int, seed: int, *, n: int = 2016, gaps: float = 0.0, outliers: float = 0.0
) -> Sample:
    """The ``number``-th window of `NULLS`, by the hour, or by five minutes for odd numbers."""
    rng = np.random.default_rng([seed, number, 100 + sorted(NULLS).index(name)])
    y = dirtied(rng, np.asarray(NULLS[name](rng, n), np.float64), gaps, outliers)
    return Sample(y, "", (), 300_000 if number % 2 else HOUR_MS)


def with_seasons(
    seasons: int, number: int, seed: int, *, n: int = 2016, gaps: float = 0.0, outliers: float = 0.0
) -> Sample:
    """The ``number``-th window with one season or two, in white or red noise, a third of them on a trend.

    The season has 0.5 to 20 times the variance of the noise. Of two, the second is a week over days, a day
    over hours, or one of any length beside the day.

    >>> with_seasons(1, 0, seed=1).periods
    (24,)
    """
    rng = np.random.default_rng([seed, number, 200 + seasons])
    t = np.arange(n)
    if seasons == 1:
        period, cadence_ms = _ONE[number % len(_ONE)]
        periods: tuple[int, ...] = (period or int(rng.integers(5, 250)),)
    else:
        short, long, cadence_ms = _TWO[number % len(_TWO)]
        odd = [p for p in range(30, 160) if p % short]
        periods = (short, long or int(rng.choice(odd)))
    x = red(rng, n, float(rng.choice([0.0, 0.5, 0.8]))) * np.sqrt(1.0 / rng.uniform(0.5, 20.0))
    for period in periods:
        x += profile(rng, period)[t % period]
    if rng.random() < 0.33:
        x += rng.uniform(-20.0, 20.0) * t / n
    y = dirtied(rng, _placed(rng, x), gaps, outliers)
    return Sample(y, "seasonal", periods, cadence_ms)
