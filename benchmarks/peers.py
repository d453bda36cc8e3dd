"""Simple detectors for comparison: one surprise a point, stated before the point is learned from.

Each takes ``y`` float64[points] (NaN: nothing sent) and gives float64[points], NaN where it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from learners.base import Family, writable
from learners.baseline import river_model
from learners.baseline.river_model import Spec
from learners.candidate import FITTED, MAKERS, Series
from learners.detect import spectral_residual
from learners.detect.rrcf import CutForest
from learners.families import BASELINES
from learners.score import L_OPEN, combine
from learners.season import find
from learners.threshold import extreme_value
from learners.unit import scale_of
from monitor.domain.durations import DAY_MS
from monitor.learning.learning import window_buckets

Values = NDArray[np.float64]
RULE_WINDOW_MS = DAY_MS


@njit(cache=True, nogil=True)
def rolling_sigma(y: Values, window: int) -> Values:
    """|y - mean| / standard deviation of the ``window`` points before; NaN for the first 30."""
    out = np.full(len(y), np.nan)
    held = np.zeros(window)
    total, square, count, at = 0.0, 0.0, 0, 0
    base = 0.0
    for i in range(len(y)):
        if np.isnan(y[i]):
            continue
        if count == 0:
            base = y[i]  # sums of squares about a value of the series lose no digits
        x = y[i] - base
        if count >= 30:
            mean = total / count
            variance = max(square / count - mean * mean, 0.0)
            spread = max(np.sqrt(variance), 1e-9 * abs(base) + 1e-12)
            out[i] = abs(x - mean) / spread
        if count == window:
            total -= held[at]
            square -= held[at] * held[at]
        else:
            count += 1
        held[at] = x
        total += x
        square += x * x
        at = (at + 1) % window
    return out


@njit(cache=True, nogil=True)
def time_of_day(y: Values, slots: int, alpha: float = 0.3, beta: float = 0.02) -> Values:
    """|y - EWMA of its time of day| over an EWMA of the size of such deviations; NaN on the first day."""
    out = np.full(len(y), np.nan)
    level = np.full(slots, np.nan)
    spread = 0.0
    for i in range(len(y)):
        if np.isnan(y[i]):
            continue
        k = i % slots
        if np.isnan(level[k]):
            level[k] = y[i]
            continue
        delta = y[i] - level[k]
        if spread > 0.0:
            out[i] = abs(delta) / spread
            spread += beta * (min(abs(delta), 5.0 * spread) - spread)
        else:
            spread = abs(delta)
        level[k] += alpha * delta
    return out


def at_random(y: Values, seed: int) -> Values:
    """Says nothing about the values: where it scores well the measure is wrong."""
    return np.where(np.isnan(y), np.nan, np.random.default_rng(seed).random(len(y)))


@cache
def _loop(family: Family) -> Callable[..., None]:
    """Forecast, surprise, learn with the family's shipped kernels, compiled into one loop. There is no gate:
    without a tracker that adopts new levels it would never open again."""
    forecast, learn = BASELINES[family].forecast, BASELINES[family].learn
    surprise, learn_tail = extreme_value.surprise, extreme_value.learn

    @njit(nogil=True)
    def run(rows: Any, season: Any, tail: Any, y: Any, out: Any) -> None:
        for i in range(len(y)):
            if np.isnan(y[i]):
                continue
            centre, scale = forecast(rows[0], season, i)
            r = (y[i] - centre) / scale
            out[i] = combine(surprise(tail[0], r), 0.0, 0.0)
            learn_tail(tail[0], r, 1.0)
            learn(rows[0], season, i, y[i], centre, scale, 1.0)

    return run


def _past(y: Values, warm: int, cadence_ms: int) -> Series:
    """The window of the first ``warm`` points that a learning pass would look at, with the seasons found."""
    first = max(warm - window_buckets(cadence_ms), 0)
    t = np.arange(first, warm)
    there = np.isfinite(y[first:warm])
    t, past = t[there], y[first:warm][there]
    offset, unit = scale_of(past)
    periods = find(t, past, cadence_ms).periods if len(np.unique(past)) > 1 else ()
    return Series(t, past, np.full(len(past), np.nan), offset, unit, periods, "")


def _tail(residual: Values, periods: tuple[int, ...]) -> Any:
    settled = min(max(int(1.25 * max(periods, default=0)), len(residual) // 8), len(residual) // 2)
    return extreme_value.warm(residual[settled:]).reshape(1)


def baseline(family: Family, y: Values, warm: int, cadence_ms: int) -> Values:
    """Surprise L of one baseline family alone with the default tail, warmed on a window of the first ``warm``
    points as the learning pass would, with the seasons found there; NaN in the window."""
    past = _past(y, warm, cadence_ms)
    knobs: dict[str, Any] = {"periods": past.periods}
    if family in FITTED:
        knobs = next((one.knobs for maker in MAKERS[family] for one in maker(past)), {})
    seen = BASELINES[family].warm(past.scaled, past.t, **knobs)
    tail = _tail(seen.residual, past.periods)
    rows = writable(seen.record.tobytes(), BASELINES[family].dtype)
    out = np.full(len(y), np.nan)
    follow = np.full(len(y), np.nan)
    follow[warm:] = (y[warm:] - past.offset) / past.unit
    _loop(family)(rows, seen.season.copy(), tail, follow, out)
    return out


def river_baseline(spec: Spec, y: Values, warm: int, cadence_ms: int) -> Values:
    """The same for one of River's forecasters, some 30 µs a point and more."""
    past = _past(y, warm, cadence_ms)
    model, centre, scale = river_model.warm(spec, past.scaled, past.t)
    tail = _tail((past.scaled - centre) / scale, past.periods)
    out = np.full(len(y), np.nan)
    for t in np.flatnonzero(np.isfinite(y[warm:])) + warm:
        value = (y[t] - past.offset) / past.unit
        middle, width = model.forecast(int(t))
        r = (value - middle) / width
        out[t] = combine(extreme_value.surprise(tail[0], r), 0.0, 0.0)
        extreme_value.learn(tail[0], r, 1.0)
        model.learn(int(t), value, middle, width, 1.0)
    return out


