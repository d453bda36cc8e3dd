"""Accuracy before any label has come: what the model's own confidence says, as far as it was right so far.

Labelled cases of the past say how often the model is right at each confidence; the confidences of a bucket
then say how often it will be right there. That holds as long as the relation between score and truth does
(covariate shift), and cannot see it change (concept drift), so every estimate is compared with the truth
once labels come, and is not given where it lately missed, or where the past knows too little.

The past of a bucket is what would be mature at its end if every label took as long as it may: so when labels
really came changes no estimate.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.served.past import Past
from monitor.served.quality import CONFIDENCES

LEAST_LABELLED = 300
LEAST_IN_BIN = 20
UNKNOWN_MAX = 0.1
FORGOTTEN = 50
"""Of what was learned one part in so many is forgotten a bucket: half in 35."""
TOLERATED = 0.02
CHANGED = "it was off by {} where labels came since: the relation between {} and truth has changed"
_PRIOR = 10.0
_Z = 1.959963984540054

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """``value`` of a ``measure`` with its standard error, where there is one; ``why`` it cannot be trusted,
    or empty. ``rmse``: beside a mean absolute error the root of the mean squared one, with its own."""

    value: float | None
    error: float
    n: int
    why: str
    measure: str = "accuracy"
    rmse: tuple[float, float] | None = None

    @property
    def trusted(self) -> bool:
        return not self.why

    def to_body(self) -> dict[str, Any]:
        found: dict[str, Any] = {"value": None, "lower": None, "upper": None}
        if self.value is not None:
            found = _interval(self.value, self.error, 1.0 if self.measure == "accuracy" else math.inf)
        return {
            **found,
            "measure": self.measure,
            "n": self.n,
            "trusted": self.trusted,
            "why": self.why,
            "error": None,
            "rmse": None if self.rmse is None else _interval(*self.rmse) | {"n": self.n, "error": None},
        }


def _interval(value: float, error: float, most: float = math.inf) -> dict[str, Any]:
    half = _Z * error
    return {"value": value, "lower": max(value - half, 0.0), "upper": min(value + half, most)}


@dataclass
class Calibration:
    """How often one version was right at each confidence."""

    counts: Integers = field(default_factory=lambda: np.zeros((CONFIDENCES, 2), np.int64))
    past: Past[Integers] = field(default_factory=Past)

    def reach(self, bucket: int) -> None:
        """A bucket is over: what may be used by now is."""
        for counts in self.past.reach(bucket):
            self.counts = self.counts - self.counts // FORGOTTEN + counts

    def estimate(self, confident: Integers) -> Estimate:
        """Of the confidences of a bucket's predictions."""
        n, known = int(confident.sum()), int(self.counts[:, 0].sum())
        if not n:
            return Estimate(None, 0.0, 0, "its predictions have no score")
        if known < LEAST_LABELLED:
            return Estimate(None, 0.0, n, f"{known} of {LEAST_LABELLED} labelled predictions to learn from")
        right = (self.counts[:, 1] + _PRIOR * _BELIEVED) / (self.counts[:, 0] + _PRIOR)
        shares = confident / n
        value = float((shares * right).sum())
        by_chance = float((shares * right * (1 - right)).sum()) / n
        by_past = float((shares**2 * right * (1 - right) / (self.counts[:, 0] + _PRIOR)).sum())
        return Estimate(value, math.sqrt(by_chance + by_past), n, self._doubt(confident, n))

    def _doubt(self, confident: Integers, n: int) -> str:
        unknown = int(confident[self.counts[:, 0] < LEAST_IN_BIN].sum()) / n
        if unknown > UNKNOWN_MAX:
            return f"{unknown:.0%} of the predictions have a confidence that was hardly seen with labels"
        off = self.past.off_by(TOLERATED)
        return "" if off is None else CHANGED.format(f"{off:+.3f}", "score")

    def state(self) -> dict[str, Any]:
        waiting = sorted(self.past.waiting.items())
        return {
            "counts": self.counts.tolist(),
            "waiting": [[at, counts.tolist(), miss] for at, (counts, miss) in waiting],
            "misses": [list(miss) for miss in self.past.misses],
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Calibration:
        made = Calibration(np.array(state["counts"], np.int64))
        for at, counts, miss in state["waiting"]:
            learned = np.array(counts, np.int64)
            made.past.mature(at, learned, None if miss is None else (miss[0], miss[1]))
        made.past.misses.extend((error, scale) for error, scale in state["misses"])
        return made


def _believed() -> NDArray[np.float64]:
    """How often a model is right that means what its score says."""
    middle = (np.arange(20) + 0.5) / 20
    return np.concatenate([1 - middle, middle])


_BELIEVED = _believed()
