"""Croston's method against its slow twin, and what it promises beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.baseline import ema, sparse
from tests.naive import baselines as naive

NONE = np.zeros(0, np.float32)


@given(
    st.lists(st.one_of(st.just(0.0), st.floats(0.5, 50.0, width=32)), min_size=1, max_size=80),
    st.sampled_from([1.0, 0.5]),
    st.floats(0.01, 1.0),
)
def test_equals_its_twin(y: list[float], weight: float, alpha: float) -> None:
    weights = [weight] * len(y)
    seen = sparse.warm(np.array(y), np.arange(len(y)), np.array(weights), alpha=alpha)
    for (centre, scale), ours, spread in zip(
        naive.sparse(y, weights, alpha), seen.centre, seen.scale, strict=True
    ):
        assert math.isclose(centre, ours, rel_tol=1e-3, abs_tol=1e-3)
        assert math.isclose(scale, spread, rel_tol=1e-2, abs_tol=1e-3)


def test_mean_and_scatter_are_those_of_the_law() -> None:
    rng = np.random.default_rng(1)
    y = np.where(rng.random(20_000) < 0.05, 6.0 + rng.standard_normal(20_000), 0.0)
    seen = sparse.warm(y, np.arange(20_000), alpha=0.02)
    assert seen.centre[5000:].mean() == pytest.approx(0.3, rel=0.1)
    assert seen.scale[5000:].mean() == pytest.approx(float(y.std()), rel=0.1)


def test_an_event_raises_the_centre_less_than_it_does_an_average() -> None:
    y = np.tile([0.0] * 9 + [5.0], 60)
    croston, average = sparse.warm(y, np.arange(600)), ema.warm(y, np.arange(600), alpha=0.1)
    assert np.ptp(croston.centre[300:]) < 1e-5
    assert np.ptp(average.centre[300:]) > 0.1


def test_what_has_ended_is_not_expected_for_ever() -> None:
    y = np.concatenate([np.tile([0.0] * 9 + [5.0], 60), np.zeros(1000)])
    centre = sparse.warm(y, np.arange(1600)).centre
    assert centre[605] == pytest.approx(0.5, rel=1e-3)
    assert centre[-1] == pytest.approx(15.0 / 999.0, rel=0.01)


def test_quiet_need_not_be_zero() -> None:
    y = np.tile([0.0, 0.0, 6.0], 40)
    here, there = sparse.warm(y, np.arange(120)), sparse.warm(y - 3.0, np.arange(120), zero=-3.0)
    assert there.centre[3:] + 3.0 == pytest.approx(here.centre[3:], abs=1e-5)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="alpha"):
        sparse.warm(np.zeros(1), np.zeros(1, np.int64), alpha=0.0)
