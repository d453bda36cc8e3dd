"""Candidates side by side: each runs over the window, value after value, and says what it expects beforehand.

The loss is the mean over the second half of log scale + 5/2 log(1 + r^2/4): minus the log density of
Student's t with four degrees of freedom, a proper score that a few extremes do not decide. Richer candidates
pay a little, so that a plain one wins a draw. About 0.1 ms a candidate for 2,016 values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners import ratio
from learners.base import Warm
from learners.candidate import Candidate, Series, scaled
from learners.compiled import kernel
from learners.residual import width

SEASON_WORTH = 0.1
"""Nats a sample that a model with a season may lose: it is right also hours ahead, which the loss of the next
value does not see, and what holds in an anomaly must be."""

FLOOR_SHARE = 0.5
"""Smallest width of a residual, as a share of the usual scale: noise comes back after a stretch without."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A candidate that has seen the window, and what it lost, in nats a value, its price included; ``lost``:
    at each value of the second half, without prices; of labelled spans, where there are any, whether it would
    have ``raised`` each (`learners.labels`)."""

    candidate: Candidate
    seen: Warm
    loss: float
    lost: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    raised: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """What is known of shares: the cases behind each, and their mean."""

    n: NDArray[np.float64]
    n_mean: float

    @property
    def weight(self) -> NDArray[np.float64]:
        """What each share teaches."""
        found: NDArray[np.float64] = supports(self.n, self.n_mean)
        return found

    def widths(self, seen: Warm, raw: NDArray[np.float64], unit: float) -> NDArray[np.float64]:
        """How wide each residual may be, as it will be judged; ``raw``: what was expected."""
        found: NDArray[np.float64] = widths_of(seen.scale, 0.0, raw, self.n, self.n_mean, unit, True)
        return found


def contest(series: Series, entered: list[Candidate], cases: Cases | None) -> list[Entry]:
    """Every candidate over the window, with what it lost on the second half."""
    y, offset, unit = series.scaled, series.offset, series.unit
    weight = cases.weight if cases is not None else None
    entries = []
    for candidate in entered:
        values = scaled(series.y, 0.0, unit) if candidate.product else y
        seen = candidate.run(series.t, values, weight)
        residual, scale = seen.residual, seen.scale
        if cases is not None:
            scale = cases.widths(seen, (0.0 if candidate.product else offset) + unit * seen.centre, unit)
            residual = residual * seen.scale / scale
        lost = np.empty(len(y) - len(y) // 2)
        loss = float(mean_loss(residual, scale, len(y) // 2, lost))
        worth = SEASON_WORTH if candidate.knobs.get("periods") else 0.0
        entries.append(Entry(candidate, seen, loss + candidate.price - worth, lost))
    return entries


@kernel
def mean_loss(residual: Any, scale: Any, first: int, lost: Any) -> float:
    """The loss of the values from ``first`` on, without prices; ``lost``: takes up that of each."""
    total = 0.0
    for i in range(first, len(residual)):
        one = math.log(scale[i]) + 2.5 * math.log1p(min(residual[i] * residual[i], 1e200) * 0.25)
        lost[i - first] = one
        total += one
    return total / max(len(residual) - first, 1)


@kernel
def widths_of(
    scale: Any, floor: float, expected: Any, n: Any, n_mean: float, unit: float, share: bool
) -> Any:
    """How wide residuals may be, where the families gave their scales."""
    found = np.empty(len(scale))
    for i in range(len(scale)):
        found[i] = width(max(scale[i], floor), expected[i], n[i], n_mean, unit, share)
    return found


@kernel
def supports(n: Any, n_mean: float) -> Any:
    """How much each share teaches, by the cases behind it."""
    found = np.empty(len(n))
    for i in range(len(n)):
        found[i] = ratio.support(n[i], n_mean)
    return found
