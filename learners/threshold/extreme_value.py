"""Peaks over threshold on either side, stretched by the record of unconfirmed extremes. 32 bytes a series.

Each side has two laws, joined on the axis of residuals:

- *The tail law.* Beyond the threshold u, which one residual in twenty exceeds, excesses follow a generalised
  Pareto law (scale s, shape x in [0, 0.5]):  P(R > r) = q (1 + x (r - u) / s)^(-1/x),  q = 0.05.
  u follows its quantile; s and x follow the likelihood by natural-gradient steps on clipped excesses,
  so recurring extremes make the law heavier and a single one hardly does.
- *The record.* How far the largest residual of the last half-lives lies beyond what the law expects of N =
  2,000 samples. It stretches the law's quantiles in proportion to L, by record / (log10 N (1 +
  recurrence)):

      limit(L) = law(L) + L record / (log10 N (1 + recurrence))

  Alone, it puts the alarm at about 1.5 times the largest residual seen; each extreme that recurs within
  the half-life weakens it in favour of the law, which has learned from each of them.

Between 0 and u(L = 1.3) the surprise is a parabola. So `surprise` is strictly increasing in |r|,
continuous, and `limit` is its exact inverse. About 4 ns for an ordinary
residual, 30 to 100 ns beyond; learning takes 3 ns, and 15 for one residual in twenty. What fades, fades at
every eighth sample by eight steps at once.

Sources: J. Pickands, Ann. Statist. 3 (1975) 119; R. L. Smith, Biometrika 72 (1985) 67 (information matrix);
J. R. M. Hosking & J. R. Wallis, Technometrics 29 (1987) 339 (warm start); sinch seed (largest deviation).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import tail_dtype
from learners.compiled import inlined, kernel
from learners.gaussian import HALF
from learners.grade import ASKED

EXCEEDED = 0.05
HALF_LIFE = 4096
SHAPE_MAX = 0.5
_SHAPE_UNIT = SHAPE_MAX / 255.0
_RECUR_UNIT = 1.0 / 4096.0
_L_ZERO = HALF
_L_Q = -math.log10(EXCEEDED)
_L_N = math.log10(2000.0)
_LN10 = math.log(10.0)
_U_MIN = 0.5
_S_MIN = 0.1
_LARGE = 1e9
FAR_MOST = 1e100
_U_RATE = 0.01
_TAIL_RATE = 0.01
_CLIP_DEPTH = math.log(1000.0)  # an excess teaches at most as one that the law expects once in 1,000 of them
_OUTLIER = 1.25
_PRIOR_U = 1.645
_PRIOR_N = 40.0
_PRIOR_EXCESS = 0.35  # mean excess in units of u; 0.26 for a Gaussian
_PRIOR_EXCESS_N = 5.0
_PRIOR_SHAPE = 0.15
_PRIOR_SHAPE_N = 30.0
_APART = 8

dtype = tail_dtype(
    [
        ("threshold", "f4", (2,)),  # [0] downward, [1] upward, as in every field
        ("excess", "f4", (2,)),  # scale of the Pareto law
        ("record", "f4", (2,)),  # largest residual beyond what the law expects of 2,000
        ("recurrence", "u2", (2,)),  # how many such, in units of 1/4096
        ("shape", "u1", (2,)),  # in units of 0.5/255
        ("fading", "u1"),  # log2 of the half-life in samples, 0: 12; and 32 x samples since the last fading
    ]
)


@kernel
def _law(u: float, s: float, x: float, depth: float) -> float:
    """The residual that the tail law exceeds with probability q e^-depth."""
    if x <= 0.0:
        return u + s * depth
    return u + s * math.expm1(min(x * depth, 600.0)) / x


def _by_shape(depth: float) -> NDArray[np.float64]:
    """`_law` with u = 0 and s = 1 at a fixed ``depth``, for each shape that can be stored."""
    return np.array([_law(0.0, 1.0, code * _SHAPE_UNIT, depth) for code in range(256)])


TO_OPEN: NDArray[np.float64] = np.array([_by_shape((asked - _L_Q) * _LN10) for asked in ASKED.tolist()])
"""By place of the grade and by shape: how far beyond the threshold an anomaly opens."""
_TO_EXPECTED = _by_shape((_L_N - _L_Q) * _LN10)
_TO_CLIP = _by_shape(_CLIP_DEPTH)
_FORGOTTEN = np.array([math.log(2.0) / (1 << (code if code else 12)) for code in range(32)])
"""Share of the record that one sample takes away, by code of the half-life."""
_FADE_EVERY = 8


@inlined
def shared(recurrence: float) -> float:
    """Denominator of the stretch a unit of L, at least log10 N; ``recurrence`` in stored units."""
    return _L_N * (1.0 + recurrence * _RECUR_UNIT)


@inlined
def part_of(far: float, u: float, record: float, recurrence: float) -> float:
    """``far`` over the stretched threshold; up to 1 a residual is an ordinary one."""
    by = shared(recurrence)
    return far * by / (max(u, _U_MIN) * by + max(record, 0.0) * _L_Q)


@inlined
def ordinary(part: float) -> float:
    """The surprise of an ordinary residual, a parabola in `part_of`."""
    return _L_ZERO + (_L_Q - _L_ZERO) * part * part


@inlined
def surprise(m: Any, r: float) -> float:
    """-log10 P(residual at least as far out as ``r`` on its side); 0.301 at 0."""
    k = 1 if r >= 0.0 else 0
    far = min(abs(r), FAR_MOST)
    part = part_of(far, np.float64(m.threshold[k]), np.float64(m.record[k]), np.float64(m.recurrence[k]))
    if part <= 1.0:
        return ordinary(part)
    return beyond(m, k, far)


@kernel
def beyond(m: Any, k: int, far: float) -> float:
    """The surprise of a residual that is no ordinary one, on side ``k``."""
    u = max(np.float64(m.threshold[k]), _U_MIN)
    stretch = max(np.float64(m.record[k]), 0.0) / shared(np.float64(m.recurrence[k]))
    s = max(np.float64(m.excess[k]), _S_MIN)
    x = m.shape[k] * _SHAPE_UNIT
    # The law alone, without the stretch, is an upper bound; from there Newton's steps fall monotonically.
    if x > 0.0:
        depth = math.log1p(x * (far - u) / s) / x
    else:
        depth = (far - u) / s
    if stretch > 0.0:
        for _ in range(60):
            grown = math.exp(x * depth)
            value = u + stretch * (_L_Q + depth / _LN10) - far
            value += s * (grown - 1.0) / x if x > 0.0 else s * depth
            step = value / (s * grown + stretch / _LN10)
            depth -= step
            if step <= 1e-12 * (1.0 + depth):
                break
    return float(_L_Q + max(depth, 0.0) / _LN10)


@inlined
def open_limit(
    u: float, excess: float, to_open: float, record: float, recurrence: float, asked: float
) -> float:
    """`limit` where an anomaly opens, which is asked for twice a sample; ``to_open`` is `TO_OPEN` of the
    grade and the shape, ``asked`` the grade's `grade.ASKED`."""
    stretch = max(record, 0.0) / shared(recurrence)
    return max(u, _U_MIN) + max(excess, _S_MIN) * to_open + stretch * asked


