"""Each baseline against its slow twin, against River, and what it promises beyond."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import time_series

from learners.baseline import ema, holt_winters, moving_average, seasonal_profile
from learners.synthetic import stream
from tests.naive import baselines as naive

values = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=60)


def _close(a: float, b: float, size: float = 1.0) -> bool:
    return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-4 * size)


@given(values, st.floats(0.01, 1.0), st.floats(0.01, 0.5))
def test_ema_equals_its_twin(y: list[float], alpha: float, beta: float) -> None:
    seen = ema.warm(np.array(y), np.arange(len(y)), alpha=alpha, beta=beta)
    size = max(map(abs, y)) + 1.0
    for said, centre, scale in zip(naive.ema(y, alpha, beta), seen.centre, seen.scale, strict=True):
        assert _close(said[0], centre, size)
        assert _close(said[1], scale, size)


def test_ema_is_the_pair_ema_emv() -> None:
    """EMV <- (1 - a)(EMV + a d^2) equals (1 - a) times the mean squared residual, step for step."""
    alpha = 0.1
    y = 3.0 + 0.5 * np.random.default_rng(0).standard_normal(500)
    rows = np.zeros(1, ema.dtype)
    rows["alpha"] = rows["beta"] = alpha
    rows["level"], rows["scale"], rows["count"] = 3.0, 0.5, 1e5
    mean, variance = 3.0, (1 - alpha) * 0.25
    for t, value in enumerate(y):
        said = ema.forecast(rows[0], np.zeros(0, np.float32), t)
        ema.learn(rows[0], np.zeros(0, np.float32), t, value, *said, 1.0)
        delta = value - mean
        mean += alpha * delta
        variance = (1 - alpha) * (variance + alpha * delta * delta)
    assert rows["level"][0] == pytest.approx(mean, rel=1e-5)
    assert (1 - alpha) * rows["scale"][0] ** 2 == pytest.approx(variance, rel=1e-3)


@given(values, st.integers(1, 9))
def test_moving_average_equals_its_twin(y: list[float], window: int) -> None:
    seen = moving_average.warm(np.array(y), np.arange(len(y)), window=window, beta=0.1)
    size = max(map(abs, y)) + 1.0
    twin = naive.moving_average(y, window, 0.1)
    for said, centre, scale in zip(twin, seen.centre, seen.scale, strict=True):
        assert _close(said[0], centre, size)
        assert _close(said[1], scale, size)


def test_moving_average_sum_does_not_drift() -> None:
    y = np.concatenate([np.full(20, 1e9), np.full(200, 0.1)])
    rows = np.zeros(1, moving_average.dtype)
    rows["window"] = 16
    season = np.zeros(16, np.float32)
    for value in y:
        rows["scale"] = 1e9  # nothing is clipped
        moving_average.learn(rows[0], season, 0, value, *moving_average.forecast(rows[0], season, 0), 1.0)
    assert moving_average.forecast(rows[0], season, 0)[0] == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("period", [4, 24])
def test_holt_winters_equals_its_twin(period: int) -> None:
    t = np.arange(12 * period)
    noise = 0.1 * np.random.default_rng(1).standard_normal(len(t))
    y = 2.0 + 0.02 * t + np.sin(2 * np.pi * t / period) + noise
    seen = holt_winters.warm(y, t, periods=(period,), alpha=0.125, beta=0.25, gamma=0.125, phi=0.96875)
    twin = naive.holt_winters(y.tolist(), period, 0.125, 0.25, 0.125, 0.96875)
    assert np.abs(seen.residual[period + 1 :]).max() < 4.0, "the twin does not clip"
    assert seen.centre == pytest.approx(twin, abs=2e-4)


def test_holt_equals_river() -> None:
    """With the trend undamped, no season and nothing clipped, River's Holt says the same."""
    y = 0.3 * np.arange(80.0) + np.sin(np.arange(80.0))
    river: Any = time_series.HoltWinters(alpha=0.25, beta=0.5)  # type: ignore[no-untyped-call]
    for value in y[:2]:
        river.learn_one(value)
    rows = holt_winters.blank(alpha=0.25, beta=0.5, phi=1.0)
    rows["level"], rows["trend"] = river.level[-1], river.trend[-1]
    rows["seen"], rows["last"], rows["scale"] = 2, 1, 10.0
    season = np.zeros(0, np.float32)
    for t in range(2, 80):
        centre, scale = holt_winters.forecast(rows[0], season, t)
        assert centre == pytest.approx(river.forecast(1)[0], rel=1e-4)
        holt_winters.learn(rows[0], season, t, y[t], centre, scale, 1.0)
        river.learn_one(y[t])


