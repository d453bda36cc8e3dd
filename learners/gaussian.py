"""The Gaussian tail in log space: how improbable z is, and where a given improbability lies.

Both stay finite and exact where the probability itself is below the smallest double (z > 38).
"""

from __future__ import annotations

import math

from learners.compiled import kernel

MAD_SIGMA = 1.4826
"""Standard deviations in a median of absolute deviations."""
_LN10 = math.log(10.0)
_SQRT2 = math.sqrt(2.0)
_LOG_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)
_FAR = 30.0
HALF = math.log10(2.0)
"""The surprise of z = 0: half of the probability lies beyond it."""


@kernel
def upper_tail(z: float) -> float:
    """-log10 P(Z >= z) of a standard normal Z; about 10 ns.

    >>> round(upper_tail(0.0), 4), round(upper_tail(4.2649), 4), round(upper_tail(100.0), 1)
    (0.301, 5.0, 2173.9)
    """
    if z < _FAR:
        return -math.log10(0.5 * math.erfc(z / _SQRT2))
    return (0.5 * z * z + math.log(z) + _LOG_SQRT_2PI + 1.0 / (z * z)) / _LN10


@kernel
def upper_quantile(level: float) -> float:
    """The z at which `upper_tail` reaches ``level``; 0 where ``level`` is at most log10 2.

    >>> round(upper_quantile(upper_tail(6.5)), 9)
    6.5
    """
    if level <= HALF:
        return 0.0
    z = math.sqrt(2.0 * _LN10 * (level - HALF))
    for _ in range(8):
        # The hazard of the normal is close to z + 1/z far out; elsewhere the density itself is at hand.
        if z < _FAR:
            hazard = math.exp(-0.5 * z * z - _LOG_SQRT_2PI) / (0.5 * math.erfc(z / _SQRT2))
        else:
            hazard = z + 1.0 / z
        step = (upper_tail(z) - level) * _LN10 / hazard
        z = max(z - step, 0.0)
        if abs(step) < 1e-12 * (1.0 + z):
            break
    return z
