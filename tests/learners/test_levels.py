"""A level that changed for good inside a window, and what the contest makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.durations import HOUR_MS
from learners.levels import CHANGES_MOST, on_last_level, slot_medians
from learners.select import Choice, Window, choose
from learners.single import Model
from learners.synthetic import stream

COUNT = 1_008


def window(y: NDArray[np.float64], cadence_ms: int = HOUR_MS) -> Window:
    return Window(np.arange(len(y)), y, np.full(len(y), np.nan), cadence_ms)


def stepped(name: str, at: int, size: float, seed: int = 1) -> NDArray[np.float64]:
    """``size`` in usual distances of neighbours."""
    y = stream(name, COUNT, seed).y.copy()
    y[:at] -= size * float(np.median(np.abs(np.diff(y))))
    return y


def band(choice: Choice) -> float:
    forecast = Model.from_choice(choice).forecast(COUNT)
    return forecast.upper - forecast.lower


@pytest.mark.parametrize("name", ["white", "smooth", "seasonal", "weekly"])
def test_an_adopted_level_does_not_widen_the_band_for_weeks(name: str) -> None:
    plain, changed = choose(window(stepped(name, 0, 0.0))), choose(window(stepped(name, 500, 10.0)))
    assert band(changed) < 1.3 * band(plain)
    assert changed.periods == plain.periods
    assert any("level changed for good" in reason for reason in changed.reasons)
    assert not any("level changed for good" in reason for reason in plain.reasons)


@pytest.mark.parametrize("name", ["white", "smooth", "heavy", "seasonal", "wandering", "trending", "bursty"])
def test_a_window_without_a_change_is_left_alone(name: str) -> None:
    for seed in range(6):
        reasons = choose(window(stepped(name, 0, 0.0, seed))).reasons
        assert not any("level changed for good" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("at", "cadence_ms"),
    [(COUNT - 199, HOUR_MS), (500, 60_000), (500, 600_000)],
    ids=["late", "1 min", "10 min"],
)
def test_a_level_that_has_not_lasted_is_not_adopted(at: int, cadence_ms: int) -> None:
    y = stepped("white", at, 10.0)
    assert on_last_level(np.arange(COUNT), y, (), cadence_ms) is None


def test_more_changes_than_two_are_how_the_series_is() -> None:
    y = np.random.default_rng(1).standard_normal(COUNT)
    for at in (200, 400, 600):
        y[at:] += 8.0 if at != 400 else -8.0
    assert on_last_level(np.arange(COUNT), y, (), HOUR_MS) is None


@given(st.integers(0, 1_000), st.integers(200, 700), st.floats(6.0, 1e6))
def test_what_is_moved_differs_by_a_constant_a_part(seed: int, at: int, size: float) -> None:
    y = np.random.default_rng(seed).standard_normal(COUNT)
    y[at:] += size
    moved = on_last_level(np.arange(COUNT), y, (), HOUR_MS)
    assume(
        moved is not None
    )  # in one window of hundreds noise itself has a change, too many with ours, or late
    assert moved is not None
    by = moved - y
    steps = np.flatnonzero(np.abs(np.diff(by)) > 1e-6 * size) + 1
    assert 0 < len(steps) <= CHANGES_MOST
    assert np.abs(steps - at).min() <= 8
    np.testing.assert_array_equal(by[steps[-1] :], 0.0)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=60), st.integers(1, 9))
def test_slot_medians_are_the_lower_medians_of_slots(values: list[int], period: int) -> None:
    y, t = np.array(values, np.float64), np.arange(3, 3 + len(values))
    found = slot_medians(t, y, period)
    for i in range(len(y)):
        mine = np.sort(y[t % period == t[i] % period])
        assert found[i] == mine[(len(mine) - 1) // 2]
