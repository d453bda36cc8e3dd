"""Change points of a window: the cost of ranks by its definition, the promised false alarms, and levels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.drift.changepoint import LEAST, change_points, standardised, tail
from learners.drift.checks import NULLS
from learners.synthetic import stream
from tests.learners.planting import raised
from tests.naive.drift import clearest_split


@given(st.lists(st.integers(-6, 6), min_size=2 * LEAST, max_size=40).filter(lambda y: len(set(y)) > 1))
def test_the_clearest_split_is_where_the_cost_of_ranks_falls_most(values: list[int]) -> None:
    z = standardised(np.array(values, np.float64))
    _, fall = clearest_split(values, LEAST)
    assert float(np.max(z * z)) == pytest.approx(fall, rel=1e-9, abs=1e-9)


@given(st.integers(0, 999), st.floats(0.1, 100.0), st.floats(-1e3, 1e3))
def test_units_do_not_matter(seed: int, unit: float, offset: float) -> None:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(200) + np.where(np.arange(200) < 80, 0.0, 1.5)
    moved = [change.at for change in change_points(unit * y + offset)]
    assert moved == [change.at for change in change_points(y)]


@given(st.integers(0, 999))
def test_the_way_back_has_the_same_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(200) + np.where(np.arange(200) < 120, 0.0, 2.5)
    there, back = change_points(y), change_points(y[::-1])
    assert [200 - change.at for change in reversed(back)] == [change.at for change in there]


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("n", [60, 300])
def test_windows_without_a_change(null: str, n: int) -> None:
    """At alpha = 1 in 100 not more than that (Poisson, 3 sigma) of 600 windows."""
    windows = (NULLS[null](np.random.default_rng([seed, n]), n) for seed in range(600))
    found = sum(bool(change_points(window, alpha=0.01)) for window in windows)
    assert found <= 6 + 3.0 * math.sqrt(6.0)


def test_neighbours_that_go_together_are_no_change() -> None:
    """Autocorrelated values (0.7) in 40 windows of a week by five minutes."""
    found = sum(bool(change_points(stream("smooth", 2016, seed).y)) for seed in range(40))
    assert found <= 1


def _stairs(noise: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(noise + np.repeat([0.0, 6.0, 2.0], [150, 100, 200]))


@pytest.mark.parametrize("null", NULLS)
def test_levels_are_found(null: str) -> None:
    make: Callable[[np.random.Generator, int], NDArray[np.float64]] = NULLS[null]
    for seed in range(10):
        found = change_points(_stairs(make(np.random.default_rng(seed), 450)))
        assert [round(change.at, -1) for change in found] == [150, 250]
        assert [change.after - change.before for change in found] == pytest.approx([6.0, -4.0], abs=0.6)
        assert all(change.p < 1e-3 for change in found)


def test_a_small_shift_is_placed_nearby() -> None:
    """One scale at position 200 of 500: found in each of 50 windows, half of the time within 3 positions."""
    errors = []
    for seed in range(50):
        faulty = raised(stream("white", 500, seed), at=200, length=300, size=1.0)
        found = change_points(faulty.y)
        assert found
        errors.append(min(abs(change.at - 200) for change in found))
    assert float(np.median(errors)) <= 3.0


def test_extremes_are_no_change_of_level() -> None:
    y = np.random.default_rng(4).standard_normal(400)
    y[[50, 51, 200]] = (1e300, -1e300, 1e9)
    assert change_points(y) == []


def test_missing_values_keep_their_places() -> None:
    y = np.random.default_rng(4).standard_normal(400) + np.where(np.arange(400) < 220, 0.0, 20.0)
    y[::3] = np.nan
    (change,) = change_points(y)
    assert change.at == 220


@pytest.mark.parametrize("y", [np.zeros(0), np.zeros(3), np.full(500, 7.0), np.full(50, np.nan)])
def test_nothing_changes_where_nothing_moves(y: NDArray[np.float64]) -> None:
    assert change_points(y) == []


def test_a_step_without_noise() -> None:
    assert [change.at for change in change_points(np.repeat([1.0, 2.0], [40, 60]))] == [40]


@given(st.floats(0.0, 30.0), st.floats(0.0, 30.0), st.integers(2 * LEAST, 5000))
def test_the_tail_falls(a: float, b: float, n: int) -> None:
    assert 0.0 <= tail(max(a, b), n) <= tail(min(a, b), n) <= 1.0


def test_alpha_is_a_share() -> None:
    with pytest.raises(ValueError, match="alpha"):
        change_points(np.zeros(10), alpha=0.0)
