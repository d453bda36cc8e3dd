"""A noncentral t law fitted to warm-up residuals, whose quantiles are the limits. 32 bytes a series.

At the fit a histogram of the residuals is explained by  r = place + size T(degrees, skewness),  T noncentral
t, by penalised likelihood; what is kept of it are the degrees and, on each side, the residuals that it
exceeds with probability 10^-1, 10^-2.5 and 10^-5. Between these the surprise is linear in

    x(r) = ln(1 + r^2 / (degrees size^2)),

in which the tail of a central t is nearly straight, and beyond the last it rises by degrees / (2 ln 10) a
unit of x: the power that every noncentral t ends in. So `surprise` is continuous and strictly increasing in
|r|, and `limit` its exact inverse. Up to L = 8 it is within 0.15 of a law without skewness; on the short
side of a skewed one it is up to 2 below. Online one number is learned: a stretch of all quantiles that lets
one residual in five lie beyond the first ones.

Fitted to 2,000 Gaussian or t(3) residuals it raises 0 to 0.9 times the stated false alarms, to 128 of t(3)
1.7 times, and limits are close (5.2 scales for a Gaussian at one in 300,000 a side). One-sided laws, as the
exponential, are no noncentral t: the limit on their long side is far too wide, where `extreme_value` is not.

About 16 ns a sample, 45 far out, learning 6 ns; a fit takes some 60 ms of scipy.

Sources: bluevine seed (histogram of errors, noncentral t, its quantiles as thresholds); N. L. Johnson &
B. L. Welch, Biometrika 31 (1940) 362 (the law).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from learners.base import tail_dtype
from learners.compiled import inlined, kernel
from learners.gaussian import HALF, MAD_SIGMA

LEVELS = (1.0, 2.5, 5.0)
_L1, _L2, _L3 = LEVELS
_LN10 = math.log(10.0)
_RATE = 0.002
_BEYOND_FIRST = 0.2
DEGREES_MIN, DEGREES_MAX = 2.0, 200.0
SKEWNESS_MAX = 6.0
_UNSURE = 3.5  # relative standard error of the degrees, around 3 of them, times the root of n
_Q_MIN = 0.3
_APART = 1.02
_STRETCH_MIN, _STRETCH_MAX = 0.25, 1e9
_LARGE = 1e9
_FAR_MOST = 1e100
_BINS = 64
_PRIOR = (1.4759, 4.5128, 15.5469)
_PRIOR_DEGREES = 5.0
_LINEAR = 0.75  # share of the way to the first quantile on which the surprise is linear, Gaussian or t

dtype = tail_dtype([("quantile", "f4", (2, 3)), ("degrees", "f4"), ("stretch", "f4")])
"""``quantile``: [0] downward, [1] upward, in scales by `LEVELS`; ``stretch``: of all of them, 0 stands for 1.

