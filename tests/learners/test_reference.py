"""The weekly reference: its twin, records, holes, and what wanders by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.drift import reference as ref
from learners.drift.reference import DAYS, WEEKS, Reference
from tests.naive import drift as naive

LEVELS = st.lists(st.floats(-100.0, 100.0, width=16), min_size=WEEKS + 1, max_size=WEEKS + 20)


def fed(levels: Sequence[float], scale: float = 1.0, through: bool = False) -> list[float]:
    """What is said of whole weeks, each day at the level of its week; ``through`` the record each day."""
    one, said = Reference(unit=1.0), []
    for level in levels:
        for _ in range(DAYS):
            statistic = one.take(level, scale)
            one = Reference.of(one.record()) if through else one
        said.append(statistic)
    return said


@given(LEVELS, st.floats(0.1, 3.0))
def test_equals_its_twin(weeks: list[float], scale: float) -> None:
    made = (WEEKS, ref.LIMIT, ref.SMALLEST, ref.GROWS_WEEKS, ref.TREND_T)
    said = fed(weeks, scale)
    assert said[:WEEKS] == [0.0] * WEEKS
    assert said[WEEKS:] == pytest.approx(naive.weekly_reference(weeks, scale, *made), rel=1e-6, abs=1e-6)


@given(LEVELS)
def test_a_record_is_all_of_it(weeks: list[float]) -> None:
    assert fed(weeks, through=True) == pytest.approx(fed(weeks), rel=1e-3, abs=1e-3)


@given(LEVELS, st.floats(0.01, 100.0), st.floats(-1e3, 1e3))
def test_units_and_zero_do_not_matter(weeks: list[float], unit: float, zero: float) -> None:
    other = fed([zero + unit * week for week in weeks], unit)
    assert other == pytest.approx(fed(weeks), rel=1e-3, abs=1e-3)


@given(st.lists(st.one_of(st.floats(allow_infinity=False), st.just(1e308)), max_size=120))
def test_strange_levels_leave_it_finite(levels: list[float]) -> None:
    one = Reference(unit=1.0)
    for level in levels:
        assert math.isfinite(one.take(level, 1.0))
    assert Reference.of(one.record()).weeks == one.weeks


def test_weekdays_cancel_out_and_only_those_of_the_first_week_count() -> None:
    one = Reference(unit=1.0)
    rng = np.random.default_rng(1)
    for day in range(40 * DAYS):
        weekday = day % DAYS
        level = 50.0 * weekday + 0.1 * rng.standard_normal()
        absent = weekday == 5 or (weekday == 6 and day < DAYS)
        assert abs(one.take(math.nan if absent else level, 1.0)) < 0.5
    assert one.mask == 0b0011111
    assert one.since == 40 - WEEKS


def test_weeks_with_holes_are_passed_over_and_after_four_all_is_anew() -> None:
    one = Reference(unit=1.0, until=7)
    for day in range((WEEKS + 3) * DAYS):
        one.take(math.nan if day >= WEEKS * DAYS and day % DAYS == 2 else 1.0, 1.0)
    assert one.whole
    assert one.holes == 3
    for day in range(DAYS):
        one.take(math.nan if day == 2 else 1.0, 1.0)
    assert one == Reference(unit=1.0, until=7)


def test_one_week_alone_is_no_drift() -> None:
    assert max(fed([0.0] * 8 + [500.0] + [0.0] * 8)) == 0.0


def test_who_steps_up_and_stays_is_told_in_the_second_week() -> None:
    said = fed([0.0, 0.1, 0.0, 0.1, 0.0, 0.0, 3.0, 3.0, 3.0])
    assert next(i for i, s in enumerate(said) if s >= 1.0) == 7


def test_a_wandering_level_has_room_to_wander() -> None:
    """Of 1,000 random walks fewer than one in ten is told in 22 weeks, and nearly every ramp beside still
    ones."""
    rng = np.random.default_rng(5)
    walks = np.cumsum(rng.standard_normal((1000, 26)), axis=1)
    assert sum(max(map(abs, fed(walk, 1e-9))) >= 1.0 for walk in walks.tolist()) < 100
    still = 0.08 * rng.standard_normal((1000, 12)) + np.clip(0.7 * (np.arange(12) - WEEKS), 0.0, 3.0)
    assert sum(max(fed(ramp)) >= 1.0 for ramp in still.tolist()) > 980
