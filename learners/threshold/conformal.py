"""Ranks of recent residuals: tracked quantiles, continued by the law they imply. 32 bytes a series.

On each side three quantiles of the residuals are tracked, which one residual in 10, 50 and 250 exceeds:

    q <- q + rate * gap * (exceeded - p)

so in the long run each is exceeded as often as it says, *whatever the distribution* and however it changes.
Between them the surprise is linear in r (a parabola up to the first). Beyond the last, where ranks of a few
hundred samples end, it follows the generalised Pareto law through the last two, whose shape in [0, 0.5] is
that at which the mean of ln((r - q2) / (q3 - q2)) beyond q3 is what it lately was: a logarithm, so one
extreme moves it little. The gate keeps part of the extremes from teaching; what it keeps away under the law
is reckoned in, so that the quantiles hold behind the gate and are a little wide without one. So `surprise`
is continuous and strictly increasing in |r|, and `limit` its exact inverse.

From 128 residuals to warm up on, Gaussian and exponential ones raise fewer false alarms than stated, and t(3)
1 to 1.8 times as many at one in 300,000 a side (24 where 13 are due, in two million). The price is width: a
Gaussian's limit is 5 to 12 scales there instead of 4.5, and that of t(3) twice the true one.

About 9 ns for an ordinary residual, 45 beyond the last quantile; learning takes 13 ns. A quantile falls by
its gap to the next lower one in some 30 / p samples: 300 for the first, 8,000 for the last.

Sources: V. Vovk, A. Gammerman & G. Shafer, Algorithmic Learning in a Random World (2005) (p-values as
ranks); I. Gibbs & E. Candès, NeurIPS (2021) (tracking under change); B. M. Hill, Ann. Statist. 3 (1975) 1163
(mean logarithm of excesses).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import tail_dtype
from learners.compiled import inlined, kernel
from learners.gaussian import HALF
from learners.score import gate

EXCEEDED = (0.1, 0.02, 0.004)
_P1, _P2, _P3 = EXCEEDED
_L1, _L2, _L3 = 1.0, -math.log10(_P2), -math.log10(_P3)
_LN5 = math.log(5.0)
_LN10 = math.log(10.0)
SHAPE_MAX = 0.5
RATE = 0.03
_LOG_RATE = 0.01
_HEDGE = 0.05
_PRIOR_LOG = 0.44
_PRIOR_LOG_N = 10.0
_Q_MIN = 0.4
_GAP_MIN = 0.05
_LARGE = 1e9
_FAR_MOST = 1e100
_PRIOR = (1.29, 2.2, 3.1)
"""Quantiles of a fresh record: between a Gaussian's and an exponential law's."""
_PRIOR_N = 40.0

dtype = tail_dtype([("quantile", "f4", (2, 3)), ("log_excess", "f4", (2,))])
"""[0] downward, [1] upward. ``quantile``: in scales, by `EXCEEDED`; zeros stand for a prior law.

``log_excess``: mean of ln((r - q2) / (q3 - q2)) where r exceeds q3.
"""


_DEPTHS = -np.log((np.arange(20_000) + 0.5) / 20_000)
"""An exponential law's quantiles: how deep, in ln p, the residuals beyond a quantile lie."""


def _taught(level: float) -> NDArray[np.float64]:
    """What the gate gives each of `_DEPTHS` beyond the quantile at ``level``, as one of three statistics."""
    return np.array([gate(level + depth / _LN10 - math.log10(3.0)) for depth in _DEPTHS.tolist()])


_TAUGHT3 = _taught(_L3)
TARGETS = (_P1, _P2 * float(_taught(_L2).mean()), _P3 * float(_TAUGHT3.mean()))
"""What is left of `EXCEEDED` behind the gate."""


def _mean_log(x: float) -> float:
    """The mean that is learned of ln z, z > 1, under the Pareto law of shape ``x`` with P(z > 1) = 1/5."""
    z = (np.exp(x * (_DEPTHS + _LN5)) - 1.0) / (5.0**x - 1.0)
    return float(np.average(np.log(z), weights=_TAUGHT3))


_SHAPES = np.linspace(1e-3, SHAPE_MAX, 51)
_C2, _C1, _C0 = (float(c) for c in np.polyfit([_mean_log(float(x)) for x in _SHAPES], _SHAPES, 2))


@inlined
def _quantiles(m: Any, k: int) -> tuple[float, float, float]:
    """The three quantiles of side ``k``, in order and apart."""
    if m.quantile[k, 0] <= 0.0:
        return _PRIOR
    q1 = max(np.float64(m.quantile[k, 0]), _Q_MIN)
    q2 = max(np.float64(m.quantile[k, 1]), q1 + _GAP_MIN * q1)
    return q1, q2, max(np.float64(m.quantile[k, 2]), q2 + _GAP_MIN * q1)