Zeros in ``quantile`` stand for a law between Gaussian and exponential.
"""


@inlined
def _quantiles(m: Any, k: int) -> tuple[float, float, float]:
    if m.quantile[k, 0] <= 0.0:
        return _PRIOR
    return np.float64(m.quantile[k, 0]), np.float64(m.quantile[k, 1]), np.float64(m.quantile[k, 2])


@inlined
def _degrees(m: Any) -> float:
    return np.float64(m.degrees) if m.degrees > 0.0 else _PRIOR_DEGREES


@inlined
def _stretch(m: Any) -> float:
    return np.float64(m.stretch) if m.stretch > 0.0 else 1.0


@inlined
def _depth(r: float, q1: float, degrees: float) -> float:
    """x(r); q1 / 1.3 is about the size of the law."""
    z = 1.3 * r / q1
    return math.log1p(z * z / degrees)


@kernel
def surprise(m: Any, r: float) -> float:
    """-log10 P(residual at least as far out as ``r`` on its side); 0.301 at 0."""
    q1, q2, q3 = _quantiles(m, 1 if r >= 0.0 else 0)
    degrees = _degrees(m)
    far = min(abs(r), _FAR_MOST) / _stretch(m)
    if far <= q1:
        part = far / q1
        return HALF + (_L1 - HALF) * (_LINEAR + (1.0 - _LINEAR) * part) * part
    x = _depth(far, q1, degrees)
    x2 = _depth(q2, q1, degrees)
    if far <= q2:
        x1 = _depth(q1, q1, degrees)
        return _L1 + (_L2 - _L1) * (x - x1) / (x2 - x1)
    x3 = _depth(q3, q1, degrees)
    if far <= q3:
        return _L2 + (_L3 - _L2) * (x - x2) / (x3 - x2)
    return _L3 + (x - x3) * degrees / (2.0 * _LN10)


@kernel
def limit(m: Any, side: int, level: float) -> float:
    """The residual (>= 0) at which the surprise on ``side`` (+1, -1) reaches ``level``."""
    q1, q2, q3 = _quantiles(m, 1 if side > 0 else 0)
    degrees = _degrees(m)
    if level <= _L1:
        share = max(level - HALF, 0.0) / (_L1 - HALF)
        part = 2.0 * share / (_LINEAR + math.sqrt(_LINEAR * _LINEAR + 4.0 * (1.0 - _LINEAR) * share))
        return part * q1 * _stretch(m)
    x2 = _depth(q2, q1, degrees)
    if level <= _L2:
        x1 = _depth(q1, q1, degrees)
        x = x1 + (x2 - x1) * (level - _L1) / (_L2 - _L1)
    else:
        x3 = _depth(q3, q1, degrees)
        if level <= _L3:
            x = x2 + (x3 - x2) * (level - _L2) / (_L3 - _L2)
        else:
            x = x3 + (level - _L3) * 2.0 * _LN10 / degrees
    return math.sqrt(degrees * math.expm1(min(x, 400.0))) * q1 / 1.3 * _stretch(m)


@kernel
def learn(m: Any, r: float, weight: float) -> None:
    """Take in the residual ``r`` with ``weight`` in [0, 1]."""
    if weight <= 0.0:
        return
    stretch = _stretch(m)
    q1, _, _ = _quantiles(m, 1 if r >= 0.0 else 0)
    beyond = 1.0 if abs(r) > q1 * stretch else 0.0
    stretch *= 1.0 + _RATE * weight * (beyond - _BEYOND_FIRST)
    m.stretch = min(max(stretch, _STRETCH_MIN), _STRETCH_MAX)
    if m.degrees <= 0.0:
        m.degrees = _PRIOR_DEGREES


def _nct() -> Any:
    """SciPy's law; its module takes half a second to import, which a start without such a fit is spared."""
    from scipy.stats import nct

    return nct


@dataclass(frozen=True, slots=True)
class Law:
    """r = place + size T, T noncentral t with ``degrees`` of freedom and noncentrality ``skewness``."""

    degrees: float
    skewness: float
    place: float
    size: float

    def surprise(self, r: float) -> float:
        """-log10 of the probability beyond ``r``, on its side; scipy is exact to 1e-3 up to 12 or so."""
        z = (r - self.place) / self.size
        # The lower tail is the upper one of the mirrored law: only that is exact far out.
        nct = _nct()
        p = nct.sf(z, self.degrees, self.skewness) if r >= 0.0 else nct.sf(-z, self.degrees, -self.skewness)
        return -math.log10(max(float(p), 1e-300))

    def quantile(self, side: int, level: float) -> float:
        """The residual (>= 0) at which the surprise on ``side`` reaches ``level``; 0 if it is there at 0."""
        if self.surprise(side * 0.0) >= level:
            return 0.0
        high = 1.0
        while self.surprise(side * high) < level:
            high *= 2.0
        return float(optimize.brentq(lambda r: self.surprise(side * r) - level, 0.0, high, xtol=1e-6))


