"""Which ARIMA model a window calls for: orders by AIC out of a short table, factors by statsmodels.

The factors are those of Hannan and Rissanen, two regressions; a likelihood by the Kalman filter finds much
the same and takes a hundred times as long. The values looked at are the newest `WINDOW_MOST` buckets, with
what is missing drawn in and single extremes cut at five robust deviations of the differenced series. Orders
are compared by n ln(variance of what a step ahead misses) + 2 k, which is of the values themselves however
often they were differenced. What is not stationary and invertible is out. About 15 ms a window on one core,
with a season 25 to 40, where all other candidates together take 6: so it is fitted for series for which
somebody has asked for it.

Source: E. J. Hannan & J. Rissanen, Biometrika 69 (1982) 81; H. Akaike, IEEE Trans. Autom. Control 19 (1974)
716; for the step-down recursion S. M. Kay, Modern Spectral Estimation (1988), 6.3.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from learners.gaussian import MAD_SIGMA

WINDOW_MOST = 1024
WINDOW_LEAST = 128
FILL_LEAST = 0.8
"""Share of buckets that have a value, below which nothing is fitted."""
SEASON_MOST = 64
_CUT = 5.0
_FIRST_LAGS = 16
"""Lags of the first regression beyond the model's own."""
_STABLE = 0.999

Lags = tuple[int, ...]
ORDERS: tuple[tuple[Lags, Lags], ...] = (
    ((1,), ()),
    ((1, 2), ()),
    ((), (1,)),
    ((1,), (1,)),
    ((1, 2), (1,)),
)
"""Lags of values and of residuals, tried plain and differenced."""
SEASONAL: tuple[tuple[Lags, Lags], ...] = (((1,), (0,)), ((1, 2), (0,)), ((1,), (1, 0)))
"""Tried differenced by the season, 0 standing for its length."""


@dataclass(frozen=True, slots=True)
class Fit:
    """``name`` as people write it; ``values``, ``residuals``: lag -> factor of the values as they are, with
    the differences multiplied in; ``variance`` of what a step ahead misses."""

    name: str
    values: dict[int, float]
    residuals: dict[int, float]
    constant: float
    variance: float

    @property
    def knobs(self) -> dict[str, Any]:
        """What `arima.warm` takes."""
        return {"values": self.values, "residuals": self.residuals, "constant": self.constant}


def fit(t: NDArray[np.int64], y: NDArray[np.float64], period: int = 0) -> Fit | None:
    """The model for values ``y``, in units of scale, of the buckets ``t``; None where there is too little to
    go by. ``period``: a season's, 0 or above `SEASON_MOST`: not looked at.

    >>> noise = np.random.default_rng(1).standard_normal(800)
    >>> y = np.zeros(800)
    >>> for i in range(1, 800):
    ...     y[i] = 0.8 * y[i - 1] + noise[i]
    >>> found = fit(np.arange(800), y)
    >>> found.name, round(found.values[1], 1), round(found.variance, 1)
    ('arima(1,0,0)', 0.8, 1.0)
    """
    grid = _grid(t, y)
    if grid is None:
        return None
    found = list(_fits(grid, period if 2 <= period <= SEASON_MOST and len(grid) >= 4 * period else 0))
    return min(found, key=lambda one: one[0])[1] if found else None


def _grid(t: NDArray[np.int64], y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Every bucket's value, what is missing drawn in between its neighbours."""
    if not len(t):
        return None
    inside = t > t[-1] - WINDOW_MOST
    t, y = t[inside], y[inside]
    span = int(t[-1] - t[0]) + 1
    if span < WINDOW_LEAST or len(t) < FILL_LEAST * span:
        return None
    return np.interp(np.arange(span), (t - t[0]).astype(np.float64), y)


def _fits(grid: NDArray[np.float64], period: int) -> Iterator[tuple[float, Fit]]:
    for once in (0, 1):
        for values, residuals in ORDERS:
            yield from _one(grid, once, 0, values, residuals)
    if period:
        for values, residuals in SEASONAL:
            yield from _one(grid, 0, period, values, tuple(lag or period for lag in residuals))


def _one(
    grid: NDArray[np.float64], once: int, period: int, values: tuple[int, ...], residuals: tuple[int, ...]
) -> Iterator[tuple[float, Fit]]:
    """The model of these orders with its AIC a value, if there is one."""
    from statsmodels.tsa.arima.estimators.hannan_rissanen import hannan_rissanen

    w = np.diff(grid, n=once)
    w = w[period:] - w[:-period] if period else w
    mean = float(w.mean()) if not once and not period else 0.0
    w = _cut(w - mean)
    if not np.any(w):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what cannot be told apart any factors will do
            found, _ = hannan_rissanen(
                w,
                ar_order=list(values) or 0,
                ma_order=list(residuals) or 0,
                demean=False,
                initial_ar_order=max(*values, *residuals, 0) + _FIRST_LAGS,
                unbiased=False,
            )
    except (ValueError, np.linalg.LinAlgError):
        return
    a = dict(zip(values, map(float, found.ar_params), strict=True))
    b = dict(zip(residuals, map(float, found.ma_params), strict=True))
    if not (_inside(a) and _inside({lag: -factor for lag, factor in b.items()})):
        return
    missed = lfilter(_polynomial(a, -1.0), _polynomial(b, 1.0), w)[max(*values, *residuals, 0) :]
    variance = float(np.mean(missed * missed))
    if not (math.isfinite(variance) and variance > 0.0):
        return
    aic = math.log(variance) + 2.0 * (len(a) + len(b) + (mean != 0.0)) / len(w)
    name = f"arima({len(values)},{once},{sum(lag != period for lag in residuals)})"
    name += f"(0,1,1)[{period}]" if period else ""
    yield aic, Fit(name, _with_differences(a, once, period), b, mean * (1.0 - sum(a.values())), variance)


def _cut(w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without extremes: within five robust deviations of the median, unless most values are equal."""
    middle = float(np.median(w))
    reach = _CUT * MAD_SIGMA * float(np.median(np.abs(w - middle)))
    return np.clip(w, middle - reach, middle + reach) if reach > 0.0 else w


def _inside(factors: dict[int, float]) -> bool:
    """Does x(t) = sum factor x(t - lag) die away? By the step-down recursion: all reflections below 1."""
    if not factors:
        return True
    polynomial = _polynomial(factors, -1.0)
    while len(polynomial) > 1:
        reflection = polynomial[-1]
        if not abs(reflection) < _STABLE:
            return False
        polynomial = ((polynomial - reflection * polynomial[::-1]) / (1.0 - reflection * reflection))[:-1]
    return True


def _polynomial(factors: dict[int, float], sign: float) -> NDArray[np.float64]:
    """1 + sign sum factor B^lag, by powers of B."""
    found = np.zeros(max(factors, default=0) + 1)
    found[0] = 1.0
    for lag, factor in factors.items():
        found[lag] = sign * factor
    return found


def _with_differences(a: dict[int, float], once: int, period: int) -> dict[int, float]:
    """The factors for values that were differenced before ``a`` was found, by multiplying it out."""
    left = {0: 1.0} | {lag: -factor for lag, factor in a.items()}
    for lag in [1] * once + [period] * (period > 0):
        left = {
            k: left.get(k, 0.0) - left.get(k - lag, 0.0) for k in sorted({*left, *(k + lag for k in left)})
        }
    return {lag: -factor for lag, factor in left.items() if lag and factor != 0.0}
