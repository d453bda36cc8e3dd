"""The error of a regression before any outcome has come: how far off the past was at such predictions.

Labelled cases of the past, in bins of equal share by what was predicted, say the mean absolute and the mean
squared error of each bin; the predictions of a bucket then say how far off they will be (direct loss). As
with accuracy (`monitor.served.estimate`) that follows the traffic and not the truth, is compared with what
came, learns only what would be mature at the longest delay, and says where it cannot be trusted.

Of each bucket a uniform sample of its labelled cases is kept, by keyed hash (`Sample`), so bins need no edges
before the numbers are known, and neither order nor cut of arrivals changes anything.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.served.estimate import CHANGED, LEAST_LABELLED, UNKNOWN_MAX, Estimate
from monitor.served.past import Miss, Past

PAIRS = 128
"""Labelled cases that are kept of a bucket: what was predicted, the absolute error, the weight."""
WINDOW = 50
"""Buckets that are remembered."""
BINS = 20
NEAR = 10
"""A prediction was seen where so many labelled ones lie near: within a tenth of the middle nine tenths."""
TOLERATED = 0.05
"""Of the error itself."""

Floats = NDArray[np.float64]


@dataclass
class Losses:
    """Of one version. ``window``: of the newest buckets that may be used, rows as `PAIRS` says."""

    window: deque[Floats] = field(default_factory=lambda: deque(maxlen=WINDOW))
    past: Past[Floats] = field(default_factory=Past)
    _binned: _Binned | None = None

    def reach(self, bucket: int) -> None:
        """A bucket is over: what may be used by now is."""
        for pairs in self.past.reach(bucket):
            if len(pairs):
                self.window.append(pairs)
                self._binned = None

    def estimate(self, predicted: Floats, n: int) -> Estimate:
        """Mean absolute and root mean squared error of ``n`` predictions, of which ``predicted`` is a uniform
        sample. About 0.4 ms for a thousand, and 3 ms at the first call after `reach` taught something."""
        known = sum(map(len, self.window))
        if not len(predicted):
            return Estimate(None, 0.0, 0, "no number that it predicted was kept", "mae")
        if known < LEAST_LABELLED:
            why = f"{known} of {LEAST_LABELLED} labelled predictions to learn from"
            return Estimate(None, 0.0, n, why, "mae")
        if self._binned is None:
            self._binned = _Binned(np.concatenate(list(self.window)))
        absolute, square = self._binned.means(predicted, n)
        root = math.sqrt(square[0])
        rmse = (root, square[1] / (2 * root) if root else 0.0)
        return Estimate(absolute[0], absolute[1], n, self._doubt(self._binned, predicted), "mae", rmse)

    def _doubt(self, binned: _Binned, predicted: Floats) -> str:
        unknown = float(np.mean(binned.near(predicted) < NEAR))
        if unknown > UNKNOWN_MAX:
            return f"{unknown:.0%} of the predictions lie where hardly any was seen with its outcome"
        off = self.past.off_by(TOLERATED)
        return "" if off is None else CHANGED.format(f"{off:+.0%} of the error", "prediction")

    def state(self) -> dict[str, Any]:
        waiting = sorted(self.past.waiting.items())
        return {
            "window": [pairs.tobytes() for pairs in self.window],
            "waiting": [[at, pairs.tobytes(), miss] for at, (pairs, miss) in waiting],
            "misses": [list(miss) for miss in self.past.misses],
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Losses:
        made = Losses()
        made.window.extend(map(_pairs, state["window"]))
        for at, pairs, miss in state["waiting"]:
            made.past.mature(at, _pairs(pairs), None if miss is None else (miss[0], miss[1]))
        made.past.misses.extend((error, scale) for error, scale in state["misses"])
        return made


def relative(error: float, scale: float, estimated: float, truth: float) -> Miss:
    """A miss as a share of the larger of both, so that it means the same of any unit.

    >>> relative(-5.0, 1.0, 5.0, 10.0)
    (-0.5, 0.1)
    """
    whole = max(estimated, truth)
    return (error / whole, scale / whole) if whole else (0.0, 0.0)


class _Binned:
    """Labelled cases by bins of what was predicted; all that depends on them alone is worked out once."""

    def __init__(self, pairs: Floats) -> None:
        said, error, weight = pairs.T
        self._said = np.sort(said)
        self._reach = 0.1 * float(np.diff(np.quantile(self._said, [0.05, 0.95]))[0])
        edges = np.unique(self._said[(np.arange(1, BINS) * len(said) - 1) // BINS])
        self._edges = edges[edges < self._said[-1]]
        of = self._bins(said)
        total = self._sums(of, weight)
        self._cases = total**2 / self._sums(of, weight**2)
        self._means = {power: self._sums(of, weight * error**power) / total for power in (1, 2, 4)}

    def means(self, predicted: Floats, n: int) -> tuple[tuple[float, float], tuple[float, float]]:
        """The mean absolute and the mean squared error to be expected, each with its standard error."""
        shares = self._sums(self._bins(predicted), np.ones(len(predicted))) / len(predicted)
        return self._mean(shares, 1, len(predicted), n), self._mean(shares, 2, len(predicted), n)

    def near(self, predicted: Floats) -> NDArray[np.intp]:
        """How many labelled cases lie near each."""
        above = np.searchsorted(self._said, predicted + self._reach, side="right")
        return above - np.searchsorted(self._said, predicted - self._reach, side="left")

    def _mean(self, shares: Floats, power: int, sampled: int, n: int) -> tuple[float, float]:
        means = self._means[power]
        spread = np.maximum(self._means[2 * power] - means**2, 0.0)
        value = float((shares * means).sum())
        by_chance = float((shares * spread).sum()) / n
        by_past = float((shares**2 * spread / self._cases).sum())
        between = max(float((shares * means**2).sum()) - value**2, 0.0)
        by_sampling = between / sampled * max(1.0 - sampled / n, 0.0)
        return value, math.sqrt(by_chance + by_past + by_sampling)

    def _bins(self, values: Floats) -> NDArray[np.intp]:
        """Each bin has a case of its own: edges are values, and the last one is below the largest."""
        return np.searchsorted(self._edges, values, side="left")

    def _sums(self, bins: NDArray[np.intp], terms: Floats) -> Floats:
        return np.bincount(bins, terms, minlength=len(self._edges) + 1).astype(np.float64)


def _pairs(packed: bytes) -> Floats:
    return np.frombuffer(packed, np.float64).reshape(-1, 3)
