"""Level, damped trend and up to two seasons, additive or multiplicative, by error correction. 32 bytes a
series and 4 bytes a slot of each season; about 63 ns a sample in a bank of 100,000 (ema: 17).

With e the residual (clipped at four scales), b = level + phi trend the base, S1 and S2 the seasons:

    additive        centre = b + S1 + S2      level = b + alpha e        S1 += gamma1 e, S2 += gamma2 e
    multiplicative  centre = b (1+S1)(1+S2)   level = b + alpha e / s    S1 += gamma1 e / (b (1+S2)),
    likewise S2 both            trend = phi trend + alpha beta (e or e / s)

which is Holt's and Winters' method with the seasons corrected by the one-step error. Missing buckets are
told by t: over h buckets the trend is damped h times. The multiplicative scale is relative: it is
multiplied by |centre|, or by a tenth of the base where that is more. The spread is learned only from the
second period on.

Rates are stored in a byte each, in steps of 2^(-1/8); `code_of` and `RATE` translate.

Sources: P. R. Winters, Management Science 6 (1960) 324; J. W. Taylor, J. Oper. Res. Soc. 54 (2003) 799 (two
seasons); E. S. Gardner & E. McKenzie, Management Science 31 (1985) 1237 (damping); Hyndman et al.,
Forecasting with Exponential Smoothing (2008), error-correction form.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import Warm, model_dtype, season_slots
from learners.baseline import correction
from learners.baseline.spread import SLOW, SPREAD_RATE, bounded, clipped, follow, rate_of
from learners.compiled import inlined, kernel

MULTIPLICATIVE = 1
SETTLED = 2  # additive, and no rate falls any more: nothing depends on `seen`, which stands still
_OFF = 255
_SEEN_MAX = 65_535
_GAP_MAX = 4096
_FACTOR_MIN, _FACTOR_MAX = 0.01, 100.0
_BASE_MIN = 1e-3

RATE: NDArray[np.float64] = np.array([2.0 ** (-c / 8.0) for c in range(_OFF)] + [0.0])
"""Rate by code: 1 at 0, 1/2 at 8, 1/4 at 16 ... and nothing at 255."""

dtype = model_dtype(
    [
        ("level", "f4"),
        ("trend", "f4"),
        ("scale", "f4"),  # relative where multiplicative
        ("at", "i4"),  # the first season's table; the second's follows it
        ("slots", "u2"),  # 0: no season
        ("slots2", "u2"),
        ("seen", "u2"),  # samples learned, at most 65,535
        ("last", "u2"),  # t of the last sample, modulo 65,536
        ("flags", "u1"),
        ("alpha", "u1"),  # codes of rates
        ("beta", "u1"),
        ("gamma", "u1"),
        ("gamma2", "u1"),
        ("damping", "u1"),  # 1 - phi
        ("spread", "u1"),
        ("floor", "u1"),  # smallest scale, a code as those of rates; 0: FLOOR
    ]
)


def code_of(rate: float) -> int:
    """The code of the stored rate nearest to ``rate``, in the logarithm.

    >>> code_of(0.25), RATE[code_of(0.25)], code_of(0.0)
    (16, np.float64(0.25), 255)
    """
    if not 0.0 <= rate <= 1.0:
        raise ValueError(f"a rate lies in [0, 1], not {rate}")
    return min(round(-8.0 * math.log2(rate)), _OFF - 1) if rate > 0.0 else _OFF


@inlined
def line(m: Any, t: int) -> tuple[float, float]:
    """Level and trend carried forward to bucket ``t``."""
    level, trend = np.float64(m.level), np.float64(m.trend)
    if trend == 0.0:
        return level, trend
    damping = RATE[m.damping]
    ahead = (t - m.last) & 0xFFFF
    if ahead <= 1:
        trend *= 1.0 - damping
        return level + trend, trend
    ahead = min(ahead, _GAP_MAX)
    kept = (1.0 - damping) ** ahead
    run = (1.0 - damping) * (1.0 - kept) / damping if damping > 0.0 else 1.0 * ahead
    return level + run * trend, kept * trend


@inlined
def _slot(at: int, t: int, slots: Any) -> int:
    """Index of the slot of ``t``; in 32 bits, where a remainder costs half."""
    return at + int(np.uint32(t) % np.uint32(slots))


@inlined
def first_slot(m: Any, t: int) -> int:
    """Index of the first season's slot of ``t``; there must be a season."""
    return _slot(m.at, t, m.slots)


@inlined
def _seasons(m: Any, season: Any, t: int) -> tuple[float, float]:
    first = np.float64(season[_slot(m.at, t, m.slots)]) if m.slots > 0 else 0.0
    second = np.float64(season[_slot(m.at + m.slots, t, m.slots2)]) if m.slots2 > 0 else 0.0
    return first, second


