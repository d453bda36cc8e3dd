"""One name for every family: the compiled branch from a family's code to its kernels.

``s`` is a record with the addresses ``models``, ``common`` and ``season`` and the length ``max_season`` of
the season pool (`learners.memory` says why). A new family adds one branch a function here; one that is rare
and large adds it in `learners.fitted`, which is called by address.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners import fitted
from learners.base import COMMON_BYTES, MODEL_BYTES, Family, Tail
from learners.baseline import (
    binomial,
    counts,
    ema,
    holt_winters,
    kalman,
    moving_average,
    seasonal_profile,
    sparse,
    step_level,
)
from learners.compiled import inlined, kernel
from learners.grade import ASKED
from learners.memory import address_of, function_type, prefetch, record_type, season
from learners.threshold import conformal, extreme_value, noncentral_t, scaled_minmax, sigma

_EMA = int(Family.EMA)
_MOVING_AVERAGE = int(Family.MOVING_AVERAGE)
_HOLT_WINTERS = int(Family.HOLT_WINTERS)
_SEASONAL_PROFILE = int(Family.SEASONAL_PROFILE)
_KALMAN = int(Family.KALMAN)
_STEP_LEVEL = int(Family.STEP_LEVEL)
_COUNTS = int(Family.COUNTS)
_SPARSE = int(Family.SPARSE)
_BINOMIAL = int(Family.BINOMIAL)
_ARIMA = int(Family.ARIMA)
_SIGMA = int(Tail.SIGMA)
_SCALED_MINMAX = int(Tail.SCALED_MINMAX)
_EXTREME_VALUE = int(Tail.EXTREME_VALUE)
_NONCENTRAL_T = int(Tail.NONCENTRAL_T)
_CONFORMAL = int(Tail.CONFORMAL)
_LEARNING_WIDTH = 8.0
_SLOT_BYTES = 4
_ema = record_type(ema.dtype)
_moving_average = record_type(moving_average.dtype)
_holt_winters = record_type(holt_winters.dtype)
_seasonal_profile = record_type(seasonal_profile.dtype)
_kalman = record_type(kalman.dtype)
_step_level = record_type(step_level.dtype)
_counts = record_type(counts.dtype)
_sparse = record_type(sparse.dtype)
_binomial = record_type(binomial.dtype)
_fitted = record_type(fitted.dtype)
_forecast_fitted = function_type(fitted.FORECAST)
_learn_fitted = function_type(fitted.LEARN)
_rebase_fitted = function_type(fitted.REBASE)
_sigma = record_type(sigma.dtype)
_scaled_minmax = record_type(scaled_minmax.dtype)
_extreme_value = record_type(extreme_value.dtype)
_noncentral_t = record_type(noncentral_t.dtype)
_conformal = record_type(conformal.dtype)


@kernel
def _forecast_called(s: Any, family: int, at: int, t: int) -> tuple[float, float]:
    """`forecast` of families from `Family.KALMAN` on: a call of 2 ns, where inlining all of them wherever a
    forecast is asked for would make the loops' compilation longer by seconds."""
    if family == _STEP_LEVEL:
        return step_level.forecast(_step_level(s.models + at * MODEL_BYTES), season(s), t)
    if family == _COUNTS:
        return counts.forecast(_counts(s.models + at * MODEL_BYTES), season(s), t)
    if family == _SPARSE:
        return sparse.forecast(_sparse(s.models + at * MODEL_BYTES), season(s), t)
    if family == _BINOMIAL:
        return binomial.forecast(_binomial(s.models + at * MODEL_BYTES), season(s), t)
    if family >= _ARIMA:
        _forecast_fitted(s.forecast_fitted, (address_of(s), family, at, t))  # type: ignore[call-arg]
        return np.float64(s.centre), np.float64(s.scale)
    return kalman.forecast(_kalman(s.models + at * MODEL_BYTES), season(s), t)


