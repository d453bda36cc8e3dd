"""The level that stands still and jumps, against its slow twin, and what it promises beyond."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from learners.baseline import ema, step_level
from learners.synthetic import stream
from tests.naive import baselines as naive

NONE = np.zeros(0, np.float32)
levels = st.sampled_from([0.0, 1.0, 2.5, 7.0, 7.25, 40.0, -300.0])


@given(
    st.lists(st.tuples(levels, st.floats(-0.5, 0.5, width=32), st.integers(1, 6)), min_size=1, max_size=20),
    st.sampled_from([1.0, 0.5, 0.25]),
    st.floats(0.01, 1.0),
)
def test_equals_its_twin(runs: list[tuple[float, float, int]], weight: float, alpha: float) -> None:
    y = [level + noise * math.cos(k) for level, noise, length in runs for k in range(length)]
    weights = [weight] * len(y)
    twin = naive.step_level(y, weights, alpha)
    for (centre, scale), value in zip(twin[1:], y[1:], strict=True):
        # Float32 decides either way where a value lies on the edge of what the level's spread allows.
        assume(abs(abs(value - centre) - 4.0 * scale) > 1e-3 * max(1.0, abs(value)))
    seen = step_level.warm(np.array(y), np.arange(len(y)), np.array(weights), alpha=alpha)
    for (centre, scale), ours, spread in zip(twin, seen.centre, seen.scale, strict=True):
        assert math.isclose(centre, ours, rel_tol=1e-4, abs_tol=1e-2 * scale + 1e-4)
        assert math.isclose(scale, spread, rel_tol=1e-2)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=5, unique=True), st.integers(8, 60))
def test_what_stands_still_is_known_to_the_bit(stays: list[float], length: int) -> None:
    """From the fourth value of a stay on the centre is that value, however far the jump."""
    assume(all(abs(a - b) > 8.0 for a in stays for b in stays if a != b))
    y = np.repeat(stays, length)
    centre = step_level.warm(y, np.arange(len(y))).centre
    for k in range(len(stays)):
        stay = slice(k * length + 3, (k + 1) * length)
        assert centre[stay] == pytest.approx(y[stay], rel=1e-6)


def test_one_or_two_strays_move_nothing() -> None:
    y = np.full(100, 5.0)
    y[50], y[70:72] = 90.0, 60.0
    centre = step_level.warm(y, np.arange(100)).centre[1:]
    assert set(centre.tolist()) == {5.0}


def test_values_that_do_not_agree_are_no_level() -> None:
    y = np.concatenate([np.full(60, 5.0), [90.0, 50.0, 20.0, 70.0, 5.0, 5.0]])
    assert set(step_level.warm(y, np.arange(66)).centre[1:].tolist()) == {5.0}


def test_steps_are_followed_more_closely_than_by_an_average() -> None:
    data = stream("discrete", 2016, seed=1)
    steps, average = step_level.warm(data.y, data.t), ema.warm(data.y, data.t, alpha=0.4)
    ours, theirs = np.abs(steps.centre - data.y)[100:].mean(), np.abs(average.centre - data.y)[100:].mean()
    assert ours < 0.8 * theirs
    assert np.count_nonzero(steps.centre[100:] == data.y[100:]) > 0.9 * 1916


def test_new_noise_is_learned() -> None:
    """A set point that begins to scatter is a spread after some values, not a stray for ever."""
    noise = np.random.default_rng(5).standard_normal(400)
    y = np.concatenate([np.full(400, 3.0), 8.0 + 0.5 * noise])
    seen = step_level.warm(y, np.arange(800))
    assert seen.centre[-1] == pytest.approx(8.0, abs=0.2)
    assert seen.scale[-1] == pytest.approx(0.5, rel=0.2)


def test_a_rebase_takes_what_waits_along() -> None:
    rows = step_level.warm(np.array([1.0] * 20 + [50.0] * 2), np.arange(22)).record.reshape(1).copy()
    step_level.rebase(rows[0], NONE, 3.0)
    step_level.learn(rows[0], NONE, 22, 53.0, *step_level.forecast(rows[0], NONE, 22), 1.0)
    assert step_level.forecast(rows[0], NONE, 23)[0] == pytest.approx(53.0)


def test_refuses() -> None:
    with pytest.raises(ValueError, match="alpha"):
        step_level.warm(np.zeros(1), np.zeros(1, np.int64), alpha=0.0)
