"""Seasons that are there are found; none are found in noise, wandering, steps or trend; laws of both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.durations import DAY_MS, HOUR_MS
from learners.rows import Rows
from learners.season import Period, Seasons, Why, find, find_seasons, seasons_of
from learners.synthetic import stream, with_gaps
from learners.synthetic_classes import NULLS, with_seasons, without_season

N = 2016


def seasons(y: NDArray[np.float64], cadence_ms: int = HOUR_MS) -> Seasons:
    return seasons_of(find_seasons(Rows.of(y[None, :]), cadence_ms)[0])


@pytest.mark.parametrize(
    ("name", "cadence_ms", "period", "expected"),
    [
        ("seasonal", HOUR_MS, 24, (24,)),
        ("multiplicative", HOUR_MS, 24, (24,)),
        ("weekly", HOUR_MS, 24, (24, 168)),
        ("seasonal", 300_000, 288, (288,)),
        ("seasonal", 60_000, 60, (60,)),
        ("seasonal", 60_000, 37, (37,)),
        ("seasonal", HOUR_MS, 7, (7,)),
        ("seasonal", DAY_MS, 7, (7,)),
        ("seasonal", DAY_MS, 365, (365,)),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_finds(name: str, cadence_ms: int, period: int, expected: tuple[int, ...], share: float) -> None:
    data = with_gaps(stream(name, N, seed=3, period=period), share, seed=3)
    assert find(data.t, data.y, cadence_ms).periods == expected


@pytest.mark.parametrize("name", NULLS)
def test_finds_none(name: str) -> None:
    samples = [without_season(name, i, seed=8, gaps=0.1 * (i % 2)) for i in range(60)]
    rows = Rows.of(np.stack([one.y for one in samples]))
    found = find_seasons(rows, np.array([one.cadence_ms for one in samples]))
    assert sum(bool(seasons_of(row).periods) for row in found) <= 2


@pytest.mark.parametrize(("count", "least"), [(1, 0.95), (2, 0.93)])
def test_finds_the_right_periods(count: int, least: float) -> None:
    samples = [with_seasons(count, i, seed=8, gaps=0.1, outliers=0.01) for i in range(100)]
    found = find_seasons(
        Rows.of(np.stack([one.y for one in samples])), np.array([one.cadence_ms for one in samples])
    )
    right = [one.periods == seasons_of(row).periods for one, row in zip(samples, found, strict=True)]
    assert np.mean(right) >= least


def test_outliers_and_trend_do_not_hide_a_season() -> None:
    data = stream("seasonal", N, seed=5)
    y = data.y + 0.05 * data.t
    y[np.random.default_rng(5).random(N) < 0.01] += 5000.0  # at random places: every 97 is a period too
    assert find(data.t, y, HOUR_MS).periods == (24,)


def test_two_full_periods_are_needed() -> None:
    data = stream("seasonal", 24 * 4, seed=5)
    short = find(data.t[:40], data.y[:40], HOUR_MS)
    assert short.periods == ()
    assert {one.unit: one.why for one in short.findings}[Period.DAY] is Why.TOO_SHORT
    assert find(data.t, data.y, HOUR_MS).periods == (24,)


def test_every_answer_has_its_reason() -> None:
    data = stream("seasonal", N, seed=5)
    found = find(data.t, data.y, HOUR_MS)
    by_unit = {one.unit: one for one in found.findings}
    assert by_unit[Period.DAY].why is Why.TAKEN
    assert by_unit[Period.WEEK].why is Why.REPEATS  # a multiple
    assert by_unit[Period.YEAR].why is Why.TOO_SHORT
    assert by_unit[Period.DAY].turns == N // 24
    assert by_unit[Period.DAY].strength == found.strength[0] > 0.9
    assert found.confidence[0] > 0.999
    assert str(by_unit[Period.DAY]).startswith("day (24): taken, foretells 9")
    noise = find(data.t, stream("white", N, seed=1).y, HOUR_MS)
    assert {one.unit: one.why for one in noise.findings}[Period.DAY] is Why.NOT_COHERENT


def test_neither_harmonics_nor_multiples() -> None:
    t = np.arange(N)
    saw = (t % 30).astype(np.float64)
    assert seasons(saw).periods == (30,)
    twice = np.sin(2 * np.pi * t / 48) + 2.0 * np.sin(2 * np.pi * t / 24)
    assert seasons(twice + 0.1 * np.random.default_rng(1).standard_normal(N)).periods == (48,)
    eight_hours = np.sin(2 * np.pi * t / 8) + 0.1 * np.random.default_rng(1).standard_normal(N)
    assert seasons(eight_hours).periods == (8,)


@pytest.mark.parametrize("period", [61, 134, 235])
def test_a_pattern_as_rough_as_noise_is_found(period: int) -> None:
    """Each of its many lines is weak: only what they have in common tells of it."""
    rng = np.random.default_rng(period)
    y = np.resize(rng.standard_normal(period), N) + rng.standard_normal(N)
    assert seasons(y).periods == (period,)


def test_falls_of_a_counter_that_are_a_turn_apart_are_no_season() -> None:
    y = np.cumsum(np.random.default_rng(2).poisson(20.0, N)).astype(np.float64)
    for start in (660, 660 + 343, 1063):
        y[start:] -= y[start]
    assert seasons(y).periods == ()


def test_gaps_that_come_back_are_no_season() -> None:
    """A wandering level that is not measured at night does not get a day from that."""
    found = 0
    for seed in range(30):
        y = np.cumsum(np.random.default_rng(seed).standard_normal(N))
        y[np.arange(N) % 24 < 8] = np.nan
        found += bool(seasons(y).periods)
    assert found <= 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([1, 2]), st.floats(-1e6, 1e6), st.integers(-40, 40))
def test_level_and_scale_change_nothing(number: int, count: int, level: float, power: int) -> None:
    one = with_seasons(count, number, seed=4, n=1024, gaps=0.05)
    y = np.round(one.y / np.nanstd(one.y) * 2**20) / 2**20  # sums with the level are exact to a few bits
    plain, other = seasons(y, one.cadence_ms), seasons((y + np.round(level)) * 2.0**power, one.cadence_ms)
    assert other.periods == plain.periods


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(0, 10**6), min_size=2, max_size=12, unique=True), st.randoms(use_true_random=False)
)
def test_any_batch_gives_the_same_bits(numbers: list[int], random: object) -> None:
    samples = [with_seasons(1 + i % 2, i, seed=6, n=600 + 40 * (i % 5), gaps=0.1 * (i % 3)) for i in numbers]
    width = max(len(one.y) for one in samples)
    grid = np.full((len(samples), width + 9), np.nan)
    for row, one in zip(grid, samples, strict=True):
        row[: len(one.y)] = one.y
    cadence = np.array([one.cadence_ms for one in samples])
    together = find_seasons(Rows.of(grid), cadence)
    backwards = find_seasons(Rows.of(grid[::-1]), cadence[::-1])[::-1]
    assert together.tobytes() == np.ascontiguousarray(backwards).tobytes()
    for i, one in enumerate(samples):
        alone = find_seasons(Rows.of(one.y[None, :]), one.cadence_ms)
        assert alone.tobytes() == together[i : i + 1].tobytes()


STRANGE = {
    "zeros": np.zeros(N),
    "all missing": np.full(N, np.nan),
    "infinite": np.full(N, np.inf),
    "one": np.array([1.0]),
    "none": np.empty(0),
    "large": np.full(N, 1e300),
    "denormal": np.arange(N) * 5e-324,
}


@pytest.mark.parametrize("name", STRANGE)
def test_nothing_in_strange_values(name: str) -> None:
    assert seasons(STRANGE[name]).periods == ()


@pytest.mark.parametrize("size", [1e-280, 1e300, 1.7e308])
def test_extreme_sizes(size: float) -> None:
    t = np.arange(N)
    y = size * np.sin(2 * np.pi * t / 24)
    y[5::50] = np.inf
    assert seasons(y).periods == (24,)


def test_a_wide_window_is_cut() -> None:
    t = np.arange(0, 10**9, 10**6)
    assert find(t, np.sin(t), HOUR_MS).periods == ()


def test_a_clock_set_back_is_no_error() -> None:
    t = np.concatenate([np.arange(500), np.arange(499, 900)])
    assert find(t, np.sin(2 * np.pi * t / 24), HOUR_MS).periods == (24,)
