"""The Kalman filter against its slow twin, against statsmodels, and what it promises beyond."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.tsa.statespace.structural import UnobservedComponents

from learners.baseline import holt_winters, kalman
from learners.synthetic import stream
from tests.naive import baselines as naive

NONE = np.zeros(0, np.float32)
codes = st.integers(0, 100)


def _ratio(code: int) -> float:
    return kalman.SIGNAL_MOST * float(holt_winters.RATE[code])


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.floats(-1e3, 1e3, width=32), st.floats(0.01, 1.0)),
        min_size=1,
        max_size=60,
    ),
    codes,
    st.one_of(st.none(), codes),
    st.sampled_from([1.0, 0.5, 0.96875]),
)
def test_equals_its_twin(
    samples: list[tuple[int, float, float]], signal: int, turn: int | None, phi: float
) -> None:
    t = np.cumsum([gap for gap, _, _ in samples])
    y, weight = [y for _, y, _ in samples], [w for _, _, w in samples]
    q, u = _ratio(signal), 0.0 if turn is None else _ratio(turn)
    seen = kalman.warm(np.array(y), t, np.array(weight), signal=q, turn=u, phi=phi)
    twin = naive.kalman(t.tolist(), y, weight, q, u, phi)
    reach = max(map(abs, y)) + 1.0
    for said, centre, scale in zip(twin, seen.centre, seen.scale, strict=True):
        reach = max(reach, abs(said[0]), said[1])  # a trend runs far over a gap
        assert math.isclose(said[0], centre, abs_tol=1e-3 * reach)
        assert math.isclose(said[1], scale, rel_tol=1e-2, abs_tol=1e-3 * reach)


def _said(y: NDArray[np.float64], sigma: float, **knobs: Any) -> tuple[list[float], list[float]]:
    """Centres and variances in units of the noise, nothing clipped."""
    rows = kalman.blank(**knobs)
    centres, variances = [], []
    for t, value in enumerate(y):
        centre, scale = kalman.forecast(rows[0], NONE, t)
        centres.append(centre)
        variances.append((scale / sigma) ** 2)
        kalman.learn(rows[0], NONE, t, value, centre, 1e6, 1.0)
        rows["scale"] = sigma
    return centres, variances


@pytest.mark.parametrize("turn", [0.0, 0.0625])
def test_equals_statsmodels(turn: float) -> None:
    """Local level and local linear trend with known variances: the same forecasts and variances."""
    y = np.cumsum(np.random.default_rng(3).standard_normal(80)) + np.random.default_rng(4).standard_normal(80)
    centres, variances = _said(y, 0.5, signal=0.25, turn=turn)
    model: Any = UnobservedComponents(y[1:], "lltrend" if turn else "llevel")
    # Ours has seen the first value: level y0 of variance 1, a trend of variance 1; in units of the noise.
    first = np.array([[1.0, 0.0], [0.0, 1.0]]) if turn else np.array([[1.0]])
    move = np.array([[1.0, 1.0], [0.0, 1.0]]) if turn else np.array([[1.0]])
    steps = np.diag([0.25, turn]) if turn else np.array([[0.25]])
    model.ssm.initialize_known(np.array([y[0], 0.0])[: len(first)], move @ first @ move.T + steps)
    found = model.filter(np.array([1.0, 0.25, turn]) if turn else np.array([1.0, 0.25]))
    assert centres[1:] == pytest.approx(found.forecasts[0], abs=1e-4)
    assert variances[1:] == pytest.approx(found.forecasts_error_cov[0, 0], rel=1e-4)


def test_settled_gain_is_that_of_exponential_smoothing() -> None:
    """A local level of ratio q smooths with alpha, where alpha^2 = q (1 - alpha)."""
    rows = kalman.warm(stream("white", 400, 1).y, np.arange(400), signal=0.5).record.reshape(1)
    p = float(rows["p"][0]) + 0.5
    alpha = p / (p + 1.0)
    assert alpha * alpha == pytest.approx(0.5 * (1.0 - alpha), rel=1e-5)
    assert alpha == pytest.approx(0.5, rel=1e-5)


def test_without_steps_it_is_the_mean() -> None:
    y = np.random.default_rng(2).uniform(-1.0, 1.0, 200)
    seen = kalman.warm(y, np.arange(200), signal=0.0)
    assert seen.centre[1:] == pytest.approx(np.cumsum(y)[:-1] / np.arange(1, 200), abs=1e-5)


def test_a_line_is_followed_and_goes_on_over_a_gap() -> None:
    y = 0.5 * np.arange(300.0)
    rows = kalman.warm(y, np.arange(300), signal=0.25, turn=0.0625).record.reshape(1)
    assert kalman.forecast(rows[0], NONE, 310)[0] == pytest.approx(155.0, abs=0.05)


@pytest.mark.parametrize("knobs", [{"signal": 0.25}, {"signal": 0.25, "turn": 0.0625}])
def test_the_scale_grows_over_a_gap_up_to_a_bound(knobs: dict[str, Any]) -> None:
    rows = kalman.warm(stream("white", 300, 1).y, np.arange(300), **knobs).record.reshape(1)
    scales = [kalman.forecast(rows[0], NONE, 300 + gap)[1] for gap in range(40)]
    assert all(a < b for a, b in pairwise(scales[:16]))
    assert len(set(scales[15:])) == 1


@pytest.mark.parametrize(("field", "value"), [("signal", 17.0), ("turn", -1.0), ("phi", 1.5)])
def test_refuses(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=r"signal|rate"):
        kalman.blank(**{field: value})
