"""Shares against their slow twin, and what they promise: within 0 and 1, alike by night and day, by cases."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.base import Family
from learners.baseline import binomial
from learners.baseline.holt_winters import RATE, code_of
from learners.ratio import support
from learners.select import Window, choose
from tests.naive import baselines as naive

NONE = np.zeros(0, np.float32)
DAY = 24


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=80),
    st.sampled_from([(), (2,), (7,)]),
    st.sampled_from([(0.0, 1.0), (-3.0, 4.0)]),
    st.sampled_from([1.0, 0.3]),
)
def test_equals_its_twin(
    hits: list[int], periods: tuple[int, ...], axis: tuple[float, float], weight: float
) -> None:
    alpha, gamma, (zero, grain) = 2.0**-4, 2.0**-3, axis
    shares = [hit / 20.0 for hit in hits]
    weights = [1.0] + [weight] * (len(hits) - 1)
    knobs: dict[str, Any] = {"alpha": alpha, "gamma": gamma, "zero": zero, "grain": grain, "cases": 20.0}
    y = zero + grain * np.array(shares)
    seen = binomial.warm(y, np.arange(len(y)), np.array(weights), periods=periods, **knobs)
    least = float(RATE[code_of(0.5 * (gamma if periods else alpha) / 20.0)])
    twin = naive.binomial(shares, weights, sum(periods), alpha, gamma, least, 20.0)
    first = max(sum(periods), 1)
    for (centre, scale), ours, spread in list(zip(twin, seen.centre, seen.scale, strict=True))[first:]:
        assert math.isclose(zero + grain * centre, ours, rel_tol=1e-3, abs_tol=1e-3)
        assert math.isclose(grain * scale, spread, rel_tol=1e-2, abs_tol=4e-3)


@given(st.lists(st.floats(0.0, 1.0), min_size=30, max_size=60), st.sampled_from([(), (5,)]))
def test_never_expects_what_no_share_can_be(shares: list[float], periods: tuple[int, ...]) -> None:
    seen = binomial.warm(np.array(shares), np.arange(len(shares)), periods=periods, alpha=0.5, gamma=0.5)
    assert (seen.centre >= 0.0).all()
    assert (seen.centre <= 1.0).all()


def _rates(n: int) -> NDArray[np.float64]:
    """A day from 0.01 to 0.6."""
    return 0.01 + 0.295 * (1.0 + np.sin(2.0 * np.pi * np.arange(n) / DAY))


@pytest.mark.parametrize("scatter", [0.0, 0.02])
def test_residuals_are_alike_by_night_and_by_day(scatter: float) -> None:
    """Of a binomial law, and of one whose rate itself scatters."""
    rng, p = np.random.default_rng(1), _rates(DAY * 300)
    if scatter:
        size = 1.0 / scatter - 1.0
        p = rng.beta(p * size, (1.0 - p) * size)
    y = rng.binomial(200, p) / 200.0
    seen = binomial.warm(y, np.arange(len(y)), periods=(DAY,), alpha=0.02, gamma=0.02, cases=200.0)
    late, rate = np.arange(len(y)) > DAY * 100, _rates(len(y))
    for part in (late & (rate < 0.05), late & (rate > 0.5)):
        assert np.std(seen.residual[part]) == pytest.approx(1.0, abs=0.15)


def test_taught_by_cases_few_of_them_widen_little() -> None:
    rng = np.random.default_rng(2)
    n = rng.choice([5.0, 20.0, 95.0], 20_000)
    y = rng.binomial(n.astype(int), 0.3) / n
    weight = np.array([support(one, 40.0) for one in n])
    taught = binomial.warm(y, np.arange(len(y)), weight, alpha=0.01, cases=40.0)
    plain = binomial.warm(y, np.arange(len(y)), alpha=0.01, cases=40.0)
    square = 0.3 * 0.7 * float(np.mean(weight / n)) / float(np.mean(weight))
    assert float(taught.scale[5_000:].mean()) == pytest.approx(math.sqrt(square), rel=0.1)
    assert float(plain.scale[5_000:].mean()) > 1.3 * float(taught.scale[5_000:].mean())
    assert np.std(taught.centre[5_000:]) < 0.8 * np.std(plain.centre[5_000:])


def test_the_law_follows_a_rebase_in_time() -> None:
    rng = np.random.default_rng(3)
    rows = (
        binomial.warm(rng.binomial(50, 0.02, 800) / 50.0, np.arange(800), cases=50.0).record.reshape(1).copy()
    )
    before = binomial.forecast(rows[0], NONE, 800)
    binomial.rebase(rows[0], NONE, 0.4)
    after = binomial.forecast(rows[0], NONE, 800)
    assert after[1] == before[1]
    assert after[0] == pytest.approx(before[0] + 0.4, abs=1e-6)
    for t, hit in enumerate(rng.binomial(50, 0.42, 800), start=800):
        binomial.learn(rows[0], NONE, t, hit / 50.0, *binomial.forecast(rows[0], NONE, t), 1.0)
    assert binomial.forecast(rows[0], NONE, 1600)[1] == pytest.approx(math.sqrt(0.42 * 0.58 / 50.0), rel=0.2)
    assert abs(rows["moved"][0]) < 0.01


def test_nothing_seen_is_not_impossible() -> None:
    rows = binomial.warm(np.zeros(1000), np.arange(1000), cases=40.0).record.reshape(1)
    centre, scale = binomial.forecast(rows[0], NONE, 1000)
    assert centre == pytest.approx(0.0, abs=1e-6)
    assert scale >= 1e-3


def test_a_season_of_shares_is_theirs() -> None:
    """The contest chooses it where the scatter follows the share, and only where cases are known."""
    rng, t = np.random.default_rng(4), np.arange(2016)
    y = rng.binomial(60, _rates(2016)) / 60.0
    known, unknown = np.full(2016, 60.0), np.full(2016, np.nan)
    choice = choose(Window(t, y, known, 3_600_000))
    assert (choice.metric_class, choice.champion.family) == ("ratio", Family.BINOMIAL)
    other = choose(Window(t, y, unknown, 3_600_000, kind="ratio"))
    assert not any("binomial" in name for name in other.losses)
    outside = choose(Window(t, y + 0.7, known, 3_600_000, kind="ratio"))
    assert not any("binomial" in name for name in outside.losses)


@pytest.mark.parametrize(("field", "value"), [("alpha", 1.0), ("gamma", 0.0), ("grain", 0.0), ("cases", 0.0)])
def test_refuses(field: str, value: float) -> None:
    knobs: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match="alpha lies"):
        binomial.warm(np.zeros(1), np.zeros(1, np.int64), **knobs)
