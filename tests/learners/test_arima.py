"""ARIMA against its slow twin, statsmodels' filter and River's SNARIMAX, and which orders are found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from river import linear_model, optim, time_series
from statsmodels.tsa.statespace.sarimax import SARIMAX

from learners.baseline import arima
from learners.baseline.arima_fit import WINDOW_LEAST, fit
from tests.naive import baselines as naive

MODELS: list[tuple[dict[int, float], dict[int, float], float]] = [
    ({}, {}, 1.5),
    ({1: 0.5}, {}, 0.25),
    ({1: 1.0}, {1: -0.5}, 0.0),
    ({1: 1.25, 2: -0.25}, {1: 0.25, 3: 0.125}, 0.0),
    ({1: 0.5, 7: 1.0, 8: -0.5}, {7: -0.5}, 0.0),
]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-40, 40)), min_size=2, max_size=60),
    st.sampled_from(MODELS),
    st.sampled_from([1.0, 0.3]),
)
def test_equals_its_twin(
    steps: list[tuple[int, int]], model: tuple[dict[int, float], dict[int, float], float], weight: float
) -> None:
    a, b, constant = model
    t = np.cumsum([step for step, _ in steps])
    y = [value / 8.0 for _, value in steps]
    weights = [1.0] + [weight] * (len(y) - 1)
    seen = arima.warm(np.array(y), t, np.array(weights), values=a, residuals=b, constant=constant)
    twin = naive.arima(t.tolist(), y, weights, a, b, constant)
    for (centre, scale), ours, spread in zip(twin, seen.centre, seen.scale, strict=True):
        assert math.isclose(centre, ours, rel_tol=1e-3, abs_tol=1e-3)
        assert math.isclose(scale, spread, rel_tol=1e-2, abs_tol=1e-3)


def _noise(n: int, seed: int) -> NDArray[np.float64]:
    """Without extremes, so that no residual is clipped."""
    return np.random.default_rng(seed).uniform(-1.0, 1.0, n)


@pytest.mark.parametrize(
    ("order", "seasonal", "ar", "ma"),
    [
        ((1, 0, 1), (0, 0, 0, 0), [0.6], [0.3]),
        ((2, 0, 0), (0, 0, 0, 0), [0.5, 0.3], []),
        ((1, 1, 1), (0, 0, 0, 0), [0.4], [-0.6]),
        ((1, 0, 0), (0, 1, 1, 12), [0.5], [-0.6]),
    ],
)
def test_forecasts_as_statsmodels_filter_does(
    order: tuple[int, int, int], seasonal: tuple[int, int, int, int], ar: list[float], ma: list[float]
) -> None:
    """Once its Kalman gain has settled: the same parameters, one step ahead."""
    y = np.cumsum(_noise(700, 1)) * (0.1 if order[1] else 0.02) + _noise(700, 2) + 3.0
    period = seasonal[3]
    reference = SARIMAX(y, order=order, seasonal_order=seasonal, trend="n")
    theirs = reference.filter([*ar, *ma, 1.0]).forecasts[0]
    a = {0: 1.0} | {lag: -phi for lag, phi in enumerate(ar, start=1)}
    for lag in [1] * order[1] + [period] * seasonal[1]:
        a = {k: a.get(k, 0.0) - a.get(k - lag, 0.0) for k in {*a, *(k + lag for k in a)}}
    values = {lag: -factor for lag, factor in a.items() if lag}
    residuals = {period or 1: ma[0]} if ma else {}
    ours = arima.warm(y, np.arange(700), values=values, residuals=residuals).centre
    assert np.abs(ours[300:] - theirs[300:]).max() < 2e-3


def test_forecasts_as_rivers_snarimax_does() -> None:
    """With its regression held at the same factors: values and residuals of the differenced series."""
    y = np.cumsum(_noise(300, 3))
    still = linear_model.LinearRegression(optimizer=optim.SGD(0.0), intercept_lr=0.0)
    river: Any = time_series.SNARIMAX(p=1, d=1, q=1, regressor=still)
    for value in y[:10]:
        river.learn_one(float(value))
    still._weights["y-1"], still._weights["e-1"] = 0.5, -0.25
    theirs = []
    for value in y[10:]:
        theirs.append(river.forecast(1)[0])
        river.learn_one(float(value))
    ours = arima.warm(y, np.arange(300), values={1: 1.5, 2: -0.5}, residuals={1: -0.25}).centre[10:]
    assert np.abs(ours[50:] - np.array(theirs)[50:]).max() < 2e-3


def test_a_long_gap_keeps_the_season_in_step() -> None:
    day = np.sin(2.0 * np.pi * np.arange(24) / 24.0)
    seen = arima.warm(np.tile(day, 4), np.arange(96), periods=(24,), values={24: 1.0}, residuals={})
    for t in (96, 100, 96 + 240, 96 + 24 * 60 + 7, 60_000):
        centre, _ = arima.forecast(seen.record.reshape(1)[0], seen.season, t)
        assert centre == pytest.approx(float(day[t % 24]), abs=1e-5)


def test_what_is_left_of_a_residual_is_its_pace() -> None:
    def pace(**knobs: Any) -> float:
        return float(arima.warm(np.zeros(1), np.zeros(1, np.int64), **knobs).record["pace"])

    assert pace() == pytest.approx(0.2)
    assert pace(values={1: 0.5}, residuals={}) < 1e-6
    assert pace(values={1: 1.0}, residuals={}) == 1.0


def _made(phi: float, theta: float, n: int = 1200) -> NDArray[np.float64]:
    e = np.random.default_rng(5).standard_normal(n)
    y = np.zeros(n)
    for i in range(1, n):
        y[i] = phi * y[i - 1] + e[i] + theta * e[i - 1]
    return y


def test_finds_the_order_and_the_factors() -> None:
    t = np.arange(1200)
    stationary, wandering = fit(t, 40.0 + _made(0.8, 0.4)), fit(t, np.cumsum(_made(0.5, 0.4)))
    assert stationary is not None
    assert wandering is not None
    assert stationary.name.startswith("arima(1,0,1)")
    assert stationary.values[1] == pytest.approx(0.8, abs=0.08)
    assert stationary.residuals[1] == pytest.approx(0.4, abs=0.12)
    assert sum(wandering.values.values()) == pytest.approx(1.0), "differenced once"
    for found, y in ((stationary, 40.0 + _made(0.8, 0.4)), (wandering, np.cumsum(_made(0.5, 0.4)))):
        late = (y - arima.warm(y, t, **found.knobs).centre)[300:]
        assert float(np.std(late)) == pytest.approx(1.0, abs=0.06), "what a step ahead cannot be known"


def test_finds_the_season() -> None:
    t = np.arange(1000)
    y = 10.0 * np.sin(2.0 * np.pi * t / 24.0) + 3.0 * np.cos(6.0 * np.pi * t / 24.0) + _made(0.6, 0.0, 1000)
    found = fit(t, y, 24)
    assert found is not None
    assert found.name.endswith("[24]")
    assert {24, 25} <= set(found.values)


@pytest.mark.parametrize("fault", ["extremes", "gaps"])
def test_faults_do_not_decide_the_factors(fault: str) -> None:
    rng, t, y = np.random.default_rng(6), np.arange(1000), _made(0.8, 0.0, 1000)
    if fault == "extremes":
        y[rng.choice(1000, 10)] += 100.0
    else:
        kept = rng.random(1000) < 0.9
        t, y = t[kept], y[kept]
    found = fit(t, y)
    assert found is not None
    assert sum(found.values.values()) == pytest.approx(0.8, abs=0.25)


def test_too_little_or_nothing_to_fit() -> None:
    t = np.arange(WINDOW_LEAST)
    assert fit(t[:-1], _made(0.5, 0.0)[: len(t) - 1]) is None
    assert fit(2 * t, _made(0.5, 0.0)[: len(t)]) is None, "half of the buckets have no value"
    assert fit(t, np.ones(len(t))) is None
    assert fit(t[:0], np.zeros(0)) is None


@settings(max_examples=15)
@given(st.lists(st.sampled_from([0.0, 1.0, -1e30, 1e30, 1e-12]), min_size=WINDOW_LEAST, max_size=200))
def test_strange_values_give_a_model_or_none(y: list[float]) -> None:
    found = fit(np.arange(len(y)), np.array(y))
    if found is not None:
        seen = arima.warm(np.array(y), np.arange(len(y)), **found.knobs)
        assert np.isfinite(seen.centre).all()


@pytest.mark.parametrize(
    "knobs",
    [
        {"values": {0: 1.0}},
        {"values": {401: 1.0}},
        {"values": dict.fromkeys(range(1, 34), 0.1)},
        {"constant": np.nan},
    ],
)
def test_refuses(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        arima.warm(np.zeros(1), np.zeros(1, np.int64), **knobs)
