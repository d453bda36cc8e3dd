"""A seasonal ARIMA model as a difference equation with few terms, by its own recursion. 32 bytes a series and
a stretch of the pool: 4 bytes a number, one constant, two a term, two a bucket of the longest lag. With five
terms and a season of 24 that is 244 bytes, and about 144 ns a sample in a bank of 100,000 (ema in the same
run: 15).

    y(t) = constant + sum a_i y(t - i) + sum b_j e(t - j) + e(t)

with the differences multiplied into the a_i: (1 - B)(1 - phi B) y = e is y = (1 + phi) y(t - 1) -
phi y(t - 2) + e, so values of any level are kept as they are and nothing has to be summed up again. e is what
the forecast missed. From a constant past this is, a few lags later, what a Kalman filter of the same model
says; a test holds it against statsmodels'. `learners.baseline.arima_fit` finds the terms; a record without
terms says its constant.

Residuals are clipped at four scales and enter with their weight, as value (centre + what is left of e) and as
e, so one extreme moves the next forecasts by no more than what is left of it. In buckets without a sample the
forecast takes the value's place and e is 0. A rebase moves all that is remembered.

Source: G. E. P. Box, G. M. Jenkins, G. C. Reinsel & G. M. Ljung, Time Series Analysis (2015), 4.1 and 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Warm, model_dtype
from learners.baseline.spread import SPREAD_RATE, bounded, clipped, follow, rate_of
from learners.compiled import kernel
from learners.memory import whole

LAG_MOST = 400
TERMS_MOST = 32
_SEEN_MAX = 65_535
_LATER = 64
_GAP_MOST = 256
"""Buckets without a sample that are lived through one by one; of more, as many as keep the season in step."""

dtype = model_dtype(
    [
        ("at", "i4"),
        ("scale", "f4"),
        ("floor", "f4"),  # smallest scale; 0: FLOOR
        ("pace", "f4"),  # for `learners.horizon`: what of a residual is left after `_LATER` buckets
        ("window", "u2"),  # numbers in the pool: constant, lags and factors of a, of b, values, residuals
        ("seen", "u2"),  # samples learned, at most 65,535
        ("last", "u2"),  # t of the last sample, modulo 65,536
        ("head", "u2"),  # place in both rings that is written next
        ("longest", "u2"),  # length of each ring
        ("period", "u2"),  # 0: no season
        ("values", "u1"),  # terms a
        ("residuals", "u1"),  # terms b
    ]
)


@kernel
def _expected(m: Any, cells: Any, at: int, head: int) -> float:
    """The next value, of the ``cells`` that begin at ``at``."""
    total = np.float64(cells[at])
    first = at + 1
    ring = first + 2 * (whole(m.values) + m.residuals)
    for which in range(2):
        terms = whole(m.values) if which == 0 else whole(m.residuals)
        for k in range(first, first + terms):
            place = head - whole(cells[k])
            if place < 0:
                place += m.longest
            total += np.float64(cells[k + terms]) * np.float64(cells[ring + place])
        first += 2 * terms
        ring += m.longest
    return bounded(total)


@kernel
def _store(m: Any, cells: Any, at: int, head: int, value: float, residual: float) -> int:
    """Write the newest value and residual; the place that is next."""
    ring = at + 1 + 2 * (whole(m.values) + m.residuals)
    cells[ring + head] = bounded(value)
    cells[ring + m.longest + head] = bounded(residual)
    return head + 1 if head + 1 < m.longest else 0


@kernel
def _pass(m: Any, cells: Any, at: int, missing: int) -> int:
    """Let ``missing`` buckets go by; the place that is next."""
    if missing > _GAP_MOST:
        missing = _GAP_MOST + (missing - _GAP_MOST) % max(whole(m.period), 1)
    head = whole(m.head)
    for _ in range(missing):
        head = _store(m, cells, at, head, _expected(m, cells, at, head), 0.0)
    return head


@kernel
def forecast(m: Any, season: Any, t: int) -> tuple[float, float]:
    """Centre and scale of bucket ``t``; (0, 1) before the first value."""
    if m.seen == 0:
        return 0.0, 1.0
    scale = max(np.float64(m.scale), np.float64(m.floor))
    missing = ((t - m.last) & 0xFFFF) - 1
    if missing <= 0 or m.longest == 0:
        return _expected(m, season, whole(m.at), whole(m.head)), scale
    cells = season[m.at : m.at + m.window].copy()
    head = _pass(m, cells, 0, missing)
    return _expected(m, cells, 0, head), scale


@kernel
def learn(m: Any, season: Any, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Take in the value ``y`` of bucket ``t``, of which `forecast` said ``centre`` and ``scale``, with
    ``weight`` in [0, 1].
    """
    if weight <= 0.0:
        return
    at = whole(m.at)
    if m.seen == 0:
        m.scale = 1.0
        for _ in range(whole(m.longest)):
            m.head = _store(m, season, at, whole(m.head), y, 0.0)
    else:
        error = clipped(y - centre, scale)
        known = np.float64(m.scale)
        m.scale = follow(known, error / known, rate_of(SPREAD_RATE, np.float64(m.seen), weight))
        missing = ((t - m.last) & 0xFFFF) - 1
        if m.longest > 0:
            head = _pass(m, season, at, missing) if missing > 0 else whole(m.head)
            m.head = _store(m, season, at, head, centre + weight * error, weight * error)
    m.seen = min(m.seen + 1, _SEEN_MAX)
    m.last = t & 0xFFFF


