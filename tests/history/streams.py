"""Observations for the tests: small, with gaps, each value telling which append wrote it."""

from __future__ import annotations

import numpy as np

from monitor.domain.durations import MINUTE_MS
from monitor.domain.observation import COLUMNS, Observations

ALWAYS = (-(1 << 60), 1 << 60)


def observations(row: list[int], ts_ms: list[int], value: list[float]) -> Observations:
    """All further columns are functions of the three, so that a mixed-up row shows."""
    v, t = np.array(value, np.float64), np.array(ts_ms, np.int64)
    return Observations(
        row=np.array(row, np.int32),
        ts_ms=t,
        value=v,
        n=(v + 1).astype(np.float32),
        expected=v * 1.5,
        lower=v - 2,
        upper=v + t % 7,
        score=(t % 101).astype(np.float32),
        verdict=(t % 6).astype(np.uint8),
        model=(np.array(row) % 5).astype(np.uint8),
    )


def noise(rows: int, series: int, seed: int = 0) -> Observations:
    """``rows`` observations of ``series`` series, bucket by bucket, with noisy values and forecasts."""
    random = np.random.default_rng(seed)
    bucket, row = np.divmod(np.arange(rows), series)
    value = random.normal(100, 10, rows)
    expected = value + random.normal(0, 3, rows)
    width = random.uniform(5, 6, rows)
    return Observations(
        row=row.astype(np.int32),
        ts_ms=bucket * MINUTE_MS,
        value=value,
        n=np.full(rows, np.nan, np.float32),
        expected=expected,
        lower=expected - width,
        upper=expected + width,
        score=random.uniform(0, 60, rows).astype(np.float32),
        verdict=np.zeros(rows, np.uint8),
        model=(row % 4).astype(np.uint8),
    )


def assert_equal(one: Observations, other: Observations) -> None:
    for name, kind in COLUMNS.items():
        assert getattr(one, name).dtype == kind
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
