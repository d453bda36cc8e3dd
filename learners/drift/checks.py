"""Behaviours that every online drift detector must show; the tests run each check on each detector.

A check takes a detector and raises AssertionError with the reason. `DRIFT_CHECKS` collects them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from learners.base import writable
from learners.checks import STRANGE
from learners.drift.detectors import Detector

_WEIGHTS = (1.0, 0.3, 1e-9)
NULLS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "gaussian": lambda rng, n: rng.standard_normal(n),
    "student t3": lambda rng, n: rng.standard_t(3, n) / math.sqrt(3.0),
    "exponential": lambda rng, n: rng.exponential(size=n) - 1.0,
}
"""Independent residuals of mean 0 and scale 1: what no detector may take for a drift."""


@njit
def _run(update: Any, rows: Any, r: Any, out: Any) -> None:
    for i in range(len(r)):
        out[i] = update(rows[0], r[i], 1.0)


def statistics(
    detector: Detector, r: NDArray[np.float64], rows: NDArray[np.void] | None = None
) -> NDArray[np.float64]:
    """What ``detector`` says after each of ``r``; ``rows``: one record, changed, or None: a new one."""
    out = np.empty(len(r))
    _run(detector.update, detector.new().reshape(1) if rows is None else rows, r, out)
    return out


def _taught(detector: Detector) -> NDArray[np.void]:
    rows = detector.new().reshape(1)
    statistics(detector, np.random.default_rng(5).standard_normal(777), rows)
    return rows


def state_stays_finite(detector: Detector) -> None:
    for rows in (detector.new().reshape(1), np.zeros(1, detector.dtype), _taught(detector)):
        for i in range(3000):
            r = STRANGE[(i * 7 + i // 5) % len(STRANGE)]
            assert math.isfinite(detector.update(rows[0], r, _WEIGHTS[i % 3]))
        fields = (rows[name] for name in detector.dtype.names or ())
        assert all(bool(np.isfinite(field).all()) for field in fields), rows


def weight_zero_changes_nothing(detector: Detector) -> None:
    rows = _taught(detector)
    before = rows.tobytes()
    for r in (0.0, 3.0, -1e300):
        detector.update(rows[0], r, 0.0)
    assert rows.tobytes() == before


def resumed_equals_unbroken(detector: Detector) -> None:
    rows = _taught(detector)
    other = writable(rows.tobytes(), detector.dtype)
    for i, r in enumerate(np.random.default_rng(9).standard_t(3, 500)):
        said = detector.update(rows[0], r, _WEIGHTS[i % 2])
        other = writable(other.tobytes(), detector.dtype)
        assert detector.update(other[0], r, _WEIGHTS[i % 2]) == said
    assert rows.tobytes() == other.tobytes()


def zeros_are_new(detector: Detector) -> None:
    r = np.random.default_rng(2).standard_normal(1000) + 0.5
    said = statistics(detector, r, np.zeros(1, detector.dtype))
    assert said.tolist() == statistics(detector, r).tolist()


def constant_is_no_drift(detector: Detector) -> None:
    assert not statistics(detector, np.zeros(5000)).any()


def one_extreme_is_no_drift(detector: Detector) -> None:
    for far in (50.0, -1e300):
        r = np.random.default_rng(3).standard_normal(2000)
        r[1500] = far
        assert np.abs(statistics(detector, r)).max() < 1.0


def null_is_rarely_reported(detector: Detector) -> None:
    """100 streams of 10,000 samples each: their reports keep to the promise (Poisson, 3 sigma).

    A report that stands for a while is one.
    """
    for name, null in NULLS.items():
        reports = 0
        for seed in range(100):
            said = statistics(detector, null(np.random.default_rng([seed, 23]), 10_000))
            over = np.abs(said) >= 1.0
            reports += int(np.count_nonzero(over[1:] & ~over[:-1]))
        expected = detector.FALSE_ALARM * 1_000_000
        assert reports <= expected + 3.0 * math.sqrt(expected), f"{reports} reports of {name}"


def shift_is_found_in_time(detector: Detector) -> None:
    """A shift of one scale in either direction, 19 times of 20, with its sign."""
    for side in (1.0, -1.0):
        in_time = 0
        for seed in range(100):
            r = np.random.default_rng([seed, 29]).standard_normal(1000 + detector.DELAY_MAX)
            r[1000:] += side
            in_time += bool((side * statistics(detector, r)[1000:] >= 1.0).any())
        assert in_time >= 95, f"{in_time} of 100 in time"


DRIFT_CHECKS: tuple[Callable[[Detector], None], ...] = (
    state_stays_finite,
    weight_zero_changes_nothing,
    resumed_equals_unbroken,
    zeros_are_new,
    constant_is_no_drift,
    one_extreme_is_no_drift,
    null_is_rarely_reported,
    shift_is_found_in_time,
)
