"""What sort of metric windows show: the first class of the rules that fits, with the reason as a value.

What a metric *is* (constant, binary, cumulative, sparse, ratio, discrete, irregular) comes before how it
*moves* (seasonal, trending, count, multimodal, bursty). Every limit has two values: a class is entered at the
strict one and kept at the lax one, so a series near a limit does not change its class with each pass.
Vectorised over rows; with `shape` about 20 µs a series.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.rows import Rows
from learners.season import Why
from learners.shape import shapes_of

CLASSES = (
    "smooth",
    "constant",
    "binary",
    "cumulative",
    "sparse",
    "ratio",
    "discrete",
    "irregular",
    "seasonal",
    "trending",
    "count",
    "multimodal",
    "bursty",
)
"""Names by the code that is stored; new ones go to the end."""

DISCRETE_MOST = 12


class Because(enum.IntEnum):
    """Why a row has its class; the codes are stable, new ones go to the end. Each goes with a number."""

    NONE_OF_THE_OTHERS = 0
    ONE_VALUE = 1
    DECLARED = 2
    TWO_VALUES = 3
    NEVER_FALLS = 4
    MOSTLY_ZERO = 5
    SHARE_WITH_N = 6
    FEW_VALUES = 7
    STANDS_STILL = 8
    EMPTY_BUCKETS = 9
    HAS_SEASON = 10
    STRAIGHT_LINE = 11
    POISSON = 12
    OVERDISPERSED = 13
    SEVERAL_HEAPS = 14
    FAR_TAIL = 15


_SAID = {
    Because.NONE_OF_THE_OTHERS: "no other class fits",
    Because.ONE_VALUE: "{0:.0f} distinct value",
    Because.DECLARED: "declared",
    Because.TWO_VALUES: "{0:.0f} distinct values",
    Because.NEVER_FALLS: "{0:.0%} of steps do not fall",
    Because.MOSTLY_ZERO: "{0:.0%} zeros",
    Because.SHARE_WITH_N: "within [0, 1], with n",
    Because.FEW_VALUES: "{0:.0f} distinct values",
    Because.STANDS_STILL: "{0:.0%} of values equal the one before",
    Because.EMPTY_BUCKETS: "{0:.0%} of buckets have a value",
    Because.HAS_SEASON: "a season explains {0:.0%} of the variance of cycles held out",
    Because.STRAIGHT_LINE: "a line explains {0:.0%}",
    Because.POISSON: "whole numbers from 0, variance {0:.2g} times the mean",
    Because.OVERDISPERSED: "whole numbers from 0, variance {0:.2g} times the mean",
    Because.SEVERAL_HEAPS: "several modes, between which the density falls to {0:.0%} of the lower one",
    Because.FAR_TAIL: "the tail reaches {0:.1f} interquartile ranges",
}


@dataclass(frozen=True, slots=True)
class Classified:
    """Name, reason and the number that decided.

    >>> str(Classified("sparse", Because.MOSTLY_ZERO, 0.9))
    '90% zeros'
    """

    name: str
    because: Because
    number: float

    def __str__(self) -> str:
        return _SAID[self.because].format(self.number)


Bools = NDArray[np.bool_]


def classify(
    rows: Rows,
    findings: NDArray[np.void],
    kinds: Sequence[str | None],
    has_n: Bools,
    former: Sequence[str | None],
) -> list[Classified]:
    """The class of each row. A declared kind, cumulative or ratio, is believed; ``former``: its class so far.

    >>> from learners.season import find_seasons
    >>> rows = Rows.of(np.full((1, 50), 3.0))
    >>> classify(rows, find_seasons(rows, 0), [None], np.zeros(1, bool), [None])
    [Classified(name='constant', because=<Because.ONE_VALUE: 1>, number=1.0)]
    """
    shape = shapes_of(rows)
    code = np.array([CLASSES.index(name) if name is not None else -1 for name in former], np.int64)
    cumulative = np.array([kind == "cumulative" for kind in kinds], np.bool_)
    ratio = np.array([kind == "ratio" for kind in kinds], np.bool_)

    def limit(name: str, enter: float, stay: float) -> NDArray[np.float64]:
        return np.where(code == CLASSES.index(name), stay, enter)

    samples, distinct = shape["samples"], shape["distinct"]
    few = np.clip(samples // 16, 2, limit("discrete", DISCRETE_MOST, 1.25 * DISCRETE_MOST))
    falls = 1.0 - shape["rising_share"]
    climbs = (samples >= 32) & (falls <= limit("cumulative", 0.03, 0.05)) & (distinct > few)
    climbs &= (shape["trend_share"] > 0.5) | (shape["nonnegative"] & (shape["reset_share"] >= 0.8 * falls))
    climbs &= (falls <= 0.0) | (shape["zero_share"] < 0.5)  # what rises from zero and falls back is an event
    stands = (shape["repeat_share"] >= limit("discrete", 0.8, 0.7)) & (distinct * 8 <= samples)
    sparse = shape["zero_share"] >= limit("sparse", 0.8, 0.7)
    empty = (shape["fill"] < limit("irregular", 0.5, 0.6)) & (shape["gap_variation"] > 0.25)
    taken = findings["why"] == Why.TAKEN
    strength = np.max(np.where(taken, findings["strength"], 0.0), axis=1, initial=0.0)
    season = taken.any(axis=1) & (strength >= limit("seasonal", 0.08, 0.0))
    counts = shape["integers"] & shape["nonnegative"] & (distinct > 2)
    spread = shape["dispersion"]
    heaps = (shape["valley"] <= limit("multimodal", 0.35, 0.5)) & (shape["crossings"] >= 8)
    rules: tuple[tuple[str, Because, Bools, NDArray[np.float64]], ...] = (
        ("constant", Because.ONE_VALUE, distinct == 1, distinct),
        ("cumulative", Because.DECLARED, cumulative, distinct),
        ("ratio", Because.DECLARED, ratio, distinct),
        ("binary", Because.TWO_VALUES, distinct == 2, distinct),
        ("cumulative", Because.NEVER_FALLS, climbs, shape["rising_share"]),
        ("sparse", Because.MOSTLY_ZERO, sparse, shape["zero_share"]),
        ("ratio", Because.SHARE_WITH_N, shape["within_one"] & has_n, distinct),
        ("discrete", Because.FEW_VALUES, (distinct <= few) & (distinct > 0), distinct),
        ("discrete", Because.STANDS_STILL, stands, shape["repeat_share"]),
        ("irregular", Because.EMPTY_BUCKETS, empty, shape["fill"]),
        ("seasonal", Because.HAS_SEASON, season, strength),
        (
            "trending",
            Because.STRAIGHT_LINE,
            shape["trend_share"] >= limit("trending", 0.75, 0.6),
            shape["trend_share"],
        ),
        ("count", Because.POISSON, counts & (spread <= 1.5), spread),
        ("count", Because.OVERDISPERSED, counts, spread),
        ("multimodal", Because.SEVERAL_HEAPS, heaps, shape["valley"]),
        ("bursty", Because.FAR_TAIL, shape["reach"] > limit("bursty", 5.0, 4.0), shape["reach"]),
    )
    fits = np.stack([fit for _, _, fit, _ in rules])
    chosen = np.where(fits.any(axis=0), fits.argmax(axis=0), len(rules)).tolist()
    found = []
    for row, place in enumerate(chosen):
        if place == len(rules):
            found.append(Classified("smooth", Because.NONE_OF_THE_OTHERS, 0.0))
        else:
            name, because, _, number = rules[place]
            found.append(Classified(name, because, float(number[row])))
    return found