def test_trend_goes_on_over_a_gap() -> None:
    y = np.arange(300.0)
    rows = holt_winters.warm(y, np.arange(300), alpha=0.5, beta=0.5, phi=1.0).record.reshape(1)
    season = np.zeros(0, np.float32)
    assert holt_winters.forecast(rows[0], season, 310)[0] == pytest.approx(310.0, abs=0.5)


@pytest.mark.parametrize("multiplicative", [False, True])
def test_two_seasons_are_learned(multiplicative: bool) -> None:
    t = np.arange(168 * 10)
    week = np.where(t // 24 % 7 < 5, 1.0, 0.5)
    clean = 20.0 * week * (1.0 + 0.3 * np.sin(2 * np.pi * t / 24))
    y = clean + np.random.default_rng(1).standard_normal(len(t))
    one = holt_winters.warm(y, t, periods=(24,), multiplicative=multiplicative)
    two = holt_winters.warm(y, t, periods=(24, 168), multiplicative=multiplicative)
    late = slice(168 * 6, None)
    assert np.abs(two.centre - clean)[late].mean() < 0.8 * np.abs(one.centre - clean)[late].mean()


def test_multiplicative_scale_follows_the_level() -> None:
    data = stream("multiplicative", 24 * 60, seed=1)
    seen = holt_winters.warm(data.y, data.t, periods=(24,), multiplicative=True)
    high, low = data.t % 24 == int(np.argmax(data.y[-24:])), data.t % 24 == int(np.argmin(data.y[-24:]))
    late = data.t > 24 * 30
    ratio = float(np.mean(seen.scale[high & late]) / np.mean(seen.scale[low & late]))
    assert ratio == pytest.approx(float(data.y[high & late].mean() / data.y[low & late].mean()), rel=0.1)


@pytest.mark.parametrize(("field", "value"), [("periods", (1,)), ("periods", (2, 3, 4)), ("alpha", 1.5)])
def test_holt_winters_refuses(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"period|rate"):
        holt_winters.blank(**{field: value})  # type: ignore[arg-type]


def test_rate_codes() -> None:
    for rate in (1.0, 0.5, 0.3, 0.1, 0.01, 1e-6):
        assert holt_winters.RATE[holt_winters.code_of(rate)] == pytest.approx(rate, rel=0.045)
    assert holt_winters.RATE[holt_winters.code_of(0.0)] == 0.0


def test_profile_equals_its_twin() -> None:
    t = np.arange(24 * 8)
    y = np.sin(2 * np.pi * t / 24) + 0.01 * np.cos(t * t % 17)
    seen = seasonal_profile.warm(y, t, periods=(24,), alpha=0.02, gamma=0.15)
    twin = naive.seasonal_profile(y.tolist(), 24, 0.02, 0.15)
    assert seen.centre == pytest.approx(twin, abs=3e-3)  # a slot's level has fifteen bits


def test_profile_learns_a_spread_for_each_slot() -> None:
    t = np.arange(24 * 100)
    sigma = np.where(t % 24 < 8, 0.2, 2.0)
    y = sigma * np.random.default_rng(4).standard_normal(len(t))
    seen = seasonal_profile.warm(y, t, periods=(24,), alpha=0.0)
    late = t > 24 * 50
    night, day = seen.scale[late & (t % 24 < 8)].mean(), seen.scale[late & (t % 24 >= 8)].mean()
    assert 0.2 <= night < 0.5
    assert day == pytest.approx(2.0, rel=0.2)


def test_long_season_is_interpolated() -> None:
    assert seasonal_profile.stride_of(1440) == 5
    t = np.arange(1440 * 6)
    clean = 3.0 * np.sin(2 * np.pi * t / 1440)
    y = clean + 0.2 * np.random.default_rng(1).standard_normal(len(t))
    seen = seasonal_profile.warm(y, t, periods=(1440,), gamma=0.1)
    assert len(seen.season) == 288
    assert np.abs(seen.centre - clean)[1440 * 4 :].mean() < 0.1


def test_a_slot_of_several_buckets_is_the_mean_of_its_first_turn() -> None:
    y = np.random.default_rng(5).standard_normal(1440)
    seen = seasonal_profile.warm(y, np.arange(1440), periods=(1440,))
    slots = [seasonal_profile._level(slot) for slot in seen.season]
    assert slots == pytest.approx(y.reshape(288, 5).mean(axis=1), abs=1e-3)


@settings(max_examples=60)
@given(st.floats(-(2.0**99), 2.0**99, width=32), st.integers(-48, 48))
def test_profile_slot_keeps_level_and_code(level: float, code: int) -> None:
    packed = seasonal_profile._packed(level, code)
    assert seasonal_profile._level(packed) == pytest.approx(level, rel=2**-14, abs=1e-37)
    stored = seasonal_profile._code(packed)
    assert (stored - 256 if stored > 127 else stored) == code