def fit(residuals: NDArray[np.float64]) -> Law:
    """The law of the largest penalised likelihood of the histogram of finite ``residuals``.

    The penalty stands for 5 degrees of freedom, no skewness and a place of 0; it weighs as much as some 20
    residuals. Without any, that is the law.

    >>> law = fit(np.random.default_rng(0).standard_t(4, 4000))
    >>> 3.0 < law.degrees < 5.5, abs(law.skewness) < 0.3
    (True, True)
    """
    if not len(residuals):
        return Law(_PRIOR_DEGREES, 0.0, 0.0, 1.0)
    middle = float(np.median(residuals))
    size = max(MAD_SIGMA * float(np.median(np.abs(residuals - middle))), 0.25)
    z = np.clip((residuals - middle) / size, -30.0, 30.0)
    # Bins are equal in asinh: narrow in the middle, wide in the tails.
    inner = np.sinh(np.linspace(math.asinh(-12.0), math.asinh(12.0), _BINS - 1))
    counts = np.bincount(np.searchsorted(inner, z), minlength=_BINS).astype(np.float64)

    nct = _nct()

    def cost(parameters: NDArray[np.float64]) -> float:
        log_degrees, skewness, place, log_size = parameters.tolist()
        degrees = DEGREES_MIN + math.exp(min(log_degrees, 6.0))
        at = (inner - place) / math.exp(min(max(log_size, -5.0), 5.0))
        below = nct.cdf(at, degrees, min(max(skewness, -SKEWNESS_MAX), SKEWNESS_MAX))
        share = np.diff(np.concatenate([[0.0], below, [1.0]]))
        prior = 0.5 * (
            (log_degrees - math.log(_PRIOR_DEGREES - DEGREES_MIN)) ** 2
            + 4.0 * skewness**2
            + 4.0 * place**2
            + 4.0 * log_size**2
        )
        return float(prior - np.sum(counts * np.log(np.maximum(share, 1e-12))))

    start = np.array([math.log(_PRIOR_DEGREES - DEGREES_MIN), 0.0, 0.0, 0.0])
    best = optimize.minimize(
        cost, start, method="Nelder-Mead", options={"xatol": 0.01, "fatol": 0.01, "maxfev": 400}
    ).x
    degrees = min(DEGREES_MIN + math.exp(min(float(best[0]), 6.0)), DEGREES_MAX)
    skewness = min(max(float(best[1]), -SKEWNESS_MAX), SKEWNESS_MAX)
    scale = size * math.exp(min(max(float(best[3]), -5.0), 5.0))
    return Law(degrees, skewness, middle + size * float(best[2]), scale)


def kept(law: Law) -> NDArray[np.void]:
    """The record, shape (), that says what ``law`` says."""
    rows = np.zeros(1, dtype)
    for k, side in enumerate((-1, 1)):
        low = _Q_MIN
        for i, level in enumerate(LEVELS):
            low = max(law.quantile(side, level), low)
            rows["quantile"][0, k, i] = low
            low *= _APART
    rows["degrees"], rows["stretch"] = law.degrees, 1.0
    return rows.reshape(())


def warm(residuals: NDArray[np.float64]) -> NDArray[np.void]:
    """A record of the law that fits ``residuals`` (in scales; prequential ones), its tails a little heavier.

    The degrees are taken one standard error low, since too light a tail is paid for in false alarms.

    >>> m = warm(np.random.default_rng(0).standard_normal(4000)).reshape(1)
    >>> [round(float(q), 1) for q in m["quantile"][0, 1]], 4.2 < limit(m[0], 1, 5.0) < 5.5
    ([1.3, 2.8, 4.6], True)
    """
    r = np.clip(residuals[np.isfinite(residuals)], -_LARGE, _LARGE)
    law = fit(r)
    if len(r):
        law = replace(law, degrees=max(law.degrees / (1.0 + _UNSURE / math.sqrt(len(r))), DEGREES_MIN))
    return kept(law)
