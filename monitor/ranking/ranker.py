"""A logistic regression (River) over traits, learned label by label: what people act on.

Each label is foretold before it is learned from (progressive validation), and by that the ranking is
calibrated and proven. Numbers are standardised by what was seen before; names are there or not. Features go
in by name, so the same labels in the same order give the same ranking to the bit, and it is never stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from river.linear_model import LogisticRegression
from river.optim import SGD
from river.preprocessing import StandardScaler

from monitor.domain.traits import Traits
from monitor.ranking.calibration import chance, fitted, odds
from monitor.ranking.features import names_of, numbers_of
from monitor.ranking.proof import Proof

RATE = 0.05
"""How far one label moves a weight."""
L2 = 0.001
FITTED_FROM = 16
"""Labels from which on there is a calibration; it is fitted anew with each eighth more."""
FAR = 3.0
"""Standard deviations beyond which a number counts as that far: the first labels know little of spread."""
BANDS = 5
_SURE = 0.01
"""Nothing is foretold with more certainty."""
_LEAST_SAID = 0.05


@dataclass(frozen=True, slots=True)
class Reason:
    """``speaks``: how much a feature adds to the log odds that people act; ``size``: the feature's value, in
    standard deviations from the mean of what was labelled; 1 for a name that is there."""

    feature: str
    speaks: float
    size: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of labels foretold with a probability in [low, high): how many, the mean of what was said, and the
    share that was true."""

    low: float
    high: float
    labels: int
    said: float
    true: float


class Ranker:
    """``opening``: goes only by what is known when somebody is first to be told. Some 0.1 ms a label."""

    def __init__(self, *, opening: bool = False) -> None:
        self._opening = opening
        self._scaler: Any = StandardScaler()  # River says little of its types
        self._model: Any = LogisticRegression(optimizer=SGD(RATE), l2=L2, intercept_lr=RATE)
        self._said: list[float] = []
        self._true: list[bool] = []
        self._foretold: list[float] = []
        self._slope, self._shift = 1.0, 0.0
        self.proof = Proof()

    @staticmethod
    def of(labels: Iterable[tuple[Traits, bool]], *, opening: bool = False) -> Ranker:
        """What labels in their order teach."""
        ranker = Ranker(opening=opening)
        for traits, true in labels:
            ranker.learn(traits, true)
        return ranker

    def learn(self, traits: Traits, true: bool) -> None:
        """Somebody acted on such an incident, or called it a false alarm."""
        said, foretold = self._log_odds(traits), self.chance(traits)
        self.proof = self.proof.with_one(foretold, true)
        self._said.append(said)
        self._true.append(true)
        self._foretold.append(foretold)
        if len(self._said) % max(FITTED_FROM, len(self._said) // 8) == 0:
            self._slope, self._shift = fitted(self._said, self._true)
        self._scaler.learn_one(numbers_of(traits, opening=self._opening))
        self._model.learn_one(self._features(traits), true)

    def chance(self, traits: Traits) -> float:
        """That people act on it."""
        told = chance(self._slope * self._log_odds(traits) + self._shift)
        return min(max(told, _SURE), 1.0 - _SURE)

    def reasons(self, traits: Traits, most: int = 3) -> list[Reason]:
        """What speaks for it and against it, the strongest first."""
        features = self._features(traits)
        weights = self._model.weights
        found = [
            Reason(name, self._slope * float(weights.get(name, 0.0)) * value, value)
            for name, value in features.items()
        ]
        told = [one for one in found if abs(one.speaks) >= _LEAST_SAID]
        return sorted(told, key=lambda one: (-abs(one.speaks), one.feature))[:most]

    def reliability(self) -> list[Reliability]:
        """How often what was foretold came true, in bands of what was said; of all labels, each before it was
        learned from."""
        found = []
        for band in range(BANDS):
            low, high = band / BANDS, (band + 1) / BANDS
            there = [at for at, p in enumerate(self._foretold) if low <= p < high]
            if there:
                said = sum(self._foretold[at] for at in there) / len(there)
                true = sum(self._true[at] for at in there) / len(there)
                found.append(Reliability(low, high, len(there), said, true))
        return found

    def _log_odds(self, traits: Traits) -> float:
        return odds(float(self._model.predict_proba_one(self._features(traits))[True]))

    def _features(self, traits: Traits) -> dict[str, float]:
        numbers = self._scaler.transform_one(numbers_of(traits, opening=self._opening))
        named = dict.fromkeys(names_of(traits, opening=self._opening), 1.0)
        return {name: min(max(float(numbers[name]), -FAR), FAR) for name in sorted(numbers)} | named
