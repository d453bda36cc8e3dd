"""The learning pass' decision: class, models, and that nothing makes it raise or vary."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.base import Family, Tail
from learners.candidate import Candidate
from learners.classify import CLASSES
from learners.durations import HOUR_MS
from learners.runs import NEVER
from learners.select import Choice, Window, choose
from learners.synthetic import MAKERS, stream


def window(y: NDArray[np.float64], t: NDArray[np.int64] | None = None, kind: str | None = None) -> Window:
    at = np.arange(len(y), dtype=np.int64) if t is None else t
    return Window(at, np.asarray(y, np.float64), np.full(len(y), np.nan), HOUR_MS, kind)


def chosen(name: str, seed: int = 1) -> Choice:
    return choose(window(stream(name, 2016, seed).y))


def assert_sound(choice: Choice) -> None:
    assert choice.unit > 0.0
    assert float(np.float32(choice.unit)) == choice.unit
    assert math.isfinite(choice.offset)
    assert choice.metric_class in CLASSES
    assert choice.champion.family != Family.NONE
    assert choice.tail.family == Tail.EXTREME_VALUE
    assert all(math.isfinite(loss) for loss in choice.losses.values())
    assert 0 <= choice.gap_max <= NEVER
    assert 1 <= choice.run_max <= NEVER
    assert Choice.from_body(choice.to_body()).to_body() == choice.to_body()
    for part in (choice.champion, choice.challenger):
        assert np.isfinite(part.season).all()


@pytest.mark.parametrize("name", MAKERS)
def test_sound_and_the_same_again(name: str) -> None:
    first, second = chosen(name), chosen(name)
    assert_sound(first)
    assert first.to_body() == second.to_body()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", "constant"),
        ("binary", "binary"),
        ("discrete", "discrete"),
        ("count", "count"),
        ("sparse", "sparse"),
        ("smooth", "smooth"),
        ("trending", "trending"),
        ("cumulative", "cumulative"),
        ("seasonal", "seasonal"),
        ("weekly", "seasonal"),
        ("bursty", "bursty"),
    ],
)
def test_class(name: str, expected: str) -> None:
    choice = chosen(name)
    assert choice.metric_class == expected
    assert choice.reasons
    assert CLASSES[choice.class_code] == expected


def test_ratio_by_n_and_by_declaration() -> None:
    y = stream("ratio", 500, 1).y
    with_n = Window(np.arange(500), y, np.full(500, 200.0), HOUR_MS, None)
    assert choose(with_n).metric_class == "ratio"
    assert choose(with_n).n_mean == 200.0
    assert choose(window(y, kind="ratio")).metric_class == "ratio"


def test_irregular() -> None:
    t = np.cumsum(np.random.default_rng(1).integers(1, 9, 400))
    assert choose(window(np.random.default_rng(2).standard_normal(400), t)).metric_class == "irregular"


@pytest.mark.parametrize(
    ("name", "families"),
    [
        ("seasonal", {Family.HOLT_WINTERS, Family.SEASONAL_PROFILE}),
        ("weekly", {Family.HOLT_WINTERS, Family.SEASONAL_PROFILE}),
        ("white", {Family.EMA}),
        ("wandering", {Family.EMA, Family.KALMAN}),
        ("cumulative", {Family.HOLT_WINTERS}),
    ],
)
def test_champion(name: str, families: set[Family]) -> None:
    choice = chosen(name)
    assert choice.champion.family in families
    assert choice.challenger.family != choice.champion.family


def _busy_days(shape: float) -> NDArray[np.float64]:
    mu = 10.0 + 200.0 * (1.0 + np.sin(2.0 * np.pi * np.arange(2016) / 24))
    return np.random.default_rng(1).negative_binomial(shape, shape / (shape + mu)).astype(np.float64)


def test_seasonal_counts_are_counted() -> None:
    y = _busy_days(5.0)
    choice = choose(window(y))
    assert choice.champion.family == Family.COUNTS
    assert choice.offset == float(np.median(y)), "counts need no offset of 0"
    assert choose(window(y + 0.5)).champion.family != Family.COUNTS, "halves are no counts"


def test_counts_can_live_on_offset_zero() -> None:
    """As a challenger of a multiplicative champion must."""
    made = Candidate("counts", Family.COUNTS, 0.0, {"zero": -3.0, "grain": 0.5})
    y = np.arange(40.0) / 4.0
    record = made.on_zero(3.0).run(np.arange(40), y).record
    assert float(record["zero"]) == 0.0
    assert float(made.run(np.arange(40), y - 3.0).record["zero"]) == -3.0


def test_multiplicative_lives_on_offset_zero() -> None:
    choice = chosen("multiplicative")
    best = min(choice.losses, key=lambda k: choice.losses[k])
    assert "multiplicative" in best
    assert choice.offset == 0.0


@pytest.mark.parametrize("name", ["constant", "binary", "sparse"])
def test_runs_mean_nothing(name: str) -> None:
    assert chosen(name).run_max == NEVER


def test_gaps_and_runs_are_counted() -> None:
    t = np.concatenate([np.arange(100), np.arange(107, 200)])
    y = np.random.default_rng(0).standard_normal(len(t))
    y[50:55] = y[50]
    choice = choose(window(y, t))
    assert (choice.gap_max, choice.run_max) == (7, 5)


@pytest.mark.parametrize(
    "y",
    [
        [],
        [3.0],
        [1.0, 2.0],
        [math.nan, math.inf],
        [1e300] * 40,
        [5e-324] * 3 + [0.0] * 90,
        [1.7e308, -1.7e308] * 50,
    ],
    ids=["none", "one", "two", "not finite", "large", "tiny", "extremes"],
)
def test_strange_windows(y: list[float]) -> None:
    assert_sound(choose(window(np.array(y))))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, 1.0, 42.0])),
        min_size=1,
        max_size=120,
    ),
    st.integers(1, 5),
)
def test_never_raises_on_finite_values(y: list[float], step: int) -> None:
    t = np.arange(len(y), dtype=np.int64) * step - 50
    choice = choose(window(np.array(y), t))
    assert_sound(choice)


def test_a_scaled_series_gets_the_same_models() -> None:
    """Units of measurement decide nothing: a power of two changes no bit of the models."""
    y = stream("seasonal", 1000, 2).y
    one, other = choose(window(y)), choose(window(y * 1024.0))
    assert one.champion.record == other.champion.record
    assert one.tail == other.tail
    assert other.unit == 1024.0 * one.unit
