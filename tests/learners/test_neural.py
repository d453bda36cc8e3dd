"""The network against its slow twin, what training promises, and when it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.baseline import neural
from learners.baseline.neural_fit import WINDOWS_LEAST, fit
from tests.naive import baselines as naive

INPUTS, HIDDEN = 5, 3


@given(
    st.lists(st.tuples(st.integers(1, 7), st.integers(-16, 16)), min_size=2, max_size=50),
    st.integers(0, 1000),
)
def test_equals_its_twin(steps: list[tuple[int, int]], seed: int) -> None:
    weights = (
        np.random.default_rng(seed).standard_normal(neural.weights_of(INPUTS, HIDDEN)).astype(np.float32)
    )
    t = np.cumsum([step for step, _ in steps])
    y = np.array([value / 4.0 for _, value in steps])
    seen = neural.warm(y, t, inputs=INPUTS, hidden=HIDDEN, weights=weights)
    parts = weights.astype(np.float64)
    middle = INPUTS * HIDDEN
    twin = naive.neural(
        t.tolist(),
        y.tolist(),
        parts[:middle].reshape(HIDDEN, INPUTS).tolist(),
        parts[middle : middle + HIDDEN].tolist(),
        parts[middle + HIDDEN : -1].tolist(),
        float(parts[-1]),
    )
    size = 1.0 + float(np.abs(seen.centre).max())
    for (centre, scale), ours, spread in zip(twin, seen.centre, seen.scale, strict=True):
        assert math.isclose(centre, ours, abs_tol=2e-3 * size)
        assert math.isclose(scale, spread, rel_tol=1e-2, abs_tol=2e-3 * size)


def _folded(n: int) -> NDArray[np.float64]:
    """What no linear model foretells: Hénon's map, hardly noisy."""
    y = np.full(n, 0.3)
    for i in range(2, n):
        y[i] = 1.0 - 1.4 * y[i - 1] ** 2 + 0.3 * y[i - 2]
    return y + 0.01 * np.random.default_rng(1).standard_normal(n)


def test_learns_what_no_line_says() -> None:
    t, y = np.arange(2000), _folded(2000)
    weights = fit(t[:1500], y[:1500])
    assert weights is not None
    missed = (y - neural.warm(y, t, weights=weights).centre)[1500:]
    lags = np.lib.stride_tricks.sliding_window_view(y, neural.INPUTS)[:-1]
    design, target = np.column_stack([lags, np.ones(len(lags))]), y[neural.INPUTS :]
    line = np.linalg.lstsq(design[:1400], target[:1400], rcond=None)[0]
    assert np.std(missed) < 0.7 * np.std((target - design @ line)[1500 - neural.INPUTS :])


def test_training_is_a_function_of_its_values_and_seed() -> None:
    t, y = np.arange(700), _folded(700)
    one, two, other = fit(t, y), fit(t, y), fit(t, y, seed=2)
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.tobytes() == two.tobytes() != other.tobytes()


@given(st.floats(-1e3, 1e3), st.sampled_from([0.25, 1.0, 64.0]))
def test_knows_neither_level_nor_size(level: float, size: float) -> None:
    y = np.random.default_rng(3).standard_normal(60)
    weights = np.random.default_rng(4).standard_normal(neural.weights_of(24, 8)).astype(np.float32)
    seen = neural.warm(y, np.arange(60), weights=weights)
    record, season = seen.record.reshape(1)[0], seen.season
    ring = slice(neural.weights_of(24, 8), None)
    moved = season.copy()
    moved[ring] = level + size * moved[ring]
    before, _ = neural.forecast(record, season, 60)
    after, _ = neural.forecast(record, moved, 60)
    assert after == pytest.approx(level + size * before, abs=1e-3 * (size + abs(level) * 0.01))


def test_is_kept_only_where_it_gains() -> None:
    t = np.arange(1500)
    assert fit(t, np.cumsum(np.random.default_rng(5).standard_normal(1500))) is None, "the last value is best"
    assert fit(t, np.ones(1500)) is None, "nothing moves"
    assert fit(t[: WINDOWS_LEAST + 23], _folded(WINDOWS_LEAST + 23)) is None, "too few windows"
    assert fit(2 * t, _folded(1500)) is None, "half of the buckets have no value"
    assert fit(t[:0], np.zeros(0)) is None


@settings(max_examples=10)
@given(st.lists(st.sampled_from([0.0, 1.0, -1e30, 1e30, 1e-12]), min_size=430, max_size=440))
def test_strange_values_give_weights_or_none(y: list[float]) -> None:
    found = fit(np.arange(len(y)), np.array(y))
    if found is not None:
        assert np.isfinite(neural.warm(np.array(y), np.arange(len(y)), weights=found).centre).all()


@pytest.mark.parametrize(
    "knobs",
    [{"inputs": 0}, {"hidden": 65}, {"weights": np.zeros(3, np.float32)}, {"weights": np.full(209, np.nan)}],
)
def test_refuses(knobs: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        neural.warm(np.zeros(1), np.zeros(1, np.int64), **knobs)