@inlined
def opens(m: Any, side: int, grade: int) -> float:
    """The residual (>= 0) on ``side`` at which an anomaly opens in a series of ``grade`` (its place)."""
    k = 1 if side > 0 else 0
    to_open = TO_OPEN[grade, m.shape[k]]
    record, recurrence = np.float64(m.record[k]), np.float64(m.recurrence[k])
    return open_limit(
        np.float64(m.threshold[k]), np.float64(m.excess[k]), to_open, record, recurrence, ASKED[grade]
    )


@inlined
def limit(m: Any, side: int, level: float) -> float:
    """The residual (>= 0) at which the surprise on ``side`` (+1, -1) reaches ``level``."""
    k = 1 if side > 0 else 0
    excess = max(np.float64(m.excess[k]), _S_MIN)
    record, recurrence = np.float64(m.record[k]), np.float64(m.recurrence[k])
    u, stretch = max(np.float64(m.threshold[k]), _U_MIN), max(record, 0.0) / shared(recurrence)
    if level <= _L_Q:
        return (u + stretch * _L_Q) * math.sqrt(max(level - _L_ZERO, 0.0) / (_L_Q - _L_ZERO))
    depth = (level - _L_Q) * _LN10
    return _law(u, excess, m.shape[k] * _SHAPE_UNIT, depth) + stretch * level