@inlined
def _law(gap: float, log_excess: float) -> tuple[float, float]:
    """Shape of the Pareto law through the last two quantiles, ``gap`` apart, and its scale at the last."""
    log_excess = log_excess if log_excess > 0.0 else _PRIOR_LOG
    x = _C0 + log_excess * (_C1 + log_excess * _C2) + _HEDGE
    if x <= 1e-6:
        return 0.0, gap / _LN5
    x = min(x, SHAPE_MAX)
    grown = math.exp(x * _LN5)
    return x, gap * x / (grown - 1.0) * grown


@kernel
def surprise(m: Any, r: float) -> float:
    """-log10 P(residual at least as far out as ``r`` on its side); 0.301 at 0."""
    q1, q2, q3 = _quantiles(m, 1 if r >= 0.0 else 0)
    far = min(abs(r), _FAR_MOST)
    if far <= q1:
        part = far / q1
        return HALF + (_L1 - HALF) * part * part
    if far <= q2:
        return _L1 + (_L2 - _L1) * (far - q1) / (q2 - q1)
    if far <= q3:
        return _L2 + (_L3 - _L2) * (far - q2) / (q3 - q2)
    x, s = _law(q3 - q2, np.float64(m.log_excess[1 if r >= 0.0 else 0]))
    over = (far - q3) / s
    return _L3 + (math.log1p(x * over) / x if x > 0.0 else over) / _LN10


@kernel
def limit(m: Any, side: int, level: float) -> float:
    """The residual (>= 0) at which the surprise on ``side`` (+1, -1) reaches ``level``."""
    q1, q2, q3 = _quantiles(m, 1 if side > 0 else 0)
    if level <= _L1:
        return q1 * math.sqrt(max(level - HALF, 0.0) / (_L1 - HALF))
    if level <= _L2:
        return q1 + (q2 - q1) * (level - _L1) / (_L2 - _L1)
    if level <= _L3:
        return q2 + (q3 - q2) * (level - _L2) / (_L3 - _L2)
    x, s = _law(q3 - q2, np.float64(m.log_excess[1 if side > 0 else 0]))
    depth = (level - _L3) * _LN10
    return q3 + s * (math.expm1(min(x * depth, 600.0)) / x if x > 0.0 else depth)


@kernel
def learn(m: Any, r: float, weight: float) -> None:
    """Take in the residual ``r`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    for k in range(2):
        far = r if k == 1 else -r
        q1, q2, q3 = _quantiles(m, k)
        step = RATE * weight
        m.quantile[k, 0] = min(max(q1 + step * q1 * ((far > q1) - TARGETS[0]), _Q_MIN), _LARGE)
        m.quantile[k, 1] = min(q2 + step * (q2 - q1) * ((far > q2) - TARGETS[1]), 2.0 * _LARGE)
        if far > q3:
            known = np.float64(m.log_excess[k]) if m.log_excess[k] > 0.0 else _PRIOR_LOG
            away = math.log(min((far - q2) / (q3 - q2), _LARGE)) - known
            m.log_excess[k] = known + _LOG_RATE * weight * away
        m.quantile[k, 2] = min(q3 + step * (q3 - q2) * ((far > q3) - TARGETS[2]), 4.0 * _LARGE)


def warm(residuals: NDArray[np.float64]) -> NDArray[np.void]:
    """A record from warm-up ``residuals`` (in scales; prequential ones): their quantiles.

    A prior law counts as much as 4 / p residuals, so few of them are helped out.

    >>> m = warm(np.random.default_rng(0).standard_normal(4000)).reshape(1)
    >>> [round(float(q), 1) for q in m["quantile"][0, 1]], 4.3 < limit(m[0], 1, 5.0) < 7.0
    ([1.3, 2.0, 2.6], True)
    """
    rows = np.zeros(1, dtype)
    r = np.clip(residuals[np.isfinite(residuals)], -_LARGE, _LARGE)
    n = len(r)
    for k, side in enumerate((-r, r)):
        low = 0.0
        for i, (p, prior) in enumerate(zip(EXCEEDED, _PRIOR, strict=True)):
            seen = float(np.quantile(side, 1.0 - p)) if n else prior
            prior_n = _PRIOR_N * (_P1 / p) / 10.0
            q = (n * seen + prior_n * prior) / (n + prior_n)
            low = max(q, low * (1.0 + _GAP_MIN) + (_Q_MIN if i == 0 else _GAP_MIN))
            rows["quantile"][0, k, i] = low
        _, q2, q3 = rows["quantile"][0, k].tolist()
        logs = np.log((side[side > q3] - q2) / (q3 - q2))
        rows["log_excess"][0, k] = (logs.sum() + _PRIOR_LOG_N * _PRIOR_LOG) / (len(logs) + _PRIOR_LOG_N)
    return rows.reshape(())