@inlined
def _factor(season: float) -> float:
    return min(max(1.0 + season, _FACTOR_MIN), _FACTOR_MAX)


@inlined
def _scale(m: Any) -> float:
    floor = RATE[m.floor] if m.floor > 0 else 0.0
    return max(np.float64(m.scale), floor)


@inlined
def _size(base: float, centre: float) -> float:
    """What the relative scale of a multiplicative record is multiplied by."""
    return max(abs(centre), 0.1 * abs(base), _BASE_MIN)


@inlined
def forecast(m: Any, season: Any, t: int) -> tuple[float, float]:
    """Centre and scale of bucket ``t``; (0, 1) before the first value."""
    if m.seen == 0:
        return 0.0, 1.0
    base, _ = line(m, t)
    first, second = _seasons(m, season, t)
    if m.flags & MULTIPLICATIVE == 0:
        return base + first + second, _scale(m)
    centre = base * _factor(first) * _factor(second)
    return centre, _scale(m) * _size(base, centre)


@inlined
def learn(m: Any, season: Any, t: int, y: float, centre: float, scale: float, weight: float) -> None:
    """Take in the value ``y`` of bucket ``t``, of which `forecast` said ``centre`` and ``scale``, with
    ``weight`` in [0, 1].
    """
    if weight <= 0.0:
        return
    product = m.flags & MULTIPLICATIVE != 0
    if m.seen == 0:
        m.level = bounded(y)
        m.scale = 1.0 / _size(y, y) if product else 1.0
        m.seen = 1
        m.last = t & 0xFFFF
        return
    period = max(m.slots, m.slots2)
    error = y - centre
    if m.seen > period:
        error = clipped(error, scale)
        since = np.float64(m.seen - period) if m.seen < _SEEN_MAX else 1.0 * _SEEN_MAX
        known = np.float64(m.scale)
        z = error / known if not product else error / scale * (_scale(m) / known)
        m.scale = follow(known, z, rate_of(RATE[m.spread], since, weight))
    else:
        error = bounded(error)
    if product:
        _learn_factors(m, season, t, error, weight)
    else:
        _learn_terms(m, season, t, error, weight)
    m.last = t & 0xFFFF
    if m.flags & SETTLED == 0:
        m.seen = min(m.seen + 1, _SEEN_MAX)
        if not product and _settled(m):
            m.flags |= SETTLED


@kernel
def _settled(m: Any) -> bool:
    seen, slots, slots2 = np.int64(m.seen), np.int64(m.slots), np.int64(m.slots2)
    since = seen - max(slots, slots2)
    first = m.slots == 0 or m.gamma == _OFF or RATE[m.gamma] * (seen + slots) >= slots
    second = m.slots2 == 0 or m.gamma2 == _OFF or RATE[m.gamma2] * (seen + slots2) >= slots2
    rate = RATE[m.spread]
    return bool(first and second and rate <= SLOW and since > 0 and rate * since >= 1.0)


@inlined
def load(m: Any, season: Any, t: int, x: Any, width: int, group: int) -> tuple[float, float]:
    """`forecast`, and a lane of a block (`correction`) filled; scale 0 if the record does not suit."""
    if m.flags != SETTLED:
        return 0.0, 0.0
    trend = np.float64(m.trend)
    if trend != 0.0:
        if (t - m.last) & 0xFFFF > 1:
            return 0.0, 0.0
        trend *= 1.0 - RATE[m.damping]
    first, second = _seasons(m, season, t)
    x[group + correction.BASE * width] = np.float64(m.level) + trend
    x[group + correction.TREND * width] = trend
    x[group + correction.FIRST * width] = first
    x[group + correction.SECOND * width] = second
    x[group + correction.KNOWN * width] = m.scale
    x[group + correction.ALPHA * width] = RATE[m.alpha]
    x[group + correction.BETA * width] = RATE[m.beta]
    x[group + correction.GAMMA * width] = RATE[m.gamma]
    x[group + correction.GAMMA2 * width] = RATE[m.gamma2]
    x[group + correction.SPREAD * width] = RATE[m.spread]
    return x[group + correction.BASE * width] + first + second, _scale(m)


@inlined
def store(m: Any, season: Any, t: int, x: Any, width: int, group: int) -> None:
    """Take back what the lane has learned."""
    m.level = x[group + correction.BASE * width]
    m.trend = x[group + correction.TREND * width]
    m.scale = x[group + correction.KNOWN * width]
    m.last = t & 0xFFFF
    if m.slots > 0:
        season[_slot(m.at, t, m.slots)] = x[group + correction.FIRST * width]
    if m.slots2 > 0:
        season[_slot(m.at + m.slots, t, m.slots2)] = x[group + correction.SECOND * width]


