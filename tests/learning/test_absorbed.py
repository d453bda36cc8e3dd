"""Passes that compare levels: what is told, of what, and how often of nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.drift.absorbed import Absorbed
from learners.drift.reference import Reference
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.learning.absorbed import EVERYTHING, Matters, Values, compare
from monitor.learning.learning import window_buckets
from monitor.shard.due import pass_due

START = 1_767_225_600_000
TRUSTED = 128


def passes(
    y: NDArray[np.float64], cadence: int = HOUR_MS, zone_ms: int = 0, matters: Matters = EVERYTHING
) -> tuple[list[Absorbed], bytes]:
    """What the passes over a series tell, NaN where it has no value; and the reference it ends with."""
    bucket = (START // cadence + np.arange(len(y)))[~np.isnan(y)]
    y = y[~np.isnan(y)]
    t = (bucket * cadence + zone_ms) // cadence
    record, told = b"", []
    for n in range(TRUSTED + 32, len(y) + 1, 32):
        if pass_due(n, cadence):
            part = slice(max(n - window_buckets(cadence), 0), n)
            record, one = compare(Values(t[part], bucket[part], y[part], cadence), record, matters)
            told += [one] if one is not None else []
    return told, record


def ramp(days: int, cadence: int, first: float) -> NDArray[np.float64]:
    """0.1 a day for 30 days."""
    at = np.arange(days * DAY_MS // cadence) * cadence / DAY_MS
    return np.asarray(np.clip(0.1 * (at - first), 0.0, 3.0))


def healthy(kind: int, seed: int, days: int = 56) -> NDArray[np.float64]:
    """White, AR(0.7), daily, daily and weekly, counts, counts of weekdays; by the hour."""
    rng = np.random.default_rng([seed, kind])
    hours = np.arange(24 * days)
    noise = rng.standard_normal(len(hours))
    weekend = hours // 24 % 7 > 4
    if kind == 1:
        for i in range(1, len(noise)):
            noise[i] += 0.7 * noise[i - 1]
    season = 5.0 * np.sin(2.0 * np.pi * hours / 24)
    counts = rng.poisson((3.0, 0.6)[kind % 2] * np.where(weekend & (kind == 5), 0.2, 1.0), len(hours))
    values = (noise, noise, noise + season, noise + season + 6.0 * weekend, counts, counts)
    return np.asarray(values[kind], np.float64)


@pytest.mark.parametrize("cadence", [HOUR_MS, 10 * MINUTE_MS, 5 * MINUTE_MS, MINUTE_MS])
def test_a_ramp_is_told_once(cadence: int) -> None:
    days = 90 if cadence > MINUTE_MS else 70
    rng = np.random.default_rng(3)
    up = ramp(days, cadence, 35.0)
    season = 6.0 * np.sin(2.0 * np.pi * np.arange(len(up)) * cadence / DAY_MS)
    for side in (1.0, -1.0):
        told, record = passes(50.0 + season + side * up + rng.standard_normal(len(up)), cadence)
        assert len(told) == 1
        one = told[0]
        at = (one.last * cadence - START) / DAY_MS
        assert 35.0 + 14.0 < at < 35.0 + 36.0
        assert 28.0 <= (one.onset * cadence - START) / DAY_MS < 36.0
        assert one.direction == side
        assert one.expected == pytest.approx(50.0, abs=0.1)
        assert 1.0 < side * (one.value - one.expected) < 3.2
        assert side * one.value > side * (one.upper if side > 0 else one.lower)
        assert one.surprise >= 5.0
        assert Absorbed.from_body(one.to_body()) == one
        assert len(record) == 64


def test_of_200_healthy_series_two_at_most_are_told() -> None:
    told = [len(passes(healthy(seed % 6, seed))[0]) for seed in range(200)]
    assert sum(told) <= 2
    assert all(Reference.of(passes(healthy(kind, 1))[1]).whole for kind in range(6))


@pytest.mark.slow
def test_of_1200_healthy_series_in_half_a_year_one_percent_at_most_is_told() -> None:
    told = [len(passes(healthy(seed % 6, seed, days=182))[0]) for seed in range(1200)]
    assert sum(told) <= 12


def test_what_has_always_risen_may_go_on_or_end() -> None:
    days = np.arange(24 * 150) / 24
    for until in (150, 100, 60):
        y = healthy(0, 6, 150) + 0.1 * np.minimum(days, until)
        assert passes(y)[0] == []


def test_a_ramp_that_goes_on_is_not_told_again() -> None:
    y = healthy(0, 5, 150) + 0.1 * np.maximum(np.arange(24 * 150) / 24 - 35.0, 0.0)
    assert len(passes(y)[0]) == 1


def test_a_business_that_rests_at_weekends_has_a_reference_too() -> None:
    y = healthy(0, 1, 90) + ramp(90, HOUR_MS, 35.0)
    hours = np.arange(len(y))
    y[hours // 24 % 7 > 4] = math.nan
    told, record = passes(y)
    assert [one.direction for one in told] == [1]
    assert Reference.of(record).mask.bit_count() in (5, 6)


def test_holes_within_days_are_no_news() -> None:
    y = healthy(2, 4, 70)
    hours = np.arange(len(y))
    y[(hours > 24 * 40) & (hours % 24 < 9)] = math.nan  # the low half of each day is gone
    assert passes(y)[0] == []


def test_after_weeks_of_silence_all_is_anew() -> None:
    y = healthy(0, 2, 140)
    y[24 * 100 :] += 5.0
    y[24 * 40 : 24 * 100] = math.nan
    told, record = passes(y)
    assert told == []
    new = Reference.of(record)
    assert new.whole
    assert new.offset + new.unit * new.level == pytest.approx(5.0, abs=0.1)


@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_units_do_not_matter(unit: float, zero: float) -> None:
    y = healthy(0, 7, 80) + ramp(80, HOUR_MS, 33.0)
    told, other = passes(y)[0], passes(zero + unit * y)[0]
    assert [(one.onset, one.last) for one in other] == [(one.onset, one.last) for one in told]


@given(st.sampled_from([-10, 5, 13]))
def test_days_are_civil(hours: int) -> None:
    y = healthy(3, 8, 80) + ramp(80, HOUR_MS, 33.0)
    assert len(passes(y, zone_ms=hours * HOUR_MS)[0]) == len(passes(y)[0]) == 1


def test_what_was_declared_not_to_matter_is_not_told() -> None:
    y = 10.0 + healthy(0, 9, 80) + ramp(80, HOUR_MS, 33.0)
    assert len(passes(y)[0]) == 1
    assert passes(y, matters=Matters(polarity=-1))[0] == []
    assert passes(y, matters=Matters(min_absolute=4.0))[0] == []
    assert passes(y, matters=Matters(min_relative=0.5))[0] == []
    (late,) = passes(y, matters=Matters(min_absolute=2.5))[0]
    assert late.value - late.expected >= 2.5


def test_a_window_without_whole_days_changes_nothing() -> None:
    y, at = healthy(0, 1), np.arange(24 * 56)
    seen = Values(at, at, y, HOUR_MS)
    record, _ = compare(seen, b"", EVERYTHING)
    assert compare(seen, record, EVERYTHING) == (record, None)
    assert compare(replace(seen, y=np.full(len(y), np.nan)), record, EVERYTHING) == (record, None)


@given(st.lists(st.sampled_from([0.0, 1e300, -1e300, math.inf, 5e-324, -0.0, 1.0]), min_size=1, max_size=900))
def test_strange_values_never_raise(values: list[float]) -> None:
    y = np.resize(np.array(values), 24 * 60)
    record, told = compare(Values(np.arange(len(y)), np.arange(len(y)), y, HOUR_MS), b"", EVERYTHING)
    assert len(record) in (0, 64)
    assert told is None or told.surprise >= 5.0
