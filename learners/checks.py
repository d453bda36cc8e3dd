"""Behaviours that every family must show; the tests run each check on each family.

A check takes a family and raises AssertionError with the reason. `BASELINE_CHECKS` and `TAIL_CHECKS`
collect them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import COMMON_BYTES, MODEL_BYTES, Family, relocate, season_slots, writable
from learners.families import BASELINES, BaselineFamily, TailFamily
from learners.synthetic import stream

STRANGE = (0.0, -0.0, 5e-324, 1e-300, 1.0, -1.0, 1e6, -1e18, 1e300, -1.7e308, 1.7e308)
"""Finite values at the edges of float64."""
PERIOD = 12


def knobs_of(family: BaselineFamily) -> dict[str, Any]:
    """A season for the families that know one, and a zero below all values for those that count."""
    if family is BASELINES[Family.COUNTS]:
        return {"periods": (PERIOD,), "zero": -20.0}
    if family is BASELINES[Family.BINOMIAL]:
        return {"periods": (PERIOD,), "zero": -20.0, "grain": 40.0}
    seasonal = (BASELINES[Family.HOLT_WINTERS], BASELINES[Family.SEASONAL_PROFILE])
    return {"periods": (PERIOD,)} if family in seasonal else {}


def _warmed(family: BaselineFamily, n: int = 100) -> tuple[NDArray[np.void], NDArray[np.float32]]:
    data = stream("smooth", n, seed=3)
    seen = family.warm(data.y - 10.0, data.t, **knobs_of(family))
    return writable(seen.record.tobytes(), family.dtype), seen.season.copy()


def _bytes(rows: NDArray[np.void], season: NDArray[np.float32]) -> bytes:
    return rows.tobytes() + season.tobytes()


def _finite(rows: NDArray[np.void]) -> bool:
    fields = (rows[name] for name in rows.dtype.names or ())
    return all(bool(np.isfinite(field).all()) for field in fields)


def _teach(
    family: BaselineFamily, m: Any, season: NDArray[np.float32], t: int, y: float, weight: float
) -> None:
    centre, scale = family.forecast(m, season, t)
    family.learn(m, season, t, y, centre, scale, weight)


def record_has_its_size(family: BaselineFamily) -> None:
    assert family.dtype.itemsize == MODEL_BYTES


def state_stays_finite(family: BaselineFamily) -> None:
    for start in (0, 100):
        rows, season = _warmed(family, start)
        for i in range(200):
            y = STRANGE[(i * 7 + i // 5) % len(STRANGE)]
            centre, scale = family.forecast(rows[0], season, i)
            assert math.isfinite(centre), f"centre {centre} at {i}"
            assert math.isfinite(scale), f"scale {scale} at {i}"
            assert scale > 0.0
            _teach(family, rows[0], season, i, y, (1.0, 0.3, 1e-9)[i % 3])
            assert _finite(rows), rows
            assert np.isfinite(season).all()


def weight_zero_changes_nothing(family: BaselineFamily) -> None:
    for start in (0, 100):
        rows, season = _warmed(family, start)
        before = _bytes(rows, season)
        _teach(family, rows[0], season, 100, 7.0, 0.0)
        assert _bytes(rows, season) == before


def forecast_changes_nothing(family: BaselineFamily) -> None:
    rows, season = _warmed(family)
    before = _bytes(rows, season)
    first = family.forecast(rows[0], season, 101)
    assert family.forecast(rows[0], season, 101) == first
    assert _bytes(rows, season) == before


def resumed_equals_unbroken(family: BaselineFamily) -> None:
    rows, season = _warmed(family)
    other, other_season = _warmed(family)
    for t, y in enumerate(stream("heavy", 60, seed=9).y, start=100):
        _teach(family, rows[0], season, t, y, 1.0)
        # A snapshot is the bytes; the resumed learner lives in another place.
        other = writable(other.tobytes(), family.dtype)
        other_season = np.frombuffer(other_season.tobytes(), np.float32).copy()
        _teach(family, other[0], other_season, t, y, 1.0)
    assert _bytes(rows, season) == _bytes(other, other_season)


def warm_equals_one_by_one(family: BaselineFamily) -> None:
    data = stream("smooth", 100, seed=3)
    blank = family.warm(np.zeros(0), np.zeros(0, np.int64), **knobs_of(family))
    rows, season = writable(blank.record.tobytes(), family.dtype), blank.season.copy()
    seen = family.warm(data.y, data.t, **knobs_of(family))
    for i, y in enumerate(data.y):
        assert family.forecast(rows[0], season, i) == (seen.centre[i], seen.scale[i])
        _teach(family, rows[0], season, i, y, 1.0)
    assert _bytes(rows, season) == _bytes(seen.record.reshape(1), seen.season)


def relocated_equals_itself(family: BaselineFamily) -> None:
    rows, season = _warmed(family)
    slots = season_slots(rows[0])
    assert slots == len(season)
    pool = np.full(slots + 50, 7.0, np.float32)
    pool[30 : 30 + slots] = season
    moved = relocate(rows.reshape(()), 30).reshape(1)
    for t in range(100, 160):
        assert family.forecast(moved[0], pool, t) == family.forecast(rows[0], season, t)
        _teach(family, moved[0], pool, t, math.sin(t), 1.0)
        _teach(family, rows[0], season, t, math.sin(t), 1.0)
    assert (pool[:30] == 7.0).all()
    assert (pool[30 + slots :] == 7.0).all()


def rebase_moves_the_forecast(family: BaselineFamily) -> None:
    rows, season = _warmed(family)
    before = [family.forecast(rows[0], season, t) for t in range(100, 100 + PERIOD)]
    family.rebase(rows[0], season, 2.5)
    after = [family.forecast(rows[0], season, t) for t in range(100, 100 + PERIOD)]
    for (centre, scale), (centre2, scale2) in zip(before, after, strict=True):
        assert abs(centre2 - centre - 2.5) < 1e-4
        assert scale2 == scale


def scale_is_honest(family: BaselineFamily) -> None:
    """Residuals of Gaussian noise have a standard deviation of 1, and its level is found."""
    noise = np.random.default_rng(11).standard_normal(4000)
    seen = family.warm(3.0 + 0.5 * noise, np.arange(4000), **knobs_of(family))
    late = seen.residual[1000:]
    assert 0.95 < float(np.std(late)) < 1.06, float(np.std(late))
    assert abs(float(np.mean(late))) < 0.1


def one_extreme_teaches_little(family: BaselineFamily) -> None:
    rows, season = _warmed(family)
    t = 100
    centre, scale = family.forecast(rows[0], season, t + PERIOD)
    _teach(family, rows[0], season, t, 1e6, 1.0)
    after, scale_after = family.forecast(rows[0], season, t + PERIOD)
    assert abs(after - centre) <= 4.0 * scale * 1.01
    assert scale_after <= 1.5 * scale


BASELINE_CHECKS: tuple[Callable[[BaselineFamily], None], ...] = (
    record_has_its_size,
    state_stays_finite,
    weight_zero_changes_nothing,
    forecast_changes_nothing,
    resumed_equals_unbroken,
    warm_equals_one_by_one,
    relocated_equals_itself,
    rebase_moves_the_forecast,
    scale_is_honest,
    one_extreme_teaches_little,
)


def _tail(family: TailFamily) -> NDArray[np.void]:
    return family.warm(np.random.default_rng(5).standard_t(3, 2000)).reshape(1)


def tail_keeps_to_its_bytes(family: TailFamily) -> None:
    assert family.dtype.itemsize == COMMON_BYTES
    assert _tail(family).tobytes()[:32] == bytes(32)


def surprise_increases_outwards(family: TailFamily) -> None:
    rows = _tail(family)
    for side in (-1.0, 1.0):
        levels = [family.surprise(rows[0], side * r) for r in np.linspace(0.01, 60.0, 400)]
        assert all(a < b for a, b in pairwise(levels))
        assert min(levels) >= 0.0


def limit_is_the_inverse(family: TailFamily) -> None:
    rows = _tail(family)
    for side in (-1, 1):
        for level in (0.4, 1.0, 1.3, 1.31, 2.5, 5.0, 5.5, 12.0, 40.0):
            r = family.limit(rows[0], side, level)
            assert r >= 0.0
            assert abs(family.surprise(rows[0], side * r) - level) < 1e-6 * level


def tail_state_stays_finite(family: TailFamily) -> None:
    for rows in (_tail(family), np.zeros(1, family.dtype)):
        for i in range(300):
            r = STRANGE[(i * 7 + i // 5) % len(STRANGE)]
            level = family.surprise(rows[0], r)
            assert math.isfinite(level)
            assert level >= 0.0
            family.learn(rows[0], r, (1.0, 0.3, 1e-9)[i % 3])
            assert _finite(rows), rows
            assert math.isfinite(family.limit(rows[0], 1, 5.0))


def tail_weight_zero_changes_nothing(family: TailFamily) -> None:
    rows = _tail(family)
    before = rows.tobytes()
    family.learn(rows[0], 12.0, 0.0)
    family.surprise(rows[0], 12.0)
    family.limit(rows[0], 1, 5.0)
    assert rows.tobytes() == before


def tail_resumed_equals_unbroken(family: TailFamily) -> None:
    rows, other = _tail(family), _tail(family)
    for r in stream("heavy", 200, seed=4).y:
        family.learn(rows[0], r, 1.0)
        other = writable(other.tobytes(), family.dtype)
        family.learn(other[0], r, 1.0)
    assert rows.tobytes() == other.tobytes()


def few_residuals_suffice(family: TailFamily) -> None:
    for r in (np.zeros(0), np.zeros(1), np.zeros(50), np.array([np.nan, np.inf, 1.0]), np.full(9, -1e300)):
        rows = family.warm(r).reshape(1)
        assert _finite(rows)
        assert 0.0 < family.limit(rows[0], 1, 5.0) < 1e13


TAIL_CHECKS: tuple[Callable[[TailFamily], None], ...] = (
    tail_keeps_to_its_bytes,
    surprise_increases_outwards,
    limit_is_the_inverse,
    tail_state_stays_finite,
    tail_weight_zero_changes_nothing,
    tail_resumed_equals_unbroken,
    few_residuals_suffice,
)
