"""Seasons longer than a window: found in what lies further back, and only where there are any."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.base import Family
from learners.past import Past
from learners.select import Choice, Window, choose, choose_many
from learners.single import Model

MINUTES = 5
DAY = 24 * 60 // MINUTES
WEEK = 7 * DAY
WEEKS = 5
WINDOW = 2_016


def values(seed: int, weekend: float = 0.4, weeks: int = WEEKS) -> NDArray[np.float64]:
    """A daily shape, on weekends at a share of the level, with noise."""
    t = np.arange(weeks * WEEK)
    noise = np.random.default_rng(seed).standard_normal(len(t))
    level = np.where(t // DAY % 7 >= 5, weekend, 1.0)
    return (100.0 + 60.0 * np.sin(2.0 * np.pi * t / DAY)) * level + 4.0 * noise


def window(y: NDArray[np.float64], further: bool = True) -> Window:
    t = np.arange(len(y))
    past = Past.of(t, y, MINUTES * 60_000) if further else None
    last = slice(len(y) - WINDOW, None)
    return Window(t[last], y[last], np.full(WINDOW, np.nan), MINUTES * 60_000, past=past)


@pytest.fixture(scope="module")
def chosen() -> Choice:
    return choose(window(values(1)))


def test_a_week_is_found_beyond_a_window_of_a_week(chosen: Choice) -> None:
    assert chosen.periods[0] == WEEK
    assert chosen.champion.family is chosen.challenger.family is Family.SEASONAL_PROFILE
    assert any("before the window" in reason for reason in chosen.reasons)
    assert WEEK not in choose(window(values(1), further=False)).periods


def test_the_next_weekend_is_as_expected(chosen: Choice) -> None:
    y, model = values(1, weeks=WEEKS + 1), Model.from_choice(chosen)
    scores = []
    for t in range(WEEKS * WEEK, len(y)):
        scores.append(model.score_one(float(y[t]), t))
        model.learn_one(float(y[t]), t)
    assert max(scores) < 56.0


@pytest.mark.parametrize("weekend", [1.0, 0.995])
def test_no_week_is_taken_where_weekends_are_as_other_days(weekend: float) -> None:
    found = choose_many([window(values(seed, weekend)) for seed in range(8)])
    assert [WEEK in one.periods for one in found] == [False] * 8


def test_one_failure_of_a_weekend_is_no_week() -> None:
    y = values(2, weekend=1.0)
    y[3 * WEEK + 5 * DAY : 4 * WEEK] *= 0.4
    assert WEEK not in choose(window(y)).periods


def test_what_stands_beside_it_changes_nothing(chosen: Choice) -> None:
    several = choose_many([window(values(3, 1.0), further=False), window(values(1)), window(values(4))])
    assert several[1].to_body() == chosen.to_body()


def test_values_that_are_nearly_all_missing_are_no_past() -> None:
    y = values(5)
    few = np.arange(0, len(y), 97)
    past = Past.of(few, y[few], MINUTES * 60_000)
    assert WEEK not in choose(replace(window(y), past=past)).periods


@given(
    st.integers(2, 60), st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=200), st.integers(0, 10**7)
)
def test_means_are_those_of_the_values_around(stride: int, y: list[float], first: int) -> None:
    t = np.arange(first, first + len(y))
    past = Past.of(t, np.array(y), 60_000)
    assert past is not None
    place, means = past.means(stride)
    assert np.all(np.diff(place) > 0)
    for at, mean in zip(place.tolist(), means.tolist(), strict=True):
        around = [
            v
            for i, v in zip(t.tolist(), y, strict=True)
            if -stride <= 2 * (i - at * stride) < stride + stride % 2
        ]
        assert min(around) - 1e-9 * abs(min(around)) <= mean <= max(around) + 1e-9 * abs(max(around))
        assert mean == pytest.approx(float(np.mean(np.array(around) / 1e3)) * 1e3, rel=1e-9, abs=1e290)


def test_buckets_that_clocks_repeat_are_taken_once() -> None:
    past = Past.of(np.array([1, 2, 3, 2, 3, 4]), np.array([1.0, 2.0, 3.0, 9.0, np.nan, 4.0]), 60_000)
    assert past is not None
    assert past.t.tolist() == [1, 2, 3, 4]
    assert Past.of(np.arange(2), np.full(2, np.nan), 60_000) is None