@kernel
def rebase(m: Any, season: Any, delta: float) -> None:
    """Move all values that are remembered by ``delta``, and the level to which they return."""
    first = m.at + 1
    kept = 0.0
    for k in range(first + m.values, first + 2 * whole(m.values)):
        kept += np.float64(season[k])
    season[m.at] = bounded(season[m.at] + delta * (1.0 - kept))
    ring = first + 2 * (whole(m.values) + m.residuals)
    for k in range(ring, ring + m.longest):
        season[k] = bounded(season[k] + delta)


@kernel
def _run(rows: Any, season: Any, t: Any, y: Any, weight: Any, centre: Any, scale: Any) -> None:
    for i in range(len(y)):
        centre[i], scale[i] = forecast(rows[0], season, t[i])
        learn(rows[0], season, t[i], y[i], centre[i], scale[i], weight[i])


def _left(values: Mapping[int, float], residuals: Mapping[int, float]) -> float:
    """How much of a residual of 1 is left in the value `_LATER` buckets on; at most 1."""
    left = [1.0]
    for k in range(1, _LATER + 1):
        terms = sum(factor * left[k - lag] for lag, factor in values.items() if lag <= k)
        left.append(terms + residuals.get(k, 0.0))
    return min(abs(left[-1]), 1.0)


SMOOTHING: Mapping[int, float] = {1: -0.8}


def warm(
    y: NDArray[np.float64],
    t: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    periods: tuple[int, ...] = (),
    values: Mapping[int, float] = {1: 1.0},
    residuals: Mapping[int, float] = SMOOTHING,
    constant: float = 0.0,
    floor: float = 0.0,
) -> Warm:
    """A model that has seen ``y`` (in units of scale), with its forecasts.

    ``values`` and ``residuals``: lag -> factor, those of `arima_fit.fit`. What is set without them is
    ARIMA(0, 1, 1), an exponential average that follows by a fifth. The longest of ``periods`` is kept in step
    over gaps; terms are not made of it.

    >>> seen = warm(np.array([1.0, 3.0, 2.0]), np.arange(3), values={1: 0.5}, residuals={}, constant=1.0)
    >>> seen.centre.tolist()
    [0.0, 1.5, 2.5]
    """
    lags = [*values, *residuals]
    longest = max(lags, default=1)
    if not (min(lags, default=1) >= 1 and longest <= LAG_MOST):
        raise ValueError(f"lags lie in [1, {LAG_MOST}], not {sorted(lags)}")
    if max(len(values), len(residuals)) > TERMS_MOST:
        raise ValueError(f"at most {TERMS_MOST} terms of each kind, not {len(values)} and {len(residuals)}")
    numbers = [constant, *values.keys(), *values.values(), *residuals.keys(), *residuals.values()]
    cells = np.zeros(len(numbers) + 2 * longest, np.float32)
    cells[: len(numbers)] = numbers
    if not np.isfinite(cells).all():
        raise ValueError("factors are finite")
    rows = np.zeros(1, dtype)
    rows["values"], rows["residuals"], rows["longest"] = len(values), len(residuals), longest
    rows["window"], rows["floor"], rows["pace"] = len(cells), floor, _left(values, residuals)
    period = max(periods, default=0)
    rows["period"] = period if period < _SEEN_MAX else 0
    return Warm.over(_run, rows, cells, t, y, weight)