@inlined
def learn(m: Any, r: float, weight: float) -> None:
    """Take in the residual ``r`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    far = min(abs(r), _LARGE)
    k = 1 if r >= 0.0 else 0
    m.fading = (m.fading + 32) & 255
    if m.fading < 32:
        _fade(m)
    u = max(np.float64(m.threshold[k]), _U_MIN)
    if far > u:
        _learn_excess(m, k, far, u, weight)


@kernel
def _fade(m: Any) -> None:
    """What `_FADE_EVERY` samples without an excess take away: of the record, and of the threshold."""
    kept = 1.0 - _FADE_EVERY * _FORGOTTEN[m.fading & 31]
    fall = _FADE_EVERY * _U_RATE * EXCEEDED
    for k in range(2):
        m.record[k] = np.float64(m.record[k]) * kept
        m.threshold[k] = max(m.threshold[k] - fall * max(np.float64(m.excess[k]), _S_MIN), _U_MIN)


@kernel
def _learn_excess(m: Any, k: int, far: float, u: float, weight: float) -> None:
    s = max(np.float64(m.excess[k]), _S_MIN)
    x = m.shape[k] * _SHAPE_UNIT
    m.threshold[k] = min(u + _U_RATE * weight * s, _LARGE)
    expected = u + s * _TO_EXPECTED[m.shape[k]]
    seen = m.recurrence[k] * _RECUR_UNIT * (1.0 - min(weight * _FORGOTTEN[m.fading & 31] / EXCEEDED, 1.0))
    if far > _OUTLIER * expected:
        seen += weight
    m.recurrence[k] = int(min(seen / _RECUR_UNIT, 65535.0))

    # One natural-gradient step of the likelihood: inverse Fisher information times score.
    z = min(far, u + s * _TO_CLIP[m.shape[k]]) / s - u / s
    shrunk = z / (1.0 + x * z)
    score_s = (1.0 + x) * shrunk - 1.0
    if x > 1e-3:
        score_x = math.log1p(x * z) / (x * x) - (1.0 + 1.0 / x) * shrunk
    else:
        score_x = 0.5 * z * z - z
    step = _TAIL_RATE * weight * (1.0 + x)
    move = step * (2.0 * score_s - score_x)
    s_new = s * (1.0 + move * (1.0 + 0.5 * move))  # exp of a small number
    x_new = x + step * ((1.0 + x) * score_x - score_s)
    if s_new < _S_MIN:  # the floor is no evidence of a heavy tail
        s_new, x_new = _S_MIN, min(x_new, x)
    s_new = min(s_new, _LARGE)
    x_new = min(max(x_new, 0.0), SHAPE_MAX)
    m.excess[k] = s_new
    m.shape[k] = int(x_new / _SHAPE_UNIT + 0.5)
    over = far - _law(u, s_new, x_new, (_L_N - _L_Q) * _LN10)
    if over > m.record[k]:
        m.record[k] = m.record[k] + weight * (over - m.record[k])


def warm(residuals: NDArray[np.float64], *, half_life: int = HALF_LIFE) -> NDArray[np.void]:
    """A record from warm-up ``residuals`` (in scales; prequential ones): quantile, Pareto fit, record.

    Few residuals are helped out by a law between Gaussian and exponential. ``half_life`` is that of the
    record, in samples (rounded to a power of two).

    >>> m = warm(np.linspace(-2.0, 2.0, 1000))
    >>> 1.7 < float(m["threshold"][1]) < 1.9, limit(m.reshape(1)[0], 1, 5.0) < 6.0
    (True, True)
    """
    rows = np.zeros(1, dtype)
    rows["fading"] = min(max(round(math.log2(max(half_life, 2))), 6), 31)
    r = np.clip(residuals[np.isfinite(residuals)], -_LARGE, _LARGE)
    for k, side in enumerate((-r, r)):
        _warm_side(rows[0], k, side)
    return rows.reshape(())


def _warm_side(m: Any, k: int, side: NDArray[np.float64]) -> None:
    n = len(side)
    u = _PRIOR_U
    if n:
        u = (n * float(np.quantile(side, 1.0 - EXCEEDED)) + _PRIOR_N * _PRIOR_U) / (n + _PRIOR_N)
    u = max(u, _U_MIN)
    excess = np.sort(side[side > u]) - u
    if len(excess) > 1:  # the largest teach no more than the law of the others allows
        s, x = _fit(excess[: -max(len(excess) // 25, 1)], _PRIOR_EXCESS * u)
        excess = np.minimum(excess, _law(0.0, s, x, _CLIP_DEPTH))
    s, x = _fit(excess, _PRIOR_EXCESS * u)
    m["threshold"][k], m["excess"][k] = u, s
    m["shape"][k] = int(x / _SHAPE_UNIT + 0.5)
    expected = _law(u, s, x, (_L_N - _L_Q) * _LN10)
    if n and side.max() > expected:
        m["record"][k] = side.max() - expected
        outliers = np.flatnonzero(side > _OUTLIER * expected)
        spells = 1 + int(np.count_nonzero(np.diff(outliers) > _APART)) if len(outliers) else 0
        m["recurrence"][k] = int(min(spells, 15) / _RECUR_UNIT)


def _fit(excess: NDArray[np.float64], prior: float) -> tuple[float, float]:
    """Scale and shape of the Pareto law by probability-weighted moments of sorted ``excess``, shrunk."""
    n = len(excess)
    x = _PRIOR_SHAPE
    mean = prior
    if n:
        mean = (float(excess.sum()) + _PRIOR_EXCESS_N * prior) / (n + _PRIOR_EXCESS_N)
    if n >= 5:
        b0 = float(excess.mean())
        b1 = float(np.sum(excess * np.arange(n - 1, -1, -1)) / ((n - 1) * n))
        shape = 2.0 - b0 / max(b0 - 2.0 * b1, 1e-12 * b0 + 1e-300)
        x = (n * min(max(shape, -0.5), 1.0) + _PRIOR_SHAPE_N * _PRIOR_SHAPE) / (n + _PRIOR_SHAPE_N)
    x = min(max(x, 0.0), SHAPE_MAX)
    return max(mean * (1.0 - x), _S_MIN), x
