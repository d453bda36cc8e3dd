"""Counts against their slow twin, against statsmodels' estimate of the law, and what they promise beyond."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.discrete.discrete_model import NegativeBinomial

from learners.baseline import counts
from learners.baseline.holt_winters import RATE, code_of
from tests.naive import baselines as naive

NONE = np.zeros(0, np.float32)
DAY = 24


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=80),
    st.sampled_from([(), (2,), (7,)]),
    st.sampled_from([1.0, 0.5, 0.0625]),
    st.sampled_from([0.0, -3.0]),
    st.sampled_from([1.0, 0.3]),
)
def test_equals_its_twin(
    y: list[int], periods: tuple[int, ...], grain: float, zero: float, weight: float
) -> None:
    alpha, gamma = 2.0**-4, 2.0**-3
    values = [zero + grain * value for value in y]
    weights = [1.0] * len(y[:1]) + [weight] * (len(y) - 1)
    knobs: dict[str, Any] = {"alpha": alpha, "gamma": gamma, "zero": zero, "grain": grain}
    seen = counts.warm(np.array(values), np.arange(len(y)), np.array(weights), periods=periods, **knobs)
    least = float(RATE[code_of(0.5 * grain * (gamma if periods else alpha))])
    twin = naive.counts(values, weights, sum(periods), alpha, gamma, zero, grain, least)
    for (centre, scale), ours, spread in zip(twin, seen.centre, seen.scale, strict=True):
        assert math.isclose(centre, ours, rel_tol=1e-3, abs_tol=1e-3)
        assert math.isclose(scale, spread, rel_tol=1e-2, abs_tol=1e-3)


def _rates(n: int) -> Any:
    """A day from 3 to 243 counts a bucket."""
    return 3.0 + 120.0 * (1.0 + np.sin(2.0 * np.pi * np.arange(n) / DAY))


def _unit_residuals(y: Any, **knobs: Any) -> Any:
    return counts.warm(np.asarray(y, np.float64), np.arange(len(y)), periods=(DAY,), gamma=0.02, **knobs)


@pytest.mark.parametrize("shape", [0.0, 5.0])
@pytest.mark.parametrize("unit", [1.0, 40.0])
def test_residuals_are_alike_by_night_and_by_day(shape: float, unit: float) -> None:
    rng, mu = np.random.default_rng(1), _rates(DAY * 300)
    y = rng.negative_binomial(shape, shape / (shape + mu)) if shape else rng.poisson(mu)
    offset = 100.0
    seen = _unit_residuals((y - offset) / unit, zero=-offset / unit, grain=1.0 / unit)
    late = np.arange(len(y)) > DAY * 100
    night, day = late & (mu < 20.0), late & (mu > 200.0)
    assert np.std(seen.residual[night]) == pytest.approx(1.0, abs=0.15)
    assert np.std(seen.residual[day]) == pytest.approx(1.0, abs=0.15)


def test_the_law_is_what_statsmodels_finds() -> None:
    """Negative binomial, a mean for each slot: our ``square`` is near the maximum likelihood estimate."""
    rng, mu = np.random.default_rng(2), _rates(DAY * 150)
    y = rng.negative_binomial(4.0, 4.0 / (4.0 + mu))
    slots = np.eye(DAY)[np.arange(len(y)) % DAY]
    start = np.append(np.log(y.reshape(-1, DAY).mean(0)), 0.2)
    found = NegativeBinomial(y, slots).fit(start_params=start, disp=0, maxiter=200)
    rows = _unit_residuals(y[:DAY]).record.reshape(1).copy()
    season, squares = _unit_residuals(y[:DAY]).season, []
    for t, value in enumerate(y[DAY:], start=DAY):
        counts.learn(rows[0], season, t, float(value), *counts.forecast(rows[0], season, t), 1.0)
        squares.append(float(rows["square"][0]))
    assert np.mean(squares[1000:]) == pytest.approx(float(found.params[-1]), rel=0.2)


def test_nothing_seen_is_not_impossible() -> None:
    """After a thousand zeros the law still allows for the count that may come."""
    rows = counts.warm(np.zeros(1000), np.arange(1000), alpha=0.05).record.reshape(1)
    centre, scale = counts.forecast(rows[0], NONE, 1000)
    assert centre == pytest.approx(0.0, abs=1e-3)
    assert scale > 0.0
    assert RATE[rows["least"][0]] == pytest.approx(0.025, rel=0.05)


def test_the_law_follows_a_rebase_in_time() -> None:
    y = np.random.default_rng(3).poisson(4.0, 500).astype(np.float64)
    rows = counts.warm(y, np.arange(500)).record.reshape(1).copy()
    before = counts.forecast(rows[0], NONE, 500)[1]
    counts.rebase(rows[0], NONE, 32.0)
    assert counts.forecast(rows[0], NONE, 500)[1] == before
    for t, value in enumerate(np.random.default_rng(4).poisson(36.0, 800), start=500):
        counts.learn(rows[0], NONE, t, float(value), *counts.forecast(rows[0], NONE, t), 1.0)
    assert counts.forecast(rows[0], NONE, 1300)[1] == pytest.approx(6.0, rel=0.15)
    assert abs(rows["moved"][0]) < 0.1


@pytest.mark.parametrize(("field", "value"), [("alpha", 1.0), ("gamma", 0.0), ("grain", 0.0)])
def test_refuses(field: str, value: float) -> None:
    knobs: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match="alpha lies"):
        counts.warm(np.zeros(1), np.zeros(1, np.int64), **knobs)
