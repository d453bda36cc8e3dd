"""Alert budgets: what is told, what is held back and said so, and the law of the balance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.ruling import Rules, Ruling
from monitor.domain.budget import HIGHEST, LOWEST, STEP, Balance, Budget, first_level
from monitor.domain.durations import DAY_MS, MINUTE_MS, WEEK_MS
from monitor.domain.route import Route
from monitor.domain.shape import level_of
from tests.alerting.stepping import START, step

OPS = Route("ops", ("pager", "mail"), goes_on=True)
NIGHT = Route("night", ("phone",), goes_on=True)
LEVEL = 8.0


def ruling(*budgets: Budget, routes: tuple[Route, ...] = (OPS,)) -> Ruling:
    rules = Rules(routes, balances=[Balance.fresh(replace(one, first=LEVEL)) for one in budgets])
    return Ruling(rules, (), None)


def test_what_does_not_reach_the_level_is_held_and_says_so() -> None:
    told = ruling(Budget(5.0, team="pay"))
    told.hear(step(score=60.0, team="pay"))
    told.hear(step(score=60.0, team="pay", at=5, sequence=2, kind="updated"))
    assert told.ruled().dispatches == []
    assert [one.why for one in told.ruled().holdings] == ["held by the budget of team pay: score 60.0 < 66.7"]


def test_it_is_told_once_it_reaches_it_and_pays_once_for_all_receivers_and_routes() -> None:
    told = ruling(Budget(5.0, team="pay"), Budget(5.0, route="night"), routes=(OPS, NIGHT))
    told.hear(step(score=60.0, team="pay"))
    told.hear(step(score=70.0, team="pay", at=1, sequence=2, kind="updated"))
    assert sorted(one.receiver for one in told.ruled().dispatches) == ["mail", "pager", "phone"]
    assert "not told before: held by the budget of team pay" in told.ruled().dispatches[0].changed[0]
    levels = {one.budget.name: one.level for one in told.ruled().balances}
    lowered = STEP * 5.0 * MINUTE_MS / WEEK_MS
    assert levels == pytest.approx(dict.fromkeys(("team:pay", "route:night"), LEVEL - lowered + STEP))


def test_other_teams_and_other_routes_are_told() -> None:
    for budget in (Budget(5.0, team="pay"), Budget(5.0, route="night")):
        told = ruling(budget)
        told.hear(step(score=60.0, team="web"))
        assert len(told.ruled().dispatches) == 2


def test_ends_of_what_was_told_are_told_whatever_the_level() -> None:
    told = ruling(Budget(0.1, team="pay"))
    told.hear(step(score=68.0, team="pay"))
    told.hear(step("closed", 5, score=68.0, team="pay", sequence=2))
    assert [one.kind.value for one in told.ruled().dispatches] == ["opened", "opened", "closed", "closed"]


def test_the_first_level_is_that_at_which_healthy_series_fill_the_budget() -> None:
    for series in (100, 10_000):
        level = first_level(5.0, series)
        assert series * 10_080 * 10.0**-level == pytest.approx(5.0)
    assert first_level(1e9, 1) == LOWEST


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(50.0, 99.0)), max_size=80), st.floats(1.0, 50.0))
def test_told_less_granted_is_what_the_level_has_risen(
    arrivals: list[tuple[float, float]], per_week: float
) -> None:
    """Whatever scores come, as long as the level touches no bound; and how the steps are split over restarts
    changes nothing."""
    balance = Balance.fresh(Budget(per_week, team="pay", first=LEVEL)).at(START)
    told, at_ms, within = 0, START, True
    for days, score in arrivals:
        at_ms += int(days * DAY_MS)
        balance = balance.at(at_ms - int(days * DAY_MS / 2)).at(at_ms)
        within = within and balance.level > LOWEST
        if level_of(score) >= balance.level:
            balance = balance.spent()
            told += 1
        within = within and balance.level < HIGHEST
    granted = per_week * (at_ms - START) / WEEK_MS
    if within:
        assert told - granted == pytest.approx((balance.level - LEVEL) / STEP, abs=1e-6)


def test_scores_three_times_as_frequent_as_they_say_meet_the_budget_all_the_same() -> None:
    rng = np.random.default_rng(7)
    told = ruling(replace(Budget(10.0, team="pay"), first=LEVEL))
    for number, at in enumerate(np.sort(rng.uniform(0, 28 * 1_440, 1_200))):
        score = 100.0 * (level := LOWEST + rng.exponential(1.0 / np.log(10.0))) / (level + 4.0)
        told.hear(step(at=float(at), id=f"inc-{number}", score=score, team="pay"))
        told.hear(step("closed", float(at), id=f"inc-{number}", score=score, team="pay", sequence=2))
    openings = {one.key for one in told.ruled().dispatches}
    assert 32 <= len(openings) <= 48
