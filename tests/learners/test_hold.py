"""Who serves goes on to serve, until another model has won by enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from learners.base import Family
from learners.hold import AGAIN, MARGIN, Present, beyond_chance
from learners.select import Choice, Window, choose

DAY = 288
T = np.arange(7 * DAY)
NONE = np.full(len(T), np.nan)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(len(T))


def chosen(y: np.ndarray, held: Present | None = None) -> Choice:
    return choose(Window(T, y, NONE, 300_000, held=held))


def living_by(choice: Choice) -> Present:
    return Present(choice.champion.family, choice.challenger.family, choice.champion.record, choice.periods)


def test_models_that_foretell_alike_do_not_take_turns() -> None:
    held = living_by(chosen(noise(1)))
    for seed in range(2, 8):
        assert chosen(noise(seed), held).champion.family is held.family
        other = Present(Family.KALMAN, Family.EMA, _kalman(), ())
        assert chosen(noise(seed), other).champion.family is Family.KALMAN


def test_another_law_is_taken_up_and_not_given_up_for_little() -> None:
    held = living_by(chosen(noise(1)))
    walk = np.cumsum(noise(2))
    won = chosen(walk, held)
    assert (held.family, won.champion.family) == (Family.EMA, Family.KALMAN)
    assert AGAIN > MARGIN
    assert chosen(walk, replace(held, lately=True)).champion.family is Family.EMA


def test_a_season_that_serves_is_kept_where_it_is_hard_to_see() -> None:
    daily = 5.0 * np.sin(2.0 * np.pi * T / DAY)
    held = living_by(chosen(daily + noise(1)))
    assert held.periods == (DAY,)
    faint = np.where(T < 5 * DAY, daily, 0.3 * daily) + noise(2)
    assert DAY in chosen(faint, held).periods
    assert chosen(np.cumsum(noise(3)), held).champion.family is not held.family


@given(st.integers(0, 2**32 - 1))
def test_what_is_one_value_s_doing_is_chance(seed: int) -> None:
    apart = np.zeros(1_000)
    apart[seed % 1_000] = 1_000.0
    assert not beyond_chance(apart, float(apart.mean()))


def _kalman() -> bytes:
    return chosen(np.cumsum(noise(9))).champion.record
