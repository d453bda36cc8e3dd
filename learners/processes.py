"""Random processes by metric class whose conditional law is known, many series at once, block by block.

Each series is, on a *regular scale* on which its noise is about equally wide everywhere,

    x = centre + unit * noise,    value = back(x)

with the identity for light tails, the logarithm for log-normal values, 2 sqrt(y + 3/8) for Poisson counts and
2 sqrt(n) arcsin sqrt(y) for shares of n cases (Anscombe). So a fault of so many units means the same
everywhere (`learners.faults`). Heavy tails also say how far their one-in-a-million quantile lies.

A block is `BLOCK` buckets, whatever the reader wants of it: the same class, seed and number of series give
the same values however long the stream is, and nothing is kept but the state between two blocks.

Source: F. J. Anscombe, Biometrika 35 (1948) 246.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from learners.durations import DAY_MS, MINUTE_MS

Values = NDArray[np.float64]

BLOCK = 48
RARE = 1e-6
"""The tail probability in whose quantile spikes of heavy-tailed series are measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Buckets ``first``, ``first + 1``, … of many series; arrays are (series, buckets).

    ``value``: as sent, NaN where nothing is; ``n``: cases behind it, None for most classes; ``centre`` and
    ``season`` (the part that repeats, mean 0): regular scale; ``unit``: width of the noise there;
    ``extreme``: 1.5 times the conditional one-in-a-million quantile as a value, NaN where tails are light;
    ``keep``: share of a deviation that the process itself carries into the next bucket.
    """

    first: int
    scale: str
    value: Values
    n: Values | None
    centre: Values
    season: Values
    unit: Values
    extreme: Values
    keep: float = 0.0

    @property
    def regular(self) -> Values:
        """The values on the regular scale."""
        return forth(self.scale, self.value, self.n)


def forth(scale: str, value: Values, n: Values | None) -> Values:
    """From values to the regular scale.

    >>> forth("root", np.array([0.625]), None).tolist()
    [2.0]
    """
    if scale == "log":
        return np.asarray(np.log(value))
    if scale == "root":
        return np.asarray(2.0 * np.sqrt(value + 0.375))
    if scale == "share":
        assert n is not None
        return np.asarray(2.0 * np.sqrt(n) * np.arcsin(np.sqrt(value)))
    return value


def back(scale: str, x: Values, n: Values | None) -> Values:
    """From the regular scale to values that the class can have: whole counts, shares of ``n``.

    >>> back("root", np.array([-3.0, 2.0, 13.0]), None).tolist()
    [0.0, 1.0, 42.0]
    """
    if scale == "log":
        return np.asarray(np.exp(x))
    if scale == "root":
        return np.asarray(np.maximum(np.rint(np.maximum(x / 2.0, 0.0) ** 2 - 0.375), 0.0))
    if scale == "share":
        assert n is not None
        angle = np.clip(x / (2.0 * np.sqrt(n)), 0.0, np.pi / 2.0)
        return np.asarray(np.rint(n * np.sin(angle) ** 2) / n)
    if scale == "whole":
        return np.asarray(np.maximum(np.rint(x), 0.0))
    return x


class Process:
    """``series`` series of one class; iterating gives `Block` after `Block` without end.

    >>> first = next(iter(Process("poisson", series=3, seed=1)))
    >>> first.value.shape, bool((first.value % 1.0 == 0.0).all())
    ((3, 48), True)
    """

    def __init__(self, name: str, series: int, seed: int) -> None:
        if name not in CLASSES:
            raise ValueError(f"no class {name!r}; there are {', '.join(CLASSES)}")
        self.name, self.series, self.seed = name, series, seed
        self._code = list(CLASSES).index(name)

    @property
    def cadence_ms(self) -> int:
        return CLASSES[self.name].cadence_ms

    def __iter__(self) -> Iterator[Block]:
        return CLASSES[self.name].blocks(self._random, self.series)

    def whole(self, buckets: int) -> Block:
        """The first ``buckets`` (a multiple of `BLOCK`) in one."""
        if buckets % BLOCK:
            raise ValueError(f"a whole number of blocks of {BLOCK}, not {buckets} buckets")
        parts = list(islice(self, buckets // BLOCK))
        columns = ("value", "centre", "season", "unit", "extreme")
        joined: dict[str, Any] = {c: np.concatenate([getattr(p, c) for p in parts], axis=1) for c in columns}
        n = [p.n for p in parts if p.n is not None]
        return replace(parts[0], n=np.concatenate(n, axis=1) if n else None, **joined)

    def _random(self, block: int) -> Generator:
        """The generator of one block; -1 is that of the series' parameters."""
        return np.random.default_rng([self.seed, self._code, block + 1])


Randoms = Callable[[int], Generator]


@dataclass(frozen=True, slots=True)
class MetricClass:
    """How blocks are made, at what cadence, and the season's length in buckets (0: none)."""

    blocks: Callable[[Randoms, int], Iterator[Block]]
    cadence_ms: int = MINUTE_MS
    period: int = 0