@inlined
def _learn_terms(m: Any, season: Any, t: int, error: float, weight: float) -> None:
    base, trend = line(m, t)
    alpha = weight * RATE[m.alpha]
    m.level = bounded(base + alpha * error)
    m.trend = bounded(trend + alpha * RATE[m.beta] * error)
    if m.slots > 0:
        slot = _slot(m.at, t, m.slots)
        season[slot] = bounded(season[slot] + weight * _season_rate(m.gamma, m.seen, m.slots) * error)
    if m.slots2 > 0:
        slot = _slot(m.at + m.slots, t, m.slots2)
        season[slot] = bounded(season[slot] + weight * _season_rate(m.gamma2, m.seen, m.slots2) * error)


@kernel
def _learn_factors(m: Any, season: Any, t: int, error: float, weight: float) -> None:
    base, trend = line(m, t)
    first, second = _seasons(m, season, t)
    f1, f2 = _factor(first), _factor(second)
    step = error / (f1 * f2)
    alpha = weight * RATE[m.alpha]
    m.level = bounded(base + alpha * step)
    m.trend = bounded(trend + alpha * RATE[m.beta] * step)
    if abs(base) <= _BASE_MIN:
        return
    if m.slots > 0:
        rate = weight * _season_rate(m.gamma, m.seen, m.slots)
        season[_slot(m.at, t, m.slots)] = _kept(first + rate * error / (base * f2))
    if m.slots2 > 0:
        rate = weight * _season_rate(m.gamma2, m.seen, m.slots2)
        season[_slot(m.at + m.slots, t, m.slots2)] = _kept(second + rate * error / (base * f1))


@inlined
def _season_rate(gamma: int, seen: int, slots: int) -> float:
    """A season that learns at all is a plain mean at first."""
    if gamma == _OFF:
        return 0.0
    rate = np.float64(RATE[gamma])
    if rate * (np.int64(seen) + np.int64(slots)) >= slots:  # then 2 + seen // slots is more than 1 / rate
        return rate
    return max(rate, 1.0 / (2.0 + seen // slots))


@inlined
def _kept(season: float) -> float:
    return min(max(season, _FACTOR_MIN - 1.0), _FACTOR_MAX - 1.0)


@kernel
def rebase(m: Any, season: Any, delta: float) -> None:
    """Move the level by ``delta``; a multiplicative forecast moves by delta times the season."""
    m.level = bounded(m.level + delta)


@kernel
def _run(rows: Any, season: Any, t: Any, y: Any, weight: Any, centre: Any, scale: Any) -> None:
    for i in range(len(y)):
        centre[i], scale[i] = forecast(rows[0], season, t[i])
        learn(rows[0], season, t[i], y[i], centre[i], scale[i], weight[i])


def blank(
    *,
    periods: tuple[int, ...] = (),
    multiplicative: bool = False,
    alpha: float = 0.1,
    beta: float = 0.0,
    gamma: float = 0.1,
    phi: float = 0.98,
    spread: float = SPREAD_RATE,
    floor: float = 0.0,
) -> NDArray[np.void]:
    """A record that has seen nothing; shape (1,). At most two ``periods``, in buckets, each below 65,536."""
    if len(periods) > 2 or not all(2 <= p < 65_536 for p in periods):
        raise ValueError(f"one or two periods of 2 to 65,535 buckets, not {periods}")
    rows = np.zeros(1, dtype)
    for field, period in zip(("slots", "slots2"), periods, strict=False):
        rows[field] = period
    rows["flags"] = MULTIPLICATIVE if multiplicative else 0
    rows["alpha"], rows["beta"], rows["spread"] = code_of(alpha), code_of(beta), code_of(spread)
    rows["gamma"] = rows["gamma2"] = code_of(gamma)
    rows["damping"] = code_of(1.0 - phi)
    rows["floor"] = max(code_of(floor), 1) if floor > 0.0 else 0
    return rows


def warm(
    y: NDArray[np.float64],
    t: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    periods: tuple[int, ...] = (),
    multiplicative: bool = False,
    alpha: float = 0.1,
    beta: float = 0.0,
    gamma: float = 0.1,
    phi: float = 0.98,
    spread: float = SPREAD_RATE,
    floor: float = 0.0,
) -> Warm:
    """A learner that has seen ``y`` (in units of scale), with its prequential forecasts.

    All forecasts are prequential; those of the first turns of a season are poor, for it is new.
    ``multiplicative`` wants an offset of 0.

    >>> y = np.tile([1.0, 5.0, 3.0, -2.0], 8)
    >>> bool(np.abs(warm(y, np.arange(32), periods=(4,)).residual[16:]).max() < 1.0)
    True
    """
    rows = blank(
        periods=periods,
        multiplicative=multiplicative,
        alpha=alpha,
        beta=beta,
        gamma=gamma,
        phi=phi,
        spread=spread,
        floor=floor,
    )
    season = np.zeros(season_slots(rows[0]), np.float32)
    return Warm.over(_run, rows, season, t, y, weight)