RIVER_BASELINES: dict[str, Spec] = {
    "River HoltWinters alone": Spec("time_series.HoltWinters", {"alpha": 0.1, "beta": 0.01}),
}
BASELINE_THRESHOLD = L_OPEN


def river(name: str, y: Values) -> Values:
    """Score of one of River's detectors, some 10-100 µs a point."""
    detector = _RIVER[name]()
    out = np.full(len(y), np.nan)
    for i, value in enumerate(y.tolist()):
        if value != value:
            continue
        out[i] = detector(value, i)
    return out


def cut_forest(y: Values) -> Values:
    """Displacement score of the library's random cut forest on the raw values, some 200 µs a point."""
    forest = CutForest(seed=1)
    out = np.full(len(y), np.nan)
    for i in np.flatnonzero(np.isfinite(y)):
        out[i] = forest.score_one(float(y[i]))
        forest.learn_one(float(y[i]))
    return out


def saliency(y: Values, window: int = 256) -> Values:
    """Spectral residual of the newest of the last ``window`` points, some 150 µs a point."""
    out = np.full(len(y), np.nan)
    at = np.flatnonzero(np.isfinite(y))
    for k in range(window, len(at)):
        out[at[k]] = spectral_residual.score_window(y[at[k - window + 1 : k + 1]])[-1]
    return out


def _predictive() -> Callable[[float, int], float]:
    forecaster = Spec("time_series.HoltWinters", {"alpha": 0.1, "beta": 0.01})
    knobs = {"predictive_model": forecaster, "horizon": 1, "n_std": 3.0, "warmup_period": 30}
    model = Spec("anomaly.PredictiveAnomalyDetection", knobs).make()

    def step(value: float, at: int) -> float:
        score = float(model.score_one({}, value)) if at >= 30 else 0.0
        model.learn_one({}, value)
        return score

    return step


def _gaussian() -> Callable[[float, int], float]:
    model = Spec("anomaly.GaussianScorer", {"window_size": 1440, "grace_period": 100}).make()

    def step(value: float, at: int) -> float:
        # Its rolling variance falls below zero where values hardly differ, and the root is complex.
        score = 0.0 if isinstance(model.gaussian.sigma, complex) else float(model.score_one(None, value))
        model.learn_one(None, value)
        return score

    return step


def _half_space() -> Callable[[float, int], float]:
    scaler = Spec("preprocessing.MinMaxScaler").make()
    model = Spec("anomaly.HalfSpaceTrees", {"seed": 1}).make()

    def step(value: float, at: int) -> float:
        x = {"y": value}
        scaler.learn_one(x)
        scaled = scaler.transform_one(x)
        score = float(model.score_one(scaled))
        model.learn_one(scaled)
        return score

    return step


_RIVER: dict[str, Callable[[], Callable[[float, int], float]]] = {
    "River PredictiveAnomalyDetection": _predictive,
    "River GaussianScorer": _gaussian,
    "River HalfSpaceTrees": _half_space,
}
RIVER = tuple(_RIVER)
