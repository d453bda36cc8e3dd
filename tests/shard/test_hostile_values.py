"""Values at the edges of what a number can be: nothing crashes, and no NaN gets into the state."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from tests.shard.driving import START, Run, noise, play

LARGEST = 1.7976931348623157e308
TINY = 5e-324


@pytest.mark.parametrize(
    "values",
    [
        np.full(600, 1e300),
        np.full(600, LARGEST),
        np.where(np.arange(600) % 2, LARGEST, -LARGEST),
        np.where(np.arange(600) % 7, 1.0, 1e300),
        np.arange(600) * TINY,
        noise(600, level=0.0, width=1e-310),
        noise(600, level=1e300, width=1e299),
        noise(600, level=1e15, width=1e-3),
        np.full(600, 0.0),
        10.0 ** np.linspace(-300, 300, 600),
    ],
    ids=["1e300", "largest", "both ends", "jumps", "ramp", "denormal", "wide", "fine", "zero", "all"],
)
def test_extremes(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    run = play(values)
    run.tick(START + 700 * MINUTE_MS)
    seen = run.observations()
    assert len(seen) >= 598
    assert run.finite()
    for column in (seen.score, seen.expected, seen.lower, seen.upper):
        assert not np.isnan(column).any()
    assert ((seen.score >= 0.0) & (seen.score <= 100.0)).all()


anything = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1.0, TINY, -TINY, LARGEST, -LARGEST, 1e-300]),
)


@settings(max_examples=30)
@given(
    st.lists(anything, min_size=1, max_size=80),
    st.sampled_from(["last", "sum", "mean", "min"]),
    st.one_of(st.none(), st.sampled_from([0.0, 1e-300, 1.0, 1e39, LARGEST])),
)
def test_any_finite_values(values: list[float], aggregation: str, n: float | None) -> None:
    run = Run()
    run.declare("orders", aggregation=aggregation, kind="ratio")
    values = values * 3
    counts = None if n is None else np.full(len(values), n)
    run.send(START + MINUTE_MS // 2 * np.arange(len(values)), values, 0, counts, Mode.BACKFILL)
    run.tick(START + 200 * MINUTE_MS, complete=True)
    assert run.finite()
    seen = run.observations()
    assert np.isfinite(seen.value).all()
    assert not np.isnan(seen.score).any()
    assert not np.isinf(seen.n).any()
    assert not np.isinf(run.shard.clocks["n_mean"][0])


def test_a_series_of_one_sample() -> None:
    run = Run()
    run.send([START], [1.0])
    run.tick(START + 10**9)
    assert run.told() == []
    assert len(run.observations()) == 0
    assert run.finite()


def test_a_thousand_samples_of_one_second() -> None:
    """More samples in a bucket than any cadence shows."""
    run = Run()
    run.send(START + np.arange(3000), np.arange(3000.0), mode=Mode.BACKFILL)
    run.tick(START + 3000, complete=True)
    assert run.observations().value.tolist() == [999.0, 1999.0, 2999.0]
