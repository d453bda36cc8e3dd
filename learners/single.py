"""One series, one model: a bank of one, with River's verbs.

>>> model = Model("ema", alpha=0.2)
>>> for t, value in enumerate([10.0, 11.0, 9.0, 10.0] * 25):
...     model.learn_one(value, t)
>>> model.score_one(10.5, 100) < 50.0 < model.score_one(30.0, 100)
True
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import TAIL_OFFSET, Family, writable
from learners.choice import Choice, Chosen, ChosenTail
from learners.families import BASELINES, TAILS
from learners.score import L_OPEN, combine, score
from learners.threshold import extreme_value


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected, in the series' own units; the surprise is `L_OPEN` at ``lower`` and ``upper``."""

    centre: float
    scale: float
    lower: float
    upper: float


class Model:
    """A baseline with an extreme-value tail for one series; some 200 bytes of state and no history.

    ``family``: a name of `Family`, in lower case; ``knobs`` are those of the family's ``warm``. A value v is
    handled as (v - offset) / unit: give the usual level and spread if they are far from 0 and 1.
    """

    def __init__(self, family: str = "ema", *, offset: float = 0.0, unit: float = 1.0, **knobs: Any) -> None:
        if not unit > 0.0:
            raise ValueError(f"unit is positive, not {unit}")
        try:
            self._family = BASELINES[Family[family.upper()]]
        except KeyError:
            names = ", ".join(f.name.lower() for f in BASELINES)
            raise ValueError(f"no family {family!r}; there are {names}") from None
        self.offset, self.unit = offset, unit
        blank = self._family.warm(np.zeros(0), np.zeros(0, np.int64), **knobs)
        self._rows: NDArray[np.void] = writable(blank.record.tobytes(), self._family.dtype)
        self.season = blank.season.copy()
        self._tail_family: Any = extreme_value
        self._tail: NDArray[np.void] = extreme_value.warm(np.zeros(0)).reshape(1)

    @staticmethod
    def from_choice(choice: Choice) -> Model:
        """The champion of a learning pass, as warm as the pass left it."""
        return Model.living(choice.champion, choice.tail, choice.offset, choice.unit)

    @staticmethod
    def living(champion: Chosen, tail: ChosenTail, offset: float, unit: float) -> Model:
        """A baseline and its tail in the states that they have."""
        model = Model(champion.family.name.lower(), offset=offset, unit=unit)
        model._rows = writable(champion.record, model._family.dtype)
        model.season = champion.season.copy()
        model._tail_family = TAILS[tail.family]
        model._tail = writable(bytes(TAIL_OFFSET) + tail.record, model._tail_family.dtype)
        return model

    def forecast(self, t: int) -> Forecast:
        """What bucket ``t`` is expected to be; changes nothing."""
        centre, scale = self._family.forecast(self._rows[0], self.season, t)
        low = self._tail_family.limit(self._tail[0], -1, L_OPEN) * scale
        high = self._tail_family.limit(self._tail[0], 1, L_OPEN) * scale
        return Forecast(
            centre=self._value(centre),
            scale=self.unit * scale,
            lower=self._value(centre - low),
            upper=self._value(centre + high),
        )

    def score_one(self, value: float, t: int) -> float:
        """Score of ``value`` in bucket ``t``, 0 to 100; changes nothing."""
        return score(combine(self._tail_family.surprise(self._tail[0], self._residual(value, t)), 0.0, 0.0))

    def surprise_one(self, value: float, t: int) -> tuple[float, float]:
        """Residual and surprise of ``value`` in bucket ``t``; changes nothing."""
        residual = self._residual(value, t)
        return residual, float(self._tail_family.surprise(self._tail[0], residual))

    def learn_one(self, value: float, t: int, weight: float = 1.0) -> None:
        """Take in ``value`` of bucket ``t``; ``weight`` in [0, 1], 0 teaches nothing."""
        y = (value - self.offset) / self.unit
        centre, scale = self._family.forecast(self._rows[0], self.season, t)
        self._family.learn(self._rows[0], self.season, t, y, centre, scale, weight)
        self._tail_family.learn(self._tail[0], (y - centre) / scale, weight)

    def _residual(self, value: float, t: int) -> float:
        centre, scale = self._family.forecast(self._rows[0], self.season, t)
        return float(((value - self.offset) / self.unit - centre) / scale)

    def _value(self, y: float) -> float:
        return float(self.offset + self.unit * y)
