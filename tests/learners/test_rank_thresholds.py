"""`noncentral_t` and `conformal`: the promised false alarms on null data, their laws, and exact inverses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numba import njit
from numpy.typing import NDArray

from learners import dispatch
from learners.base import COMMON_BYTES, Tail, writable
from learners.drift.checks import NULLS
from learners.families import TAILS
from learners.score import L_OPEN, gate
from learners.threshold import conformal, noncentral_t
from tests.naive import thresholds as naive

TESTS = math.log10(3.0)
"""The residual is one of three statistics: what counts as L_OPEN is so much more."""
N, STREAMS = 200_000, 5


@njit
def _levels(surprise: Any, learn: Any, rows: Any, r: Any, out: Any) -> None:
    for i in range(len(r)):
        out[i] = surprise(rows[0], r[i])
        learn(rows[0], r[i], gate(max(out[i] - TESTS, 0.0)))


@pytest.mark.parametrize("null", NULLS)
@pytest.mark.parametrize("family", [Tail.NONCENTRAL_T, Tail.CONFORMAL], ids=lambda f: f.name.lower())
def test_false_alarms_are_as_rare_as_stated(family: Tail, null: str) -> None:
    """Behind the gate, of a million residuals: at most 1.25, 1.5 and 2 times the nominal two-sided rate."""
    tail, seen = TAILS[family], np.zeros(3)
    levels = (2.0, 3.0, L_OPEN + TESTS)
    for seed in range(STREAMS):
        rng, out = np.random.default_rng([seed, 31]), np.empty(N)
        rows = tail.warm(NULLS[null](rng, 2000)).reshape(1)
        _levels(tail.surprise, tail.learn, rows, NULLS[null](rng, N), out)
        seen += [np.count_nonzero(out > level) for level in levels]
    nominal = 2.0 * N * STREAMS * 10.0 ** -np.array(levels)
    assert (seen <= np.array([1.25, 1.5, 2.0]) * nominal + 2.0 * np.sqrt(nominal)).all(), seen / nominal


@pytest.mark.parametrize("family", [Tail.NONCENTRAL_T, Tail.CONFORMAL], ids=lambda f: f.name.lower())
def test_a_fault_of_fifteen_scales_is_an_alarm(family: Tail) -> None:
    rows = TAILS[family].warm(np.random.default_rng(3).standard_normal(2000)).reshape(1)
    for side in (-1.0, 1.0):
        assert TAILS[family].surprise(rows[0], 15.0 * side) > L_OPEN + TESTS


@given(st.lists(st.floats(-60.0, 60.0), max_size=60), st.floats(0.32, 60.0), st.sampled_from([-1, 1]))
@settings(max_examples=15)
def test_limits_are_exact_whatever_was_seen(seen: list[float], level: float, side: int) -> None:
    for family in (Tail.CONFORMAL, Tail.NONCENTRAL_T):
        tail = TAILS[family]
        rows = tail.warm(np.array(seen)).reshape(1)
        for r in seen:
            tail.learn(rows[0], r, 0.7)
        assert tail.surprise(rows[0], side * tail.limit(rows[0], side, level)) == pytest.approx(
            level, rel=1e-6
        )


@given(st.floats(-12.0, 12.0), st.floats(2.0, 60.0), st.floats(-2.0, 2.0))
@settings(max_examples=40)
def test_noncentral_t_is_the_integral(r: float, degrees: float, skewness: float) -> None:
    law = noncentral_t.Law(degrees, skewness, 0.0, 1.0)
    mirrored = skewness if r >= 0.0 else -skewness
    expected = naive.noncentral_t(abs(r), degrees, mirrored)
    assume(expected < 12.0)  # beyond, scipy's own error shows
    assert law.surprise(r) == pytest.approx(expected, rel=1e-3, abs=1e-6)


def _null(name: str, seed: int = 0) -> NDArray[np.float64]:
    return NULLS[name](np.random.default_rng(seed), 3000)


@pytest.mark.parametrize("degrees", [2.0, 3.0, 5.0, 12.0, 60.0, 200.0])
def test_the_record_is_near_its_law(degrees: float) -> None:
    """Exact at the levels that are kept, near between them and up to 8."""
    law = noncentral_t.Law(degrees, 0.0, 0.0, 1.2)
    rows = noncentral_t.kept(law).reshape(1)
    for level in (0.5, 1.0, 1.6, 2.5, 3.5, 5.0, 6.5, 8.0):
        off = abs(noncentral_t.surprise(rows[0], law.quantile(1, level)) - level)
        assert off < (1e-4 if level in noncentral_t.LEVELS else 0.15)


def test_a_t_law_is_recovered() -> None:
    law = noncentral_t.fit(0.5 + 2.0 * np.random.default_rng(2).standard_t(5, 8000))
    assert law.degrees == pytest.approx(5.0, rel=0.25)
    assert (law.place, law.size) == pytest.approx((0.5, 2.0), abs=0.15)


def test_skewed_residuals_have_skewed_limits() -> None:
    rows = noncentral_t.warm(_null("exponential")).reshape(1)
    up, down = (noncentral_t.limit(rows[0], side, 2.0) for side in (1, -1))
    assert down < 2.0 < 0.4 * up


def test_a_wider_spread_is_learned() -> None:
    rows = noncentral_t.warm(_null("gaussian")).reshape(1)
    before = noncentral_t.limit(rows[0], 1, L_OPEN)
    for r in 2.0 * np.random.default_rng(1).standard_normal(20_000):
        noncentral_t.learn(rows[0], r, 1.0)
    assert noncentral_t.limit(rows[0], 1, L_OPEN) == pytest.approx(2.0 * before, rel=0.1)


def test_zeros_are_the_law_of_no_residuals() -> None:
    fresh, none = np.zeros(1, noncentral_t.dtype), noncentral_t.warm(np.zeros(0)).reshape(1)
    for level in (0.5, 1.0, 2.0, 5.0, 9.0):
        expected = noncentral_t.limit(none[0], 1, level)
        assert noncentral_t.limit(fresh[0], 1, level) == pytest.approx(expected, rel=1e-3)


def test_quantiles_are_tracked_as_their_twin_does() -> None:
    rows = conformal.warm(_null("student t3")).reshape(1)
    r = _null("exponential", seed=1)
    targets = (conformal.TARGETS[0], conformal.TARGETS[1], conformal.TARGETS[2])
    expected = naive.tracked(r.tolist(), targets, rows["quantile"][0, 1].tolist(), conformal.RATE)
    for value in r:
        conformal.learn(rows[0], value, 1.0)
    assert rows["quantile"][0, 1] == pytest.approx(expected, rel=1e-3)


def test_between_and_beyond_the_quantiles_is_pareto() -> None:
    """The continuation passes through the last two quantiles, with the ratio 5 of their probabilities."""
    rows = conformal.warm(_null("student t3")).reshape(1)
    q2, q3 = (float(q) for q in rows["quantile"][0, 1, 1:])
    far = conformal.limit(rows[0], 1, 5.0)
    shapes = np.linspace(0.001, conformal.SHAPE_MAX, 2000)
    scales = (q3 - q2) * shapes / (5.0**shapes - 1.0)
    reached = q2 + scales * ((0.02 / 1e-5) ** shapes - 1.0) / shapes
    best = int(np.argmin(np.abs(reached - far)))
    for r in (1.01 * q3, 2.0 * q3, 9.0 * q3):
        expected = naive.pareto(r, q2, float(scales[best]), float(shapes[best]), 0.02)
        assert conformal.surprise(rows[0], r) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("null", NULLS)
def test_ranks_hold_whatever_the_law_becomes(null: str) -> None:
    """The residuals double and turn about: after 30,000 of them one in ten is beyond the first quantile."""
    rows = conformal.warm(_null("gaussian")).reshape(1)
    out, r = np.empty(60_000), -2.0 * NULLS[null](np.random.default_rng(7), 60_000)
    _levels(conformal.surprise, conformal.learn, rows, r, out)
    for side in (r > 0.0, r < 0.0):
        beyond = np.count_nonzero((out > 1.0)[30_000:] & side[30_000:]) / 30_000
        assert beyond == pytest.approx(0.1, abs=0.012)


@njit
def _dispatched(s: Any, family: int, r: float) -> Any:
    said = dispatch.tail_surprise(s, family, 1, r), dispatch.tail_limit(s, family, 1, -1, 3.0)
    dispatch.tail_learn(s, family, 1, r, 1.0)
    return said


@pytest.mark.parametrize("family", TAILS, ids=lambda f: f.name.lower())
def test_the_dispatcher_knows_every_tail(family: Tail) -> None:
    """From a code and an address: the same words, the same bytes, and no other row touched."""
    tail = TAILS[family]
    rows = writable(3 * tail.warm(_null("student t3")).tobytes(), tail.dtype)
    alone = writable(rows[1:2].tobytes(), tail.dtype)
    untouched = rows[0].tobytes()
    directory = np.zeros(1, np.dtype([("common", "i8")]))
    directory["common"] = rows.ctypes.data
    for r in (0.4, -7.0, 30.0):
        expected = (tail.surprise(alone[0], r), tail.limit(alone[0], -1, 3.0))
        tail.learn(alone[0], r, 1.0)
        assert _dispatched(directory[0], int(family), r) == pytest.approx(expected, rel=1e-12)
    assert rows[1].tobytes()[32:] == alone.tobytes()[32:]
    assert rows[0].tobytes() == rows[2].tobytes() == untouched


def test_records_fit_the_common_row() -> None:
    for module in (noncentral_t, conformal):
        assert module.dtype.itemsize == COMMON_BYTES
        fields: Any = module.dtype.fields
        assert min(offset for _, offset in fields.values()) >= 32