def _plain(
    scale: str,
    draw: Callable[[Generator, Values, Values, tuple[int, int]], Values],
    level: Callable[[Generator, int], tuple[Values, Values]],
    extreme: Callable[[Values, Values], Values] | None = None,
    slope: float = 0.0,
) -> Callable[[Randoms, int], Iterator[Block]]:
    """Series about a level of their own: ``level`` gives centre and unit, ``draw`` the values."""

    def blocks(random: Randoms, series: int) -> Iterator[Block]:
        centre, unit = (a[:, None] for a in level(random(-1), series))
        far = extreme(centre, unit) if extreme is not None else np.full_like(centre, np.nan)
        shape, zeros = (series, BLOCK), np.zeros((series, BLOCK))
        block = 0
        while True:
            t = block * BLOCK + np.arange(BLOCK)
            here = centre + slope * unit * t
            yield Block(
                first=block * BLOCK,
                scale=scale,
                value=draw(random(block), here, unit, shape),
                n=None,
                centre=here + zeros,
                season=zeros,
                unit=unit + zeros,
                extreme=far + zeros,
            )
            block += 1

    return blocks


def _levels(rng: Generator, series: int) -> tuple[Values, Values]:
    """A level between 10 and 1,000 and a noise of 2 to 10 % of it."""
    level = 10.0 ** rng.uniform(1.0, 3.0, series)
    return level, level * rng.uniform(0.02, 0.1, series)


