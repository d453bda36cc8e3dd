"""What may enter the contest beside the families that any series may get: a table from class to families.

Prices are nats a sample, paid on top of the loss: a hundredth for each thing more that a family learns than
an exponential average does, and twice that where it keeps a table. A gain below the price is no gain: over
the thousand samples on which a pass counts, losses of equals differ by about so much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Family, Warm
from learners.families import BASELINES

_ZERO_MOST = 1e5
"""Largest offset, in units, at which counts are tried: their zero is a float32."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A family with its knobs; ``price`` in nats; ``product``: multiplicative, lives on an offset of 0."""

    name: str
    family: Family
    price: float
    knobs: dict[str, Any]
    product: bool = False

    def run(self, t: NDArray[np.int64], y: NDArray[np.float64]) -> Warm:
        return BASELINES[self.family].warm(y, t, **self.knobs)

    def on_zero(self) -> Candidate:
        """The same for a series whose offset is 0."""
        return replace(self, knobs={**self.knobs, "zero": 0.0}) if "zero" in self.knobs else self


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What a maker of candidates may look at: raw values, seasons that are to be learned, smallest scale."""

    y: NDArray[np.float64]
    offset: float
    unit: float
    periods: tuple[int, ...]
    floor: float


Maker = Callable[[Series], list[Candidate]]


def _level(series: Series) -> list[Candidate]:
    """Local levels that move slowly and fast."""
    return [
        Candidate(f"kalman({signal:g})", Family.KALMAN, 0.01, {"signal": signal, "floor": series.floor})
        for signal in (0.02, 1.0)
    ]


def _line(series: Series) -> list[Candidate]:
    """A local linear trend."""
    knobs = {"signal": 0.1, "turn": 0.001, "phi": 0.98, "floor": series.floor}
    return [Candidate("kalman(0.1, trend)", Family.KALMAN, 0.02, knobs)]


def _steps(series: Series) -> list[Candidate]:
    """A level that stands still and jumps."""
    return [Candidate("step_level", Family.STEP_LEVEL, 0.01, {"floor": series.floor})]


def _counts(series: Series) -> list[Candidate]:
    """A rate, and one for each slot of a season, where values are counts."""
    y = series.y
    if float(y.min()) < 0.0 or bool(np.any(np.floor(y) != y)) or series.offset > _ZERO_MOST * series.unit:
        return []
    knobs = {"zero": -series.offset / series.unit, "grain": 1.0 / series.unit}
    found = [Candidate("counts", Family.COUNTS, 0.01, {"alpha": 0.02, **knobs})]
    for period in series.periods:
        one = {"periods": (period,), "alpha": 0.02, "gamma": 0.1, **knobs}
        found.append(Candidate(f"counts({period})", Family.COUNTS, 0.02, one))
    return found


def _events(series: Series) -> list[Candidate]:
    """How often something happens, and how much."""
    if series.offset != 0.0:
        return []
    return [Candidate("sparse", Family.SPARSE, 0.01, {"floor": series.floor})]


SUITED: Mapping[str, tuple[Maker, ...]] = {
    "smooth": (_level,),
    "binary": (_steps,),
    "sparse": (_events,),
    "discrete": (_steps,),
    "count": (_counts,),
    "seasonal": (_counts,),
    "multimodal": (_steps,),
    "irregular": (_level, _line),
    "trending": (_level, _line),
    "cumulative": (_line,),
    "bursty": (_level,),
}
"""Makers of candidates by class; a class that is not named gets none beyond those of every series."""


def suited(metric_class: str, series: Series) -> list[Candidate]:
    """The candidates that the class calls for, plain ones first.

    >>> few = Series(np.zeros(9), 0.0, 1.0, (), 0.0)
    >>> [one.name for one in suited("trending", few)], suited("constant", few)
    (['kalman(0.02)', 'kalman(1)', 'kalman(0.1, trend)'], [])
    """
    return [one for maker in SUITED.get(metric_class, ()) for one in maker(series)]