@kernel
def _learn_called(
    s: Any, family: int, at: int, t: int, y: float, centre: float, scale: float, weight: float
) -> None:
    if family == _STEP_LEVEL:
        step_level.learn(_step_level(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    elif family == _COUNTS:
        counts.learn(_counts(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    elif family == _SPARSE:
        sparse.learn(_sparse(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    elif family == _BINOMIAL:
        binomial.learn(_binomial(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    elif family >= _ARIMA:
        _learn_fitted(s.learn_fitted, (address_of(s), family, at, t, y, centre, scale, weight))  # type: ignore[call-arg]
    else:
        kalman.learn(_kalman(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)


@inlined
def forecast(s: Any, family: int, at: int, t: int) -> tuple[float, float]:
    """Centre and scale that the model record ``at`` expects for bucket ``t``."""
    if family == _SEASONAL_PROFILE:
        return seasonal_profile.forecast(_seasonal_profile(s.models + at * MODEL_BYTES), season(s), t)
    if family == _HOLT_WINTERS:
        return holt_winters.forecast(_holt_winters(s.models + at * MODEL_BYTES), season(s), t)
    if family == _MOVING_AVERAGE:
        return moving_average.forecast(_moving_average(s.models + at * MODEL_BYTES), season(s), t)
    if family >= _KALMAN:
        return _forecast_called(s, family, at, t)
    return ema.forecast(_ema(s.models + at * MODEL_BYTES), season(s), t)


@inlined
def learn(s: Any, family: int, at: int, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Teach the model record ``at`` the value of bucket ``t``, for which it said ``centre``, ``scale``."""
    if family == _SEASONAL_PROFILE:
        seasonal_profile.learn(
            _seasonal_profile(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight
        )
    elif family == _HOLT_WINTERS:
        holt_winters.learn(_holt_winters(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)
    elif family == _MOVING_AVERAGE:
        moving_average.learn(
            _moving_average(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight
        )
    elif family >= _KALMAN:
        _learn_called(s, family, at, t, y, centre, scale, weight)
    else:
        ema.learn(_ema(s.models + at * MODEL_BYTES), season(s), t, y, centre, scale, weight)


@inlined
def load(s: Any, family: int, at: int, t: int, x: Any, width: int, group: int) -> tuple[float, float]:
    """`forecast`, and a lane of `correction` filled from the record ``at``; scale 0: it does not suit."""
    if family == _HOLT_WINTERS:
        return holt_winters.load(_holt_winters(s.models + at * MODEL_BYTES), season(s), t, x, width, group)
    if family == _EMA:
        return ema.load(_ema(s.models + at * MODEL_BYTES), season(s), t, x, width, group)
    return 0.0, 0.0


@inlined
def store(s: Any, family: int, at: int, t: int, x: Any, width: int, group: int) -> None:
    """Put back what the lane that `load` has filled has learned."""
    if family == _HOLT_WINTERS:
        holt_winters.store(_holt_winters(s.models + at * MODEL_BYTES), season(s), t, x, width, group)
    else:
        ema.store(_ema(s.models + at * MODEL_BYTES), season(s), t, x, width, group)


@kernel
def fetch_season(s: Any, family: int, at: int, t: int) -> None:
    """Ask for the slot of bucket ``t`` in the table of record ``at``, some samples ahead of its use."""
    if family == _SEASONAL_PROFILE:
        profile = _seasonal_profile(s.models + at * MODEL_BYTES)
        buckets = np.int64(profile.slots) * profile.stride
        if buckets > 0:
            prefetch(s.season + _SLOT_BYTES * (profile.at + t % buckets // profile.stride))  # type: ignore[call-arg]
    elif family == _HOLT_WINTERS:
        seasons = _holt_winters(s.models + at * MODEL_BYTES)
        if seasons.slots > 0:
            prefetch(s.season + _SLOT_BYTES * holt_winters.first_slot(seasons, t))  # type: ignore[call-arg]
    elif family == _COUNTS:
        rates = _counts(s.models + at * MODEL_BYTES)
        if rates.slots > 0:
            prefetch(s.season + _SLOT_BYTES * counts.slot_of(rates, t))  # type: ignore[call-arg]
    elif family == _BINOMIAL:
        shares = _binomial(s.models + at * MODEL_BYTES)
        if shares.slots > 0:
            prefetch(s.season + _SLOT_BYTES * counts.slot_of(shares, t))  # type: ignore[call-arg]


@kernel
def rebase(s: Any, family: int, at: int, delta: float) -> None:
    """Move the level of the model record ``at`` by ``delta``."""
    if family == _SEASONAL_PROFILE:
        seasonal_profile.rebase(_seasonal_profile(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _HOLT_WINTERS:
        holt_winters.rebase(_holt_winters(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _MOVING_AVERAGE:
        moving_average.rebase(_moving_average(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _KALMAN:
        kalman.rebase(_kalman(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _STEP_LEVEL:
        step_level.rebase(_step_level(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _COUNTS:
        counts.rebase(_counts(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _SPARSE:
        sparse.rebase(_sparse(s.models + at * MODEL_BYTES), season(s), delta)
    elif family == _BINOMIAL:
        binomial.rebase(_binomial(s.models + at * MODEL_BYTES), season(s), delta)
    elif family >= _ARIMA:
        _rebase_fitted(s.rebase_fitted, (address_of(s), family, at, delta))  # type: ignore[call-arg]
    else:
        ema.rebase(_ema(s.models + at * MODEL_BYTES), season(s), delta)


@kernel
def pace(s: Any, family: int, at: int) -> float:
    """The share of a residual by which the level of the record ``at`` follows, for `learners.horizon`."""
    if family == _EMA:
        alpha = np.float64(_ema(s.models + at * MODEL_BYTES).alpha)
        return alpha if alpha > 0.0 else ema.ALPHA
    if family == _HOLT_WINTERS:
        return float(holt_winters.RATE[_holt_winters(s.models + at * MODEL_BYTES).alpha])
    if family == _SEASONAL_PROFILE:
        return np.float64(_seasonal_profile(s.models + at * MODEL_BYTES).alpha)
    if family == _COUNTS:
        return float(holt_winters.RATE[_counts(s.models + at * MODEL_BYTES).alpha])
    if family == _BINOMIAL:
        return float(holt_winters.RATE[_binomial(s.models + at * MODEL_BYTES).alpha])
    if family == _KALMAN:
        p = np.float64(_kalman(s.models + at * MODEL_BYTES).p)
        return p / (p + 1.0)
    if family >= _ARIMA:
        return np.float64(_fitted(s.models + at * MODEL_BYTES).pace)
    if family == _MOVING_AVERAGE:
        return 1.0 / max(np.float64(_moving_average(s.models + at * MODEL_BYTES).window), 1.0)
    return 0.0


@inlined
def tail_surprise(s: Any, family: int, row: int, r: float) -> float:
    """-log10 of the tail probability of residual ``r`` on its side; 0 while there is no tail."""
    if family == _EXTREME_VALUE:
        return extreme_value.surprise(_extreme_value(s.common + row * COMMON_BYTES), r)
    if family == _SCALED_MINMAX:
        return scaled_minmax.surprise(_scaled_minmax(s.common + row * COMMON_BYTES), r)
    if family == _SIGMA:
        return sigma.surprise(_sigma(s.common + row * COMMON_BYTES), r)
    if family == _NONCENTRAL_T:
        return noncentral_t.surprise(_noncentral_t(s.common + row * COMMON_BYTES), r)
    if family == _CONFORMAL:
        return conformal.surprise(_conformal(s.common + row * COMMON_BYTES), r)
    return 0.0


@inlined
def tail_limit(s: Any, family: int, row: int, side: int, level: float) -> float:
    """Residual, in scales and >= 0, at which the surprise on ``side`` reaches ``level``."""
    if family == _EXTREME_VALUE:
        return extreme_value.limit(_extreme_value(s.common + row * COMMON_BYTES), side, level)
    if family == _SCALED_MINMAX:
        return scaled_minmax.limit(_scaled_minmax(s.common + row * COMMON_BYTES), side, level)
    if family == _SIGMA:
        return sigma.limit(_sigma(s.common + row * COMMON_BYTES), side, level)
    if family == _NONCENTRAL_T:
        return noncentral_t.limit(_noncentral_t(s.common + row * COMMON_BYTES), side, level)
    if family == _CONFORMAL:
        return conformal.limit(_conformal(s.common + row * COMMON_BYTES), side, level)
    return _LEARNING_WIDTH


@inlined
def tail_floor(s: Any, family: int, row: int) -> float:
    """The smallest scale of a residual."""
    if family == _EXTREME_VALUE:
        return np.float64(_extreme_value(s.common + row * COMMON_BYTES).floor)
    return 0.0


@inlined
def tail_opens(s: Any, family: int, row: int, side: int, grade: int) -> float:
    """The residual, in scales and >= 0, at which an anomaly opens on ``side``; ``grade``: its place."""
    if family == _EXTREME_VALUE:
        return extreme_value.opens(_extreme_value(s.common + row * COMMON_BYTES), side, grade)
    return tail_limit(s, family, row, side, ASKED[grade])


@inlined
def tail_learn(s: Any, family: int, row: int, r: float, weight: float) -> None:
    """Update the tail record of ``row`` with the residual ``r``."""
    if family == _EXTREME_VALUE:
        extreme_value.learn(_extreme_value(s.common + row * COMMON_BYTES), r, weight)
    elif family == _SCALED_MINMAX:
        scaled_minmax.learn(_scaled_minmax(s.common + row * COMMON_BYTES), r, weight)
    elif family == _SIGMA:
        sigma.learn(_sigma(s.common + row * COMMON_BYTES), r, weight)
    elif family == _NONCENTRAL_T:
        noncentral_t.learn(_noncentral_t(s.common + row * COMMON_BYTES), r, weight)
    elif family == _CONFORMAL:
        conformal.learn(_conformal(s.common + row * COMMON_BYTES), r, weight)
