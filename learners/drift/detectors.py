"""The contract of an online drift detector, and which there are.

A detector is one file of this folder: a small record ``dtype``, of which `new` makes a fresh one, and the
scalar kernel

- ``update(m, r, weight) -> statistic``: the way to a report, signed by direction; at 1 (or -1) a lasting
  change is reported. Weight 0 changes nothing.

``FALSE_ALARM`` is the detector's promise of reports a sample where nothing drifts, ``DELAY_MAX`` that of
the samples until a shift of one scale is reported. `frozen_reference` is shown values, the others
residuals. `changepoint` is no online detector: it looks at a whole window. Nor is `reference`, which
learning passes show one day after another.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from learners.drift import adwin, cusum, frozen_reference, page_hinkley


class Detector(Protocol):
    """A module of `learners.drift` with a record of its own."""

    FALSE_ALARM: float
    DELAY_MAX: int
    dtype: np.dtype[np.void]

    def update(self, m: Any, r: float, weight: float) -> float: ...
    def new(self) -> NDArray[np.void]: ...


DETECTORS: dict[str, Detector] = {
    "page_hinkley": cast(Detector, page_hinkley),
    "cusum": cast(Detector, cusum),
    "adwin": cast(Detector, adwin),
    "frozen_reference": cast(Detector, frozen_reference),
}
