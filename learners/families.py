"""Which module is which family: the Python side of `dispatch`."""

from __future__ import annotations

from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from learners.base import Family, Tail, Warm
from learners.baseline import (
    arima,
    binomial,
    counts,
    ema,
    holt_winters,
    kalman,
    moving_average,
    neural,
    seasonal_profile,
    sparse,
    step_level,
)
from learners.threshold import conformal, extreme_value, noncentral_t, scaled_minmax, sigma


class BaselineFamily(Protocol):
    """A module of `learners.baseline`."""

    dtype: np.dtype[np.void]

    def forecast(self, m: Any, season: Any, t: int) -> tuple[float, float]: ...
    def learn(
        self, m: Any, season: Any, t: int, y: float, centre: float, scale: float, weight: float
    ) -> None: ...
    def rebase(self, m: Any, season: Any, delta: float) -> None: ...
    def warm(
        self,
        y: NDArray[np.float64],
        t: NDArray[np.int64],
        weight: NDArray[np.float64] | None = None,
        *,
        periods: tuple[int, ...] = (),
        **knobs: Any,
    ) -> Warm: ...


class TailFamily(Protocol):
    """A module of `learners.threshold` with a record of its own."""

    dtype: np.dtype[np.void]

    def surprise(self, m: Any, r: float) -> float: ...
    def limit(self, m: Any, side: int, level: float) -> float: ...
    def learn(self, m: Any, r: float, weight: float) -> None: ...
    def warm(self, residuals: NDArray[np.float64]) -> NDArray[np.void]: ...


BASELINES: dict[Family, BaselineFamily] = {
    Family.EMA: cast(BaselineFamily, ema),
    Family.MOVING_AVERAGE: cast(BaselineFamily, moving_average),
    Family.HOLT_WINTERS: cast(BaselineFamily, holt_winters),
    Family.SEASONAL_PROFILE: cast(BaselineFamily, seasonal_profile),
    Family.KALMAN: cast(BaselineFamily, kalman),
    Family.STEP_LEVEL: cast(BaselineFamily, step_level),
    Family.COUNTS: cast(BaselineFamily, counts),
    Family.SPARSE: cast(BaselineFamily, sparse),
    Family.BINOMIAL: cast(BaselineFamily, binomial),
    Family.ARIMA: cast(BaselineFamily, arima),
    Family.NEURAL: cast(BaselineFamily, neural),
}
TAILS: dict[Tail, TailFamily] = {
    Tail.SIGMA: cast(TailFamily, sigma),
    Tail.SCALED_MINMAX: cast(TailFamily, scaled_minmax),
    Tail.EXTREME_VALUE: cast(TailFamily, extreme_value),
    Tail.NONCENTRAL_T: cast(TailFamily, noncentral_t),
    Tail.CONFORMAL: cast(TailFamily, conformal),
}
