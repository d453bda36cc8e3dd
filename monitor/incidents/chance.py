"""How improbable it is that so much happens by itself: the scale that reasons to join are weighed on."""

from __future__ import annotations

import math


def improbability(expected: float, times: int = 1) -> float:
    """−log10 of the chance of ``times`` or more where so many are expected (Poisson).

    >>> round(improbability(0.1), 2), round(improbability(5.0), 2), round(improbability(0.1, 2), 2)
    (1.02, 0.0, 2.33)
    """
    if expected <= 0.0:
        return math.inf
    term = math.exp(times * math.log(expected) - expected - math.lgamma(times + 1))
    tail, more = 0.0, times
    while term > tail * 1e-12 or more < expected:
        tail += term
        more += 1
        term *= expected / more
    return max(-math.log10(min(tail, 1.0)), 0.0) if tail > 0.0 else math.inf
