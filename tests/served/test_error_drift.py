"""Lasting changes of the error are reported, whatever its unit is; a healthy one is let alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.durations import HOUR_MS
from monitor.domain.served import Measure, ModelSettings, Task
from monitor.served import view
from monitor.served.error_drift import ErrorDrift, Report, error_of
from monitor.served.state import ServedState
from tests.served.world import SECRET, START_MS, by_series, ended, like, records, told, world

REFERENCE = 24


def reports(errors: np.ndarray, deviation: float, drift: ErrorDrift | None = None) -> list[Report]:
    """Of one bucket an hour."""
    drift = drift or ErrorDrift()
    found: list[Report] = []
    for hour, error in enumerate(errors.tolist()):
        before = drift.report
        drift.take(hour * HOUR_MS, error, deviation, REFERENCE)
        if drift.report is not None and drift.report is not before:
            found.append(drift.report)
    return found


def shares(seed: int, moved: float = 0.0, at: int = 300, cases: int = 400, hours: int = 500) -> np.ndarray:
    made = np.random.default_rng(seed)
    chance = np.where(np.arange(hours) < at, 0.1, 0.1 + moved)
    return made.binomial(cases, chance) / cases


def test_a_healthy_error_is_let_alone_and_a_moved_one_found() -> None:
    """One and a half points of error at 400 cases a bucket: a standard error, which no bucket shows."""
    deviation = (0.1 * 0.9 / 400) ** 0.5
    assert [found for seed in range(6) for found in reports(shares(seed), deviation)] == []
    for seed in range(3):
        first = reports(shares(seed, deviation), deviation)[0]
        assert 300 <= first.at_ms // HOUR_MS <= 400
        assert first.reference == pytest.approx(0.1, abs=0.01)
        assert first.text.startswith("the error has grown from ")
        clear = reports(shares(seed, 3 * deviation), deviation)[0]
        assert 300 <= clear.at_ms // HOUR_MS <= 320
        assert reports(shares(seed, -3 * deviation), deviation)[0].text.startswith("the error has fallen")


@settings(max_examples=10)
@given(st.floats(1e-6, 1e6), st.integers(0, 5))
def test_the_unit_of_the_error_changes_nothing(unit: float, seed: int) -> None:
    errors = shares(seed, 0.1, at=100, hours=140)
    here, there = reports(errors, 0.015), reports(errors * unit, 0.015 * unit)
    assert [(one.at_ms, one.detector) for one in here] == [(one.at_ms, one.detector) for one in there]
    assert here


@settings(max_examples=10)
@given(st.integers(0, 139))
def test_it_goes_on_where_it_was_saved(cut: int) -> None:
    errors = shares(1, 0.1, at=100, hours=140)
    whole, first = ErrorDrift(), ErrorDrift()
    reports(errors, 0.015, whole)
    reports(errors[:cut], 0.015, first)
    second = ErrorDrift.from_state(first.state())
    for hour in range(cut, 140):
        second.take(hour * HOUR_MS, float(errors[hour]), 0.015, REFERENCE)
    assert second.report == whole.report
    assert second.adwin.tobytes() == whole.adwin.tobytes()
    assert second.page_hinkley.tobytes() == whole.page_hinkley.tobytes()


def test_the_error_of_each_task() -> None:
    measure = Measure(0.25, 100.0, 0.25 - 0.0196, 0.25 + 0.0196)
    assert error_of(Task.CLASSIFICATION, {"accuracy": measure}) == pytest.approx((0.75, 0.01), rel=1e-4)
    assert error_of(Task.REGRESSION, {"mae": measure}) == pytest.approx((0.25, 0.01), rel=1e-4)
    assert error_of(Task.RANKING, {"hit_rate": measure}) == pytest.approx((0.75, 0.01), rel=1e-4)
    assert error_of(Task.RANKING, {"ndcg": measure}) is None


@pytest.mark.slow
def test_a_model_says_since_when_its_error_is_another(tmp_path: Path) -> None:
    truth = world(8_000, hours=80, seed=5, delay_ms=HOUR_MS)
    turned = (truth.ts_ms >= START_MS + 55 * HOUR_MS) & (np.random.default_rng(1).random(len(truth)) < 0.6)
    truth = like(truth, truth=np.where(turned, ~truth.truth, truth.truth))
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", ModelSettings(maturity_ms=3 * HOUR_MS, reference_buckets=REFERENCE))
    found = by_series([*told(state, records(truth)), *ended(state, START_MS + 90 * HOUR_MS)])
    ways = {ts_ms: value for (name, _, ts_ms), (value, _) in found.items() if name == "model.error_drift"}
    assert min(ways) == START_MS + REFERENCE * HOUR_MS
    first = min(ts_ms for ts_ms, way in ways.items() if way >= 1.0)
    assert START_MS + 55 * HOUR_MS <= first <= START_MS + 75 * HOUR_MS
    told_of = view.summary(state.models["churn"])["error_drift"]
    assert told_of["at_ms"] >= first
    assert told_of["error"] > told_of["reference"]
