"""Peaks over threshold of squared residuals, on either side. 32 bytes a series.

Beyond the threshold u, which one residual in twenty exceeds, the squares follow a generalised Pareto law
(scale s, shape x in [0, 1]):

    P(R > r) = q (1 + x (r^2 - u^2) / s)^(-1/x),  q = 0.05.

Of squares, because those of a Gaussian have an exponential tail (x = 0), where its residuals themselves would
need a negative shape; Student's t with v degrees of freedom has x = 2 / v. u follows its quantile; s and x
follow the likelihood by natural-gradient steps on clipped excesses, so a single extreme hardly makes the law
heavier, and recurring ones do.

Between 0 and u (L = 1.3) the surprise is a parabola in r. So `surprise` is strictly increasing in |r|,
continuous, and `limit` is its exact inverse. About 4 ns for an ordinary residual, 20 ns beyond; learning
takes 3 ns, and 15 for one residual in twenty. What falls, falls at every eighth sample by eight steps.

Sources: J. Pickands, Ann. Statist. 3 (1975) 119; R. L. Smith, Biometrika 72 (1985) 67 (information matrix);
J. R. M. Hosking & J. R. Wallis, Technometrics 29 (1987) 339 (warm start).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.base import tail_dtype
from learners.compiled import inlined, kernel
from learners.durations import MINUTE_MS
from learners.gaussian import HALF
from learners.grade import ASKED, place

EXCEEDED = 0.05
SHAPE_MAX = 1.0
_SHAPE_UNIT = SHAPE_MAX / 255.0
_L_ZERO = HALF
_L_Q = -math.log10(EXCEEDED)
_LN10 = math.log(10.0)
_U_MIN = 0.5
_S_MIN = 0.25
_LARGE = 1e9
FAR_MOST = 1e100
_U_RATE = 0.01
_TAIL_RATE = 0.01
_CLIP_DEPTH = math.log(1000.0)  # an excess teaches at most as one that the law expects once in 1,000 of them
_PRIOR_U = 1.645
_PRIOR_N = 40.0
_PRIOR_EXCESS = 0.8  # mean excess of squares in units of u^2; 0.64 for a Gaussian
_PRIOR_EXCESS_N = 5.0
_PRIOR_SHAPE = 0.12
_PRIOR_SHAPE_N = 30.0
_HEDGE = 0.5  # standard errors by which the shape is taken heavier than it was found
_HEAVY = 2.0  # how much more those are of heavy tails, of which moments know less
_FALL_EVERY = 8
_EVENTS_FROM = 64
_EVENTS_MOST = 2
_EVENT_EVERY = 256

dtype = tail_dtype(
    [
        ("threshold", "f4", (2,)),  # [0] downward, [1] upward, as in every field
        ("excess", "f4", (2,)),  # scale of the law of squares
        ("floor", "f4"),  # smallest scale of a residual, in units of the series
        ("shape", "u1", (2,)),  # in units of 1/255
        ("falling", "u1"),  # samples since the thresholds fell
    ]
)


@kernel
def _grown(x: float, depth: float) -> float:
    """The excess of squares, in scales, that the law exceeds with probability e^-depth."""
    if x <= 0.0:
        return depth
    return math.expm1(min(x * depth, 600.0)) / x


def _by_shape(depth: float) -> NDArray[np.float64]:
    """`_grown` at a fixed ``depth``, for each shape that can be stored."""
    return np.array([_grown(code * _SHAPE_UNIT, depth) for code in range(256)])


TO_OPEN: NDArray[np.float64] = np.array([_by_shape((asked - _L_Q) * _LN10) for asked in ASKED.tolist()])
"""By place of the grade and by shape: how far beyond the threshold an anomaly opens, in scales of squares."""
_TO_CLIP = _by_shape(_CLIP_DEPTH)


@inlined
def part_of(far: float, u: float) -> float:
    """``far`` over the threshold; up to 1 a residual is an ordinary one."""
    return far / max(u, _U_MIN)


@inlined
def ordinary(part: float) -> float:
    """The surprise of an ordinary residual, a parabola in `part_of`."""
    return _L_ZERO + (_L_Q - _L_ZERO) * part * part


@inlined
def surprise(m: Any, r: float) -> float:
    """-log10 P(residual at least as far out as ``r`` on its side); 0.301 at 0."""
    k = 1 if r >= 0.0 else 0
    far = min(abs(r), FAR_MOST)
    part = part_of(far, np.float64(m.threshold[k]))
    if part <= 1.0:
        return ordinary(part)
    return beyond(m, k, far)


@kernel
def beyond(m: Any, k: int, far: float) -> float:
    """The surprise of a residual that is no ordinary one, on side ``k``."""
    u = max(np.float64(m.threshold[k]), _U_MIN)
    x = m.shape[k] * _SHAPE_UNIT
    excess = max(far - u, 0.0) * (far + u) / max(np.float64(m.excess[k]), _S_MIN)
    depth = math.log1p(x * excess) / x if x > 0.0 else excess
    return _L_Q + depth / _LN10


@inlined
def open_limit(u: float, excess: float, to_open: float) -> float:
    """`limit` where an anomaly opens, asked for twice a sample; ``to_open``: an element of `TO_OPEN`."""
    threshold = max(u, _U_MIN)
    return math.sqrt(threshold * threshold + max(excess, _S_MIN) * to_open)


@inlined
def opens(m: Any, side: int, grade: int) -> float:
    """The residual (>= 0) on ``side`` at which an anomaly opens in a series of ``grade`` (its place)."""
    k = 1 if side > 0 else 0
    return open_limit(np.float64(m.threshold[k]), np.float64(m.excess[k]), TO_OPEN[grade, m.shape[k]])


@inlined
def limit(m: Any, side: int, level: float) -> float:
    """The residual (>= 0) at which the surprise on ``side`` (+1, -1) reaches ``level``."""
    k = 1 if side > 0 else 0
    u = max(np.float64(m.threshold[k]), _U_MIN)
    if level <= _L_Q:
        return u * math.sqrt(max(level - _L_ZERO, 0.0) / (_L_Q - _L_ZERO))
    return open_limit(u, np.float64(m.excess[k]), _grown(m.shape[k] * _SHAPE_UNIT, (level - _L_Q) * _LN10))


@inlined
def learn(m: Any, r: float, weight: float) -> None:
    """Take in the residual ``r`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    far = min(abs(r), _LARGE)
    k = 1 if r >= 0.0 else 0
    m.falling = (m.falling + 1) & (_FALL_EVERY - 1)
    if m.falling == 0:
        _fall(m)
    u = max(np.float64(m.threshold[k]), _U_MIN)
    if far > u:
        _learn_excess(m, k, far, u, weight)


@inlined
def _pace(u: float, s: float) -> float:
    """A step of the threshold: some hundredth of the distance in which the tail falls to 1/e."""
    return _U_RATE * s / (2.0 * u)


@kernel
def _fall(m: Any) -> None:
    """What `_FALL_EVERY` samples without an excess take off the thresholds."""
    for k in range(2):
        u = max(np.float64(m.threshold[k]), _U_MIN)
        fall = _FALL_EVERY * EXCEEDED * _pace(u, max(np.float64(m.excess[k]), _S_MIN))
        m.threshold[k] = max(u - fall, _U_MIN)


@kernel
def _learn_excess(m: Any, k: int, far: float, u: float, weight: float) -> None:
    s = max(np.float64(m.excess[k]), _S_MIN)
    x = m.shape[k] * _SHAPE_UNIT
    m.threshold[k] = min(u + weight * _pace(u, s), _LARGE)

    # One natural-gradient step of the likelihood: inverse Fisher information times score.
    z = min((far - u) * (far + u) / s, _TO_CLIP[m.shape[k]])
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
    m.excess[k] = min(s_new, _LARGE)
    m.shape[k] = int(min(max(x_new, 0.0), SHAPE_MAX) / _SHAPE_UNIT + 0.5)


def warm(
    residuals: NDArray[np.float64], *, floor: float = 0.0, cadence_ms: int = MINUTE_MS
) -> NDArray[np.void]:
    """A record from warm-up ``residuals`` (in scales; prequential ones, in order of time): quantile and
    Pareto fit of each side. ``floor``: smallest scale of a residual.

    Few residuals are helped out by a law between Gaussian and exponential, and the shape is taken
    half a standard error heavier than it was found. What would have been anomalies under the law of all
    the others teaches as an anomaly does later: by its largest residual alone.

    >>> m = warm(np.linspace(-2.0, 2.0, 1000))
    >>> 1.7 < float(m["threshold"][1]) < 1.9, limit(m.reshape(1)[0], 1, 5.0) < 6.0
    (True, True)
    """
    rows = np.zeros(1, dtype)
    rows["floor"] = floor
    r = np.clip(residuals[np.isfinite(residuals)], -_LARGE, _LARGE)
    asked = float(ASKED[place(cadence_ms)])
    for k, side in enumerate((-r, r)):
        _set_side(rows, k, _law(_ordinary_ones(k, side, asked)))
    return rows.reshape(())


def _set_side(rows: NDArray[np.void], k: int, law: tuple[float, float, float]) -> None:
    rows["threshold"][0, k], rows["excess"][0, k] = law[0], min(law[1], _LARGE)
    rows["shape"][0, k] = int(law[2] / _SHAPE_UNIT + 0.5)


def _ordinary_ones(k: int, side: NDArray[np.float64], asked: float) -> NDArray[np.float64]:
    """``side`` with only the largest residual of each event that is an anomaly under the law of the rest; as
    many of the largest events as are all so, up to `_EVENTS_MOST` and one in `_EVENT_EVERY` residuals."""
    if len(side) < _EVENTS_FROM:
        return side
    most = _EVENTS_MOST + len(side) // _EVENT_EVERY
    events = _largest_events(side, most)
    trial = np.zeros(1, dtype)
    while events:
        rest = np.ones(len(side), np.bool_)
        for first, end in events:
            rest[first:end] = False
        if 2 * int(rest.sum()) > len(side):
            _set_side(trial, k, _law(side[rest]))
            peaks = [float(side[first:end].max()) for first, end in events]
            if beyond(trial[0], k, min(peaks)) >= asked:
                return np.concatenate([side[rest], peaks])
        events = events[: len(events) // 2]
    return side


def _largest_events(side: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """The ``most`` largest runs of residuals beyond `_PRIOR_U`, as (first, end), largest first."""
    out = np.concatenate([[False], side > _PRIOR_U, [False]])
    firsts, ends = np.flatnonzero(~out[:-1] & out[1:]), np.flatnonzero(out[:-1] & ~out[1:])
    if not len(firsts):
        return []
    peaks = np.array([side[first:end].max() for first, end in zip(firsts, ends, strict=True)])
    largest = np.argsort(-peaks, kind="stable")[:most]
    return [(int(firsts[i]), int(ends[i])) for i in largest]


def _law(side: NDArray[np.float64]) -> tuple[float, float, float]:
    """Threshold, scale and shape."""
    n = len(side)
    u = _PRIOR_U
    if n:
        u = (n * float(np.quantile(side, 1.0 - EXCEEDED)) + _PRIOR_N * _PRIOR_U) / (n + _PRIOR_N)
    u = max(u, _U_MIN)
    beyond_u = np.sort(side[side > u])
    excess = (beyond_u - u) * (beyond_u + u)
    prior = _PRIOR_EXCESS * u * u
    if len(excess) > 1:  # the largest teach no more than the law of the others allows
        s, x = _fit(excess[: -max(len(excess) // 25, 1)], prior)
        excess = np.minimum(excess, s * _grown(x, _CLIP_DEPTH))
    s, x = _fit(excess, prior)
    error = (1.0 + x) * (1.0 + _HEAVY * x * x) / math.sqrt(len(excess) + _PRIOR_SHAPE_N)
    x = min(x + _HEDGE * error, SHAPE_MAX)
    return u, s, x


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
