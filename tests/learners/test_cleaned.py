"""What cleaning makes of outliers and gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.cleaned import centre_and_spread, clean_again, clean_rows
from learners.gaussian import MAD_SIGMA
from learners.rows import Rows


def cleaned(y: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = Rows.of(y[None, :])
    x, seen = np.zeros((1, len(y))), np.zeros((1, len(y) + 1), np.int64)
    lengths, steps, all_rows = np.zeros(1, np.int64), np.zeros((1, 2)), np.zeros(1, np.int64)
    clean_rows(rows.values, rows.ordered, rows.first, rows.end, rows.count, all_rows, x, seen, lengths, steps)
    assert lengths[0] == len(y)
    row: NDArray[np.float64] = x[0]
    return row


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_centre_and_spread_are_median_and_median_distance(values: list[float]) -> None:
    ordered = np.sort(np.array(values))
    centre, spread = centre_and_spread(ordered, len(ordered))
    assert centre == pytest.approx(np.median(ordered), abs=1e-12)
    distance = np.sort(np.abs(ordered - centre))[len(ordered) // 2]
    if distance > 1e-280:
        assert spread == pytest.approx(MAD_SIGMA * distance)


def test_an_outlier_beside_a_gap_is_caught_on_a_trend() -> None:
    y = 0.05 * np.arange(400.0) + 0.1 * np.random.default_rng(1).standard_normal(400)
    clean = cleaned(y)
    y[200], y[201:204] = 5000.0, np.nan
    assert np.abs(cleaned(y) - clean).max() < 0.2


def test_what_a_season_leaves_in_gaps_is_bridged_anew() -> None:
    """A straight line over a gap in a rough pattern is wrong by the pattern, once that is taken off."""
    x = np.random.default_rng(1).standard_normal(300)
    seen = np.arange(301)
    seen[101:] -= 1
    x[100] = 50.0
    clean_again(x, seen, np.empty(300))
    assert x[100] == pytest.approx(0.5 * (x[99] + x[101]))
