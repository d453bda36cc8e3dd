"""Tails: honest on honest nulls, exact against their laws, and both regimes of extremes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from learners import gaussian, lowpass, runs
from learners.grade import place, stretch
from learners.score import L_CLOSE, L_OPEN, combine, levelled, n_factor, score
from learners.threshold import extreme_value, scaled_minmax, sigma, static
from tests.naive import thresholds as naive


@njit
def _levels(rows: Any, r: Any, out: Any) -> None:
    for i in range(len(r)):
        out[i] = extreme_value.surprise(rows[0], r[i])
        if out[i] < 5.0:
            extreme_value.learn(rows[0], r[i], 1.0)


NULLS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "gaussian": lambda rng, n: rng.standard_normal(n),
    "student t3": lambda rng, n: rng.standard_t(3, n) / math.sqrt(3.0),
    "lognormal": lambda rng, n: (np.exp(rng.standard_normal(n)) - 1.65) / 2.16,
    "exponential": lambda rng, n: rng.exponential(size=n) - 1.0,
    "uniform": lambda rng, n: rng.uniform(-1.7, 1.7, n),
}


@pytest.mark.parametrize("null", NULLS)
def test_extreme_value_is_honest(null: str) -> None:
    """About 1e-5 a side at L_OPEN, after the correction, on heavy tails too; near nominal at lower L."""
    rng, n = np.random.default_rng(17), 200_000
    alarms, exceed2 = 0, 0
    for _ in range(3):
        rows = extreme_value.warm(NULLS[null](rng, 2000)).reshape(1)
        out = np.empty(n)
        _levels(rows, NULLS[null](rng, n), out)
        alarms += int(np.count_nonzero(out > L_OPEN + math.log10(3.0)))
        exceed2 += int(np.count_nonzero(out > 2.0))
    assert alarms <= 3 * 2e-5 * 3 * n
    assert exceed2 < 1.6 * 0.02 * 3 * n


def test_extreme_value_law_is_pareto_in_squares() -> None:
    rows = extreme_value.warm(np.random.default_rng(1).standard_t(3, 4000)).reshape(1)
    u, s = float(rows["threshold"][0, 1]), float(rows["excess"][0, 1])
    x = rows["shape"][0, 1] / 255.0
    for r in (1.01 * u, 2.0 * u, 5.0 * u, 50.0 * u):
        expected = naive.pareto(r * r, u * u, s, x, 0.05)
        assert extreme_value.surprise(rows[0], r) == pytest.approx(expected, rel=1e-6)


@given(st.floats(0.32, 60.0), st.sampled_from([-1, 1]), st.integers(0, 255))
def test_extreme_value_limit_is_exact(level: float, side: int, shape: int) -> None:
    rows = extreme_value.warm(np.zeros(0)).reshape(1)
    rows["shape"] = shape
    m = rows[0]
    bisected = naive.inverse(lambda r: extreme_value.surprise(m, side * r), level)
    assert extreme_value.limit(m, side, level) == pytest.approx(bisected, rel=1e-6)


@pytest.mark.parametrize("minutes", [1, 5, 60, 1440])
def test_an_anomaly_opens_where_the_band_ends(minutes: int) -> None:
    """`opens` is the residual at which `levelled` reaches `L_OPEN`, for every grade."""
    m = extreme_value.warm(np.random.default_rng(3).standard_normal(2000)).reshape(1)[0]
    grade = place(60_000 * minutes)
    for side in (-1, 1):
        edge = extreme_value.opens(m, side, grade)
        level = levelled(extreme_value.surprise(m, side * edge), 0.0, 0.0, stretch(grade))
        assert level == pytest.approx(L_OPEN, rel=1e-6)


def test_one_extreme_hides_no_other() -> None:
    """A window with one extreme of 20 scales: one of 8 is news all the same."""
    noise = np.random.default_rng(3).standard_normal(2000)
    noise[1000] = 20.0
    rows = extreme_value.warm(noise).reshape(1)
    assert extreme_value.surprise(rows[0], 8.0) > L_OPEN
    assert extreme_value.limit(rows[0], 1, L_OPEN) < 8.0


def test_recurring_extremes_pass_to_the_law() -> None:
    """Each recurrence makes the law heavier: what comes again and again is no news in the end."""
    rows = extreme_value.warm(np.random.default_rng(3).standard_normal(2000)).reshape(1)
    told = []
    for _ in range(40):
        told.append(float(extreme_value.surprise(rows[0], 20.0)))
        extreme_value.learn(rows[0], 20.0, 1.0)
    assert told[0] > 1.5 * L_OPEN
    assert told[1] > L_OPEN
    assert told[-1] < L_OPEN


@given(st.floats(0.0, 200.0))
def test_gaussian_tail(z: float) -> None:
    assert gaussian.upper_tail(z) == pytest.approx(naive.gaussian(z), rel=1e-6)


@given(st.floats(0.31, 1e4))
def test_gaussian_quantile(level: float) -> None:
    assert gaussian.upper_tail(gaussian.upper_quantile(level)) == pytest.approx(level, rel=1e-9)


def test_sigma_learns_the_spread_of_residuals() -> None:
    rows = sigma.warm(2.0 * np.random.default_rng(1).standard_normal(3000)).reshape(1)
    assert sigma.surprise(rows[0], 8.0) == pytest.approx(naive.gaussian(4.0), rel=0.1)
    assert sigma.surprise(rows[0], -8.0) == sigma.surprise(rows[0], 8.0)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=80))
def test_scaled_minmax_equals_its_twin(r: list[float]) -> None:
    seen = scaled_minmax.warm(np.array(r), half_life=20.0).reshape(1)
    for side in (-1, 1):
        expected = 1.5 * naive.largest(r, side, 20.0)
        assert scaled_minmax.limit(seen[0], side, L_OPEN) == pytest.approx(expected, rel=1e-5)


def test_scaled_minmax_online_is_near_its_warm_start() -> None:
    r = np.random.default_rng(2).standard_t(3, 500)
    warm, online = (scaled_minmax.warm(x, half_life=100.0).reshape(1) for x in (r, np.zeros(0)))
    for value in r:
        scaled_minmax.learn(online[0], value, 1.0)
    assert online["largest"] == pytest.approx(warm["largest"], rel=0.02)


def test_static_bounds() -> None:
    assert static.surprise(0.0, 1.0, 1.0) == 0.0
    assert static.surprise(0.0, 1.0, -1e-9) == static.BREACH
    assert static.BREACH > L_OPEN


@given(st.floats(-12.0, 12.0))
def test_lowpass_tail_is_student(z: float) -> None:
    expected = naive.student(z, 20.0)
    assert lowpass.surprise(z * lowpass.WHITE_SCALE, lowpass.WHITE_SCALE) == pytest.approx(expected, rel=0.02)


def _alarms(r: NDArray[np.float64], scale: float) -> int:
    state, alarms = 0.0, 0
    for i, value in enumerate(r):
        state = lowpass.step(state, value, 1.0)
        alarms += lowpass.surprise(state, scale) > L_OPEN + 0.477
        if i % lowpass.SCALE_EVERY == 0:
            scale = lowpass.learn_scale(scale, state, 1.0)
    return alarms


def test_lowpass_notices_what_single_points_do_not() -> None:
    shift = np.random.default_rng(1).standard_normal(300)
    shift[200:260] += 2.5
    assert _alarms(shift[:200], lowpass.WHITE_SCALE) == 0
    assert _alarms(shift, lowpass.WHITE_SCALE) > 10


def test_lowpass_learns_residuals_that_go_together() -> None:
    rng, r = np.random.default_rng(2), np.zeros(20_000)
    for i in range(1, len(r)):
        r[i] = 0.9 * r[i - 1] + math.sqrt(1 - 0.81) * rng.standard_normal()
    assert _alarms(r[10_000:], 0.7) <= 2


def test_a_fixed_lowpass_scale_stays() -> None:
    assert lowpass.learn_scale(-0.4, 3.0, 1.0) == -0.4
    assert lowpass.learn_scale(lowpass.OFF, 3.0, 1.0) == lowpass.OFF
    assert lowpass.surprise(4.0, lowpass.OFF) < 0.31


@given(st.integers(0, 65_535), st.integers(0, 65_535))
def test_runs_alarm_at_twice_the_longest(run: int, longest: int) -> None:
    assert (runs.flat(run, longest) >= L_OPEN) == (run >= 2 * max(longest, runs.FLAT_MIN))
    assert (runs.gap(run, longest) >= L_OPEN) == (run >= 2 * max(longest, runs.GAP_MIN))


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_score_is_strictly_increasing_below_100(a: float, b: float) -> None:
    assert 0.0 <= score(a) < 100.0
    if a + 1e-6 * (1.0 + a * a) < b:
        assert score(a) < score(b)
    assert L_CLOSE < L_OPEN


@given(st.floats(0, 50), st.floats(0, 50), st.floats(0, 50))
def test_combine_is_bonferroni(a: float, b: float, c: float) -> None:
    p = min(10.0**-a, 10.0**-b, 10.0**-c)
    assert combine(a, b, c) == pytest.approx(max(-math.log10(3.0 * p), 0.0), abs=1e-9)
    assert combine(a, b, c) == combine(c, a, b)


@given(st.floats(0.0, 1e6), st.floats(0.1, 1e6))
def test_small_n_widens(n: float, n_mean: float) -> None:
    factor = n_factor(n, n_mean)
    assert math.sqrt(0.5) <= factor <= 100.0
    assert (factor > 1.0) == (n < n_mean) or math.isclose(n, n_mean, rel_tol=1e-9)
