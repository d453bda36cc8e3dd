"""The band as it is told: within what values can be, unless they were beyond it, and never less than that."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.told_band import told_band
from monitor.domain.units import Way

WAYS = [Way.of(kind, unit, "smooth") for kind, unit in (("ratio", None), (None, "%"), ("delta", None))]
ROW = st.tuples(st.floats(-200, 200), st.floats(-200, 200), st.floats(0, 300), st.floats(0, 300))


@given(st.sampled_from([*WAYS, Way()]), st.lists(ROW, min_size=1, max_size=20))
def test_no_value_changes_sides_and_the_band_keeps_its_expectation(
    way: Way, rows: list[tuple[float, float, float, float]]
) -> None:
    value, expected, below, above = map(np.array, zip(*rows, strict=True))
    lower, upper = expected - below, expected + above
    told = told_band(way, value, expected, lower, upper)
    assert np.array_equal((value >= lower) & (value <= upper), (value >= told[0]) & (value <= told[1]))
    assert np.all((told[0] <= expected) & (expected <= told[1]))
    least, most = way.limits
    if np.all(value >= least):
        assert np.all(told[0] >= np.minimum(least, expected))
    if np.all(value <= most):
        assert np.all(told[1] <= np.maximum(most, expected))


def test_where_there_is_no_forecast_there_is_no_band() -> None:
    nan = np.full(2, np.nan)
    for end in told_band(WAYS[0], np.array([0.5, np.nan]), nan, nan, nan):
        assert np.isnan(end).all()
