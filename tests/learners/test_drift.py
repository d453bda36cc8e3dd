"""Online drift detectors: every check on each, their twins, River, and the drift that a band absorbs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from river import drift as river_drift

from learners.baseline import ema
from learners.drift import adwin, cusum, detectors, frozen_reference, page_hinkley
from learners.drift.checks import DRIFT_CHECKS, statistics
from learners.drift.detectors import DETECTORS, Detector
from tests.naive import drift as naive

DAY = 24


@pytest.mark.parametrize("check", DRIFT_CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("name", DETECTORS)
def test_detector(name: str, check: Callable[[Detector], None]) -> None:
    check(DETECTORS[name])


def test_bytes_of_the_records() -> None:
    sizes = {name: detector.dtype.itemsize for name, detector in DETECTORS.items()}
    assert sizes == {"page_hinkley": 16, "cusum": 8, "adwin": 616, "frozen_reference": 32}


@given(st.lists(st.floats(-4.0, 4.0, width=16), max_size=60), st.floats(-1.0, 1.0, width=16))
def test_cusum_is_the_largest_sum_that_ends_here(r: list[float], shift: float) -> None:
    shifted = [min(max(x + shift, -4.0), 4.0) for x in r]
    expected = naive.cusum(shifted, cusum.ALLOWANCE, cusum.LIMIT)
    assert statistics(detectors.DETECTORS["cusum"], np.array(shifted)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_page_hinkley_reports_when_river_does(seed: int) -> None:
    r = np.clip(np.random.default_rng(seed).standard_normal(2000), -4.0, 4.0)
    r[700:1200] += 0.4
    r[1200:] -= 0.9
    reference: Any = river_drift.PageHinkley(
        min_instances=int(page_hinkley.GRACE),
        delta=page_hinkley.ALLOWANCE,
        threshold=page_hinkley.LIMIT,
        alpha=1.0,
    )
    expected = []
    for i, x in enumerate(r):
        reference.update(float(x))
        if reference.drift_detected:
            expected.append(i)
    said = statistics(DETECTORS["page_hinkley"], r)
    assert np.flatnonzero(np.abs(said) >= 1.0).tolist() == expected
    assert expected


@pytest.mark.parametrize("shift", [0.0, 0.5, -1.0, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_adwin_is_rivers_until_the_first_report(seed: int, shift: float) -> None:
    r = np.clip(np.random.default_rng(seed).standard_normal(3000), -4.0, 4.0)
    r[1777:] = np.clip(r[1777:] + shift, -4.0, 4.0)
    make: Any = river_drift.ADWIN
    reference = make(
        delta=adwin.DELTA,
        clock=adwin.CLOCK,
        max_buckets=adwin.BUCKETS,
        min_window_length=adwin.SHORTEST,
        grace_period=adwin.GRACE,
    )
    rows = adwin.new().reshape(1)
    reported = False
    for x in r:
        statistic = adwin.update(rows[0], x, 1.0)
        reference.update(float(x))
        reported = abs(statistic) > 1.0
        assert reported == reference.drift_detected
        assert rows["width"][0] == reference.width
        assert rows["total"][0] == pytest.approx(reference.total, abs=1e-3)
        assert rows["square"][0] == pytest.approx(reference.variance, rel=1e-3, abs=1e-3)
        if reported:
            break
    assert reported == (shift != 0.0)


@pytest.mark.parametrize("seed", range(4))
def test_adwin_tries_every_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    r = np.clip(rng.standard_normal(32 * int(rng.integers(4, 20))), -4.0, 4.0)
    rows = adwin.new().reshape(1)
    said = statistics(DETECTORS["adwin"], r, rows)
    sizes = [1 << row for row in range(adwin.ROWS - 1, -1, -1) for _ in range(rows["used"][0, row])]
    assert sum(sizes) == rows["width"][0] == len(r)
    expected = naive.widest_cut(r.tolist(), sizes, adwin.SHORTEST, adwin.DELTA)
    assert abs(said[-1]) == pytest.approx(expected, rel=1e-4)


def test_adwin_keeps_what_is_after_the_cut() -> None:
    r = np.random.default_rng(1).standard_normal(4000)
    r[3000:] += 2.0
    rows = adwin.new().reshape(1)
    said = statistics(DETECTORS["adwin"], r, rows)
    assert np.flatnonzero(said > 1.0)[0] < 3064
    assert 900 < rows["width"][0] < 1300
    assert rows["total"][0] / rows["width"][0] == pytest.approx(2.0, abs=0.25)


def test_adwins_window_is_bounded() -> None:
    rows = adwin.new().reshape(1)
    statistics(DETECTORS["adwin"], np.tile([1.0, -1.0], 40_000), rows)
    assert 15_000 < rows["width"][0] < 6 * 4096


@given(st.integers(0, 999), st.integers(1, 12), st.floats(-3.0, 3.0))
def test_frozen_reference_equals_its_twin(seed: int, span: int, shift: float) -> None:
    y = np.random.default_rng(seed).standard_normal(span * 25)
    y[span * 15 :] += shift
    rows = frozen_reference.new(span).reshape(1)
    said = statistics(DETECTORS["frozen_reference"], y, rows)[span - 1 :: span][frozen_reference.BLOCKS :]
    expected = naive.frozen_reference(
        y.tolist(),
        span,
        frozen_reference.BLOCKS,
        frozen_reference.RATE,
        frozen_reference.LIMIT,
        frozen_reference.SMALLEST,
    )
    assert said == pytest.approx(expected, abs=1e-4)


def _ramp(days: int) -> NDArray[np.float64]:
    """0.1 a day for 30 days, from day 14 on."""
    return np.asarray(np.clip(0.1 * (np.arange(days * DAY) / DAY - 14.0), 0.0, 3.0))


def _season(rng: np.random.Generator, days: int) -> NDArray[np.float64]:
    hours = np.arange(days * DAY)
    return 8.0 * np.sin(2.0 * np.pi * hours / DAY) + rng.standard_normal(days * DAY)


def test_a_ramp_that_the_band_absorbs_is_reported() -> None:
    """The band goes along, no residual stands out, and the frozen reference tells after some ten days."""
    found = []
    for seed in range(20):
        y = _ramp(44) + np.random.default_rng(seed).standard_normal(44 * DAY)
        followed = ema.warm(y, np.arange(len(y)))
        assert np.abs(followed.residual[100:]).max() < 5.5
        said = statistics(DETECTORS["frozen_reference"], y)
        found.append(int(np.flatnonzero(said >= 1.0)[0]) // DAY - 14)
    assert min(found) >= 4
    assert max(found) <= 15


def test_a_ramp_under_a_season_is_reported() -> None:
    for seed in range(20):
        said = statistics(DETECTORS["frozen_reference"], _ramp(44) + _season(np.random.default_rng(seed), 44))
        assert (said >= 1.0).any()
        assert (said[: 14 * DAY] == 0.0).all()


def _wandering(rng: np.random.Generator, days: int) -> NDArray[np.float64]:
    noise, keep = rng.standard_normal(days * DAY), 0.7
    for i in range(1, len(noise)):
        noise[i] = keep * noise[i - 1] + math.sqrt(1.0 - keep * keep) * noise[i]
    return noise


@pytest.mark.parametrize("make", [_season, _wandering])
def test_a_year_without_drift(make: Callable[[np.random.Generator, int], NDArray[np.float64]]) -> None:
    """At most 3 of 60 series, seasonal or with memory, are reported in a year."""
    reported = 0
    for seed in range(60):
        said = statistics(DETECTORS["frozen_reference"], make(np.random.default_rng([seed, 1]), 365))
        reported += bool((np.abs(said) >= 1.0).any())
    assert reported <= 3


def test_one_bad_day_is_no_drift() -> None:
    y = np.random.default_rng(1).standard_normal(60 * DAY)
    y[30 * DAY : 31 * DAY] += 1000.0
    assert np.abs(statistics(DETECTORS["frozen_reference"], y)).max() < 1.0
    y[31 * DAY : 32 * DAY] += 1000.0
    assert statistics(DETECTORS["frozen_reference"], y).max() >= 1.0


def test_a_block_has_samples() -> None:
    with pytest.raises(ValueError, match="at least one"):
        frozen_reference.new(0)
