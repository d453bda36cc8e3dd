"""The compiled comparison of turns equals its definition, and keeps its promise under noise of any colour."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learners import cut, turns
from learners.judged import judge, take
from learners.synthetic_classes import red
from tests.naive import season as naive

ORDINARY = np.array([[0.0, 1e9]])
"""No usual step, and none too large."""


def judged(x: NDArray[np.float64], period: int) -> tuple[int, NDArray[np.float64], float]:
    many, spoken = np.zeros(1, np.int64), np.zeros(1)
    surprise, rough = np.zeros((1, turns.HARMONICS)), np.zeros((1, 1 + len(turns.DIVISORS)))
    seen, lengths = np.arange(len(x) + 1)[None, :], np.array([len(x)])
    row, at = np.zeros(1, np.int64), np.array([period])
    judge(x[None, :].copy(), seen, lengths, ORDINARY, row, at, many, surprise, spoken, rough)
    return int(many[0]), surprise[0], float(spoken[0])


@pytest.mark.parametrize("period", [3, 4, 7, 12, 24, 41, 100])
def test_surprise_equals_its_definition(period: int) -> None:
    rng = np.random.default_rng(period)
    x = rng.standard_normal(207) + np.sin(2 * np.pi * np.arange(207) / period) + 0.01 * np.arange(207)
    m, surprise, _ = judged(x, period)
    assert m == 207 // period
    usual_most = 9.0 if m <= 24 else np.inf  # with many turns the bound is another, and does not bind here
    for k in range(1, turns.harmonics_of(period) + 1):
        assert surprise[k - 1] == pytest.approx(naive.surprise(x.tolist(), period, k, usual_most), rel=1e-6)


@pytest.mark.parametrize("period", [3, 7, 24, 60])
def test_strength_equals_its_definition(period: int) -> None:
    rng = np.random.default_rng(period)
    x = np.tile(rng.standard_normal(period), 250 // period + 1)[:250] + 0.5 * rng.standard_normal(250)
    many, strength, variance = np.zeros(1, np.int64), np.zeros(1), np.zeros(1)
    at = (np.arange(251)[None, :], np.array([250]), np.zeros(1, np.int64), np.array([period]))
    rest = x[None, :].copy()
    take(rest, *at[:2], ORDINARY.copy(), *at[2:], 0.05, np.zeros(1), many, strength, variance)
    assert strength[0] == pytest.approx(naive.strength(x.tolist(), period), rel=1e-9)
    assert np.std(rest) < np.std(x)


def test_gamma_equals_its_definition() -> None:
    for count in (1, 2, 5, 12):
        for total in (0.5, 7.0, 60.0):
            assert turns._gamma_decades(count, total) == pytest.approx(naive.gamma_decades(count, total))


@pytest.mark.parametrize("keep", [0.0, 0.9, 0.98, 1.0])
@pytest.mark.parametrize("period", [24, 168])
def test_noise_of_any_colour_surprises_as_chance_does(keep: float, period: int) -> None:
    """-ln p of the first harmonic has a mean of 1 and is beyond 3 in a twentieth of cases, as an exponential;
    somewhat less for red noise, in which the common slope goes along with the turns."""
    rng = np.random.default_rng(3)
    found = np.array([judged(red(rng, 1008, keep), period)[1][0] for _ in range(400)])
    assert 0.6 < found.mean() < 1.2
    assert np.mean(found > 3.0) <= 0.08


def test_a_turning_phase_speaks_for_the_true_period() -> None:
    x = np.sin(2 * np.pi * np.arange(2016) / 73)
    for asked in (70, 72, 75):
        assert judged(x, asked)[2] == pytest.approx(73.0, abs=0.1)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 101])
def test_median(count: int) -> None:
    values = np.random.default_rng(count).integers(0, 9, count).astype(np.float64)
    assert cut.median(values.copy(), count) == np.sort(values)[(count - 1) // 2]
