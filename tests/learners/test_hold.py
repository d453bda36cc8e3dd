"""After a switch, the next one has to be won by much."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from learners.base import Family
from learners.hold import Present, beyond_chance
from learners.select import Choice, Window, choose

DAY = 288
T = np.arange(7 * DAY)
NONE = np.full(len(T), np.nan)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(T))


def chosen(y: np.ndarray, held: Present | None = None) -> Choice:
    return choose(Window(T, y, NONE, 300_000, held=held))


def living_by(choice: Choice) -> Present:
    return Present(choice.champion.family, choice.challenger.family)


def test_models_that_foretell_alike_do_not_take_turns() -> None:
    for family in (Family.EMA, Family.KALMAN):
        held = Present(family, Family.MOVING_AVERAGE)
        assert {chosen(noise(seed), held).champion.family for seed in range(2, 8)} == {family}


def test_another_law_is_taken_up_where_it_wins_by_much() -> None:
    daily = 5.0 * np.sin(2.0 * np.pi * T / DAY)
    held = living_by(chosen(noise(1)))
    assert held.family is Family.EMA
    assert chosen(daily + noise(2), held).periods == (DAY,)
    walk = np.cumsum(noise(2))  # which a fast average foretells nearly as well
    assert chosen(walk).champion.family is Family.KALMAN
    assert chosen(walk, held).champion.family is Family.EMA


@given(st.integers(0, 2**32 - 1))
def test_what_is_one_value_s_doing_is_chance(seed: int) -> None:
    apart = np.zeros(1_000)
    apart[seed % 1_000] = 1_000.0
    assert not beyond_chance(apart, float(apart.mean()))
