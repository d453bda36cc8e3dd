"""The contract of a score-only detector: how strange a value is, without a forecast or a probability.

They are there for comparison, and to challenge the baselines later; a score becomes an alarm only through a
threshold family. Two shapes:

- *online*, `half_space` and `rrcf`: ``score_one`` changes nothing, ``learn_one`` returns nothing; memory is
  bounded, and the same seed and values give the same scores;
- *batch*, `spectral_residual` and `seasonal_esd`: ``score_window`` of a whole window, a pure function.

A score is at least 0 and larger for stranger values; units differ from detector to detector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from learners.detect import seasonal_esd, spectral_residual
from learners.detect.half_space import HalfSpace
from learners.detect.rrcf import CutForest


class OnlineDetector(Protocol):
    """Verbs on one residual, in scales."""

    def score_one(self, r: float) -> float: ...
    def learn_one(self, r: float) -> None: ...


WindowDetector = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""Values, shape (n,), and their season in positions (0: none) to scores, shape (n,)."""

ONLINE: dict[str, Callable[[int], OnlineDetector]] = {
    "half_space": lambda seed: HalfSpace(seed=seed),
    "rrcf": lambda seed: CutForest(seed=seed),
}
"""Makers of fresh online detectors, by seed."""

WINDOW: dict[str, WindowDetector] = {
    "spectral_residual": lambda values, _period: spectral_residual.score_window(values),
    "seasonal_esd": lambda values, period: seasonal_esd.score_window(values, period=period),
}
