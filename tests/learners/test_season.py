"""Seasons that are there are found; none are found in noise, wandering or trend."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.season import _Correlation, find
from learners.synthetic import stream, with_gaps
from tests.naive.season import autocorrelation

HOUR = 3_600_000
N = 2016


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_autocorrelation_equals_its_definition(share: float) -> None:
    data = with_gaps(stream("seasonal", 200, seed=2), share, seed=1)
    t = data.t - data.t[0]
    here = np.zeros(int(t[-1]) + 1)
    here[t] = 1.0
    fast = _Correlation(t, data.y, here)
    for lag in (1, 7, 24, 90):
        assert fast.r(lag) == pytest.approx(autocorrelation(t.tolist(), data.y.tolist(), lag), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "cadence_ms", "period", "expected"),
    [
        ("seasonal", HOUR, 24, (24,)),
        ("multiplicative", HOUR, 24, (24,)),
        ("weekly", HOUR, 24, (24, 168)),
        ("seasonal", 300_000, 288, (288,)),
        ("seasonal", 60_000, 60, (60,)),
        ("seasonal", 60_000, 37, (37,)),
        ("seasonal", HOUR, 7, (7,)),
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_finds(name: str, cadence_ms: int, period: int, expected: tuple[int, ...], share: float) -> None:
    data = with_gaps(stream(name, N, seed=3, period=period), share, seed=3)
    periods = find(data.t, data.y, cadence_ms).periods
    # A week that repeats all that its days do may stand alone.
    assert periods == expected or (name == "weekly" and periods == expected[1:])


@pytest.mark.parametrize("name", ["white", "wandering", "smooth", "heavy", "bursty", "trending", "discrete"])
def test_finds_none(name: str) -> None:
    found = [find(d.t, d.y, HOUR).periods for d in (stream(name, N, seed=s) for s in range(12))]
    assert sum(bool(periods) for periods in found) <= 1, found


def test_outliers_and_trend_do_not_hide_a_season() -> None:
    data = stream("seasonal", N, seed=5)
    y = data.y + 0.05 * data.t
    y[::97] += 5000.0
    assert find(data.t, y, HOUR).periods == (24,)


def test_two_full_periods_are_needed() -> None:
    data = stream("seasonal", 24 * 4, seed=5)
    assert find(data.t[:40], data.y[:40], HOUR).periods == ()
    assert find(data.t, data.y, HOUR).periods == (24,)


@pytest.mark.parametrize(
    "y", [np.zeros(N), np.full(N, 1e300), np.arange(N) * 5e-324, np.tile([1.7e308, -1.7e308], N // 2)]
)
def test_strange_values(y: NDArray[np.float64]) -> None:
    assert len(find(np.arange(N), y, HOUR).periods) <= 2


def test_a_wide_window_is_cut() -> None:
    t = np.arange(0, 10**9, 10**6)
    assert find(t, np.sin(t), HOUR).periods == ()