def _normal(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    return np.asarray(centre + unit * rng.standard_normal(shape))


_T3_RARE = float(stats.t.isf(RARE, 3))
_T3_UNIT = float(stats.t.ppf(0.8413447, 3))


def _student(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    return np.asarray(centre + unit / _T3_UNIT * rng.standard_t(3, shape))


def _rates(rng: Generator, series: int) -> tuple[Values, Values]:
    rate = 20.0 * 10.0 ** rng.uniform(0.0, 1.0, series)
    return 2.0 * np.sqrt(rate + 0.375), np.ones(series)


def _poisson(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    return rng.poisson((centre / 2.0) ** 2 - 0.375, shape).astype(np.float64)


_NB_R = 2.0


def _negative_binomials(rng: Generator, series: int) -> tuple[Values, Values]:
    mean = 20.0 * 5.0 ** rng.uniform(0.0, 1.0, series)
    p = _NB_R / (_NB_R + mean)
    low, middle, high = (stats.nbinom.ppf(q, _NB_R, p) for q in (0.1587, 0.5, 0.8413))
    return np.asarray(middle, np.float64), np.asarray((high - low) / 2.0)


def _nb_mean(centre: Values) -> Values:
    """The mean whose median is ``centre``: for two failures the median is close to 0.84 of it."""
    return np.asarray((centre + 0.5) / 0.84)


def _negative_binomial(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    p = _NB_R / (_NB_R + _nb_mean(centre))
    return rng.negative_binomial(_NB_R, np.broadcast_to(p, shape)).astype(np.float64)


def _nb_extreme(centre: Values, unit: Values) -> Values:
    return np.asarray(1.5 * stats.nbinom.isf(RARE, _NB_R, _NB_R / (_NB_R + _nb_mean(centre))))


def _fixed(level: float, unit: float) -> Callable[[Generator, int], tuple[Values, Values]]:
    return lambda rng, series: (np.full(series, level), np.full(series, unit))


_SPARSE_SHARE, _SPARSE_MEAN = 0.03, 5.0
_SPARSE_EXTREME = 1.5 * float(stats.poisson.isf(RARE / _SPARSE_SHARE, _SPARSE_MEAN))


def _sparse(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    here = rng.random(shape) < _SPARSE_SHARE
    return np.where(here, 1.0 * rng.poisson(_SPARSE_MEAN, shape), 0.0)


_BINARY_SHARE = 0.1


def _binary(rng: Generator, centre: Values, unit: Values, shape: tuple[int, int]) -> Values:
    return (rng.random(shape) < _BINARY_SHARE).astype(np.float64)


def _ratio(random: Randoms, series: int) -> Iterator[Block]:
    """Shares of some 200 cases; their number varies too."""
    start = random(-1)
    rate = start.uniform(0.05, 0.3, series)[:, None]
    zeros = np.zeros((series, BLOCK))
    block = 0
    while True:
        rng = random(block)
        n = np.maximum(rng.poisson(200.0, zeros.shape), 1)
        centre = 2.0 * np.sqrt(n) * np.arcsin(np.sqrt(rate))
        value = rng.binomial(n, np.broadcast_to(rate, n.shape)) / n
        counts = n.astype(np.float64)
        yield Block(block * BLOCK, "share", value, counts, centre, zeros, zeros + 1.0, zeros + np.nan)
        block += 1


_AR_KEEP = 0.7


def _autoregressive(random: Randoms, series: int) -> Iterator[Block]:
    level, unit = (a[:, None] for a in _levels(random(-1), series))
    last = np.zeros(series)
    zeros = np.zeros((series, BLOCK))
    block = 0
    while True:
        noise = random(block).standard_normal((series, BLOCK))
        carried = np.empty((series, BLOCK))
        for i in range(BLOCK):
            carried[:, i] = _AR_KEEP * last
            last = carried[:, i] + noise[:, i]
        centre = level + unit * carried
        value = centre + unit * noise
        yield Block(
            block * BLOCK, "plain", value, None, centre, zeros, unit + zeros, zeros + np.nan, keep=_AR_KEEP
        )
        block += 1


_STEPS, _STEP_SHARE = 8, 0.01


def _step(random: Randoms, series: int) -> Iterator[Block]:
    """Whole levels from 1 to 8 that change once in a hundred buckets."""
    last = random(-1).integers(1, _STEPS + 1, series).astype(np.float64)
    zeros = np.zeros((series, BLOCK))
    block = 0
    while True:
        rng = random(block)
        fresh = rng.integers(1, _STEPS + 1, zeros.shape).astype(np.float64)
        moved = rng.random(zeros.shape) < _STEP_SHARE
        value, centre = np.empty_like(zeros), np.empty_like(zeros)
        for i in range(BLOCK):
            centre[:, i] = last
            last = np.where(moved[:, i], fresh[:, i], last)
            value[:, i] = last
        yield Block(block * BLOCK, "whole", value, None, centre, zeros, zeros + 1.0, zeros + 1.5 * _STEPS)
        block += 1


def _seasonal(cadence_ms: int, daily: bool, weekly: bool) -> MetricClass:
    """A day of two harmonics, a week of one, or days that are lower at weekends; 4 to 10 units high."""
    day = DAY_MS // cadence_ms
    week = 7 * day

    def blocks(random: Randoms, series: int) -> Iterator[Block]:
        rng = random(-1)
        level, unit = (a[:, None] for a in _levels(rng, series))
        height, phase = rng.uniform(4.0, 10.0, (series, 1)), rng.uniform(0.0, 2.0 * np.pi, (series, 1))
        zeros = np.zeros((series, BLOCK))
        block = 0
        while True:
            t = block * BLOCK + np.arange(BLOCK)
            season = zeros
            if daily:
                turn = 2.0 * np.pi * t / day + phase
                season = height * (np.sin(turn) + 0.3 * np.sin(2.0 * turn + 1.0))
                if weekly:
                    season = np.where(t // day % 7 < 5, season, 0.4 * season - 0.6 * height)
            else:
                season = height * np.sin(2.0 * np.pi * t / week + phase)
            centre = level + unit * season
            value = centre + unit * random(block).standard_normal(zeros.shape)
            yield Block(
                block * BLOCK, "plain", value, None, centre, unit * season, unit + zeros, zeros + np.nan
            )
            block += 1

    return MetricClass(blocks, cadence_ms, day if daily else week)


_CADENCES = {"1 min": MINUTE_MS, "5 min": 5 * MINUTE_MS, "1 h": 60 * MINUTE_MS}

CLASSES: dict[str, MetricClass] = {
    "gaussian": MetricClass(_plain("plain", _normal, _levels)),
    "autoregressive": MetricClass(_autoregressive),
    "log-normal": MetricClass(
        _plain("log", lambda r, c, u, s: np.exp(_normal(r, c, u, s)), _fixed(3.0, 0.4))
    ),
    "heavy": MetricClass(_plain("plain", _student, _levels, lambda c, u: c + 1.5 * _T3_RARE * u / _T3_UNIT)),
    "poisson": MetricClass(_plain("root", _poisson, _rates)),
    "overdispersed": MetricClass(_plain("whole", _negative_binomial, _negative_binomials, _nb_extreme)),
    "ratio": MetricClass(_ratio),
    "sparse": MetricClass(
        _plain("whole", _sparse, _fixed(0.0, 1.0), lambda c, u: np.full_like(c, _SPARSE_EXTREME))
    ),
    "step": MetricClass(_step),
    "trending": MetricClass(_plain("plain", _normal, _levels, slope=0.005)),
    "bursty": MetricClass(_plain("log", lambda r, c, u, s: np.exp(_normal(r, c, u, s)), _fixed(0.0, 1.5))),
    "constant": MetricClass(_plain("plain", lambda r, c, u, s: np.full(s, 42.0), _fixed(42.0, 0.42))),
    "binary": MetricClass(_plain("whole", _binary, _fixed(0.0, 1.0))),
    **{f"daily, {word}": _seasonal(ms, True, False) for word, ms in _CADENCES.items()},
    **{f"weekly, {word}": _seasonal(ms, False, True) for word, ms in _CADENCES.items()},
    **{f"daily and weekly, {word}": _seasonal(ms, True, True) for word, ms in _CADENCES.items()},
}
"""By permanent name; new ones go to the end, for a class's place is part of its seed."""
