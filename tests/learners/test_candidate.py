"""Who competes: by class, and by name where somebody has named families."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from api.schemas import Model
from learners.base import Family
from learners.candidate import FITTED, MAKERS, RICH_FROM, Candidate, Series, candidates
from learners.classify import CLASSES
from learners.select import Window, choose

T = np.arange(1000)


def series(
    y: NDArray[np.float64], metric_class: str = "smooth", periods: tuple[int, ...] = (), n: float = np.nan
) -> Series:
    return Series(T[: len(y)], y, np.full(len(y), n), float(np.median(y)), 1.0, periods, metric_class)


def smooth() -> NDArray[np.float64]:
    e = np.random.default_rng(1).standard_normal(1000)
    y = np.zeros(1000)
    for i in range(2, 1000):
        y[i] = 1.2 * y[i - 1] - 0.5 * y[i - 2] + e[i]
    return 50.0 + y


def families(found: list[Candidate]) -> set[Family]:
    return {one.family for one in found}


@pytest.mark.parametrize("metric_class", CLASSES)
def test_no_class_pays_for_fitting(metric_class: str) -> None:
    found = candidates(series(smooth(), metric_class, (24,)))
    assert not families(found) & set(FITTED)
    assert found[0].family == Family.EMA, "a draw is won by the plain one"


def test_named_ones_compete_with_the_average_alone_and_whatever_the_class() -> None:
    found = candidates(series(smooth(), "smooth", (24,)), [Family.ARIMA, Family.STEP_LEVEL])
    assert families(found) == {Family.EMA, Family.ARIMA, Family.STEP_LEVEL}


def test_named_ones_that_do_not_suit_stay_away() -> None:
    found = candidates(series(smooth()), [Family.COUNTS, Family.BINOMIAL, Family.SEASONAL_PROFILE])
    assert families(found) == {Family.EMA}
    assert families(candidates(series(smooth()[: RICH_FROM - 1]), [Family.ARIMA])) == {Family.EMA}


def test_what_a_declaration_may_name_is_what_there_is() -> None:
    names = {family.name.lower() for family in Family if family != Family.NONE}
    assert set(get_args(Model)) == names
    assert set(MAKERS) == set(Family) - {Family.NONE, Family.EMA}


def test_a_named_model_wins_where_it_is_better() -> None:
    choice = choose(Window(T, smooth(), np.full(1000, np.nan), 60_000, named=(Family.ARIMA,)))
    assert choice.champion.family == Family.ARIMA
    assert choice.challenger.family == Family.EMA
    noise = np.random.default_rng(2).standard_normal(1000)
    assert choose(Window(T, noise, np.full(1000, np.nan), 60_000, named=(Family.ARIMA,))).champion.family in (
        Family.EMA,
        Family.ARIMA,
    )


def test_on_zero_says_the_same_of_values_without_an_offset() -> None:
    """As a challenger of a multiplicative champion must."""
    y = smooth()
    (made,) = [one for one in candidates(series(y), [Family.ARIMA]) if one.family == Family.ARIMA]
    offset = float(np.median(y))
    here = made.run(T, y - offset).centre
    there = made.on_zero(offset).run(T, y).centre
    assert np.abs(here[50:] + offset - there[50:]).max() < 1e-3
