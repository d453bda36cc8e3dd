"""From surprises to one score: the correction, the scale from 0 to 100, and the default thresholds.

A surprise is L = -log10 p. Three statistics are asked about each sample (its residual, the low-pass of
residuals, the run of equal values), so the smallest of three probabilities is multiplied by three
(Bonferroni): L = max(L1, L2, L3) - log10 3, not below 0.

`L_OPEN` = 5 means one false anomaly in 100,000 samples: about one per ten series and week at one minute.
"""

from __future__ import annotations

import math

from learners.compiled import kernel

L_OPEN = 5.0
L_CLOSE = 2.5
L_QUIET = 2.0
"""Up to this L a sample teaches fully; from `L_OPEN` on, nothing."""
TESTS = math.log10(3.0)
"""What asking three statistics costs each of them."""
SUPPORTED = 256
FAR = 16.0
_HALF_SCORE = 4.0


@kernel
def combine(l1: float, l2: float, l3: float) -> float:
    """The surprise of a sample of which three statistics have surprises ``l1``, ``l2``, ``l3``.

    >>> combine(0.3, 0.1, 0.0), round(combine(6.0, 1.0, 0.0), 3)
    (0.0, 5.523)
    """
    return max(max(l1, l2, l3) - TESTS, 0.0)


@kernel
def levelled(l1: float, l2: float, l3: float, stretch: float) -> float:
    """`combine` on the scale of a minute: the first two are worth ``stretch`` times as much
    (`learners.grade`); the third, of runs, counts buckets and is on that scale already.

    >>> round(levelled(6.0, 1.0, 0.0, 2.0), 3), round(levelled(1.0, 1.0, 6.0, 2.0), 3)
    (11.046, 5.523)
    """
    return max((max(l1, l2) - TESTS) * stretch, l3 - TESTS, 0.0)


@kernel
def score(level: float) -> float:
    """A surprise as shown: 0 to below 100, strictly increasing; 55.6 at `L_OPEN`.

    >>> score(0.0), score(4.0), round(score(L_OPEN), 1)
    (0.0, 50.0, 55.6)
    """
    return 100.0 * level / (level + _HALF_SCORE)


@kernel
def supported(n: int, r: float) -> float:
    """The largest surprise that ``n`` samples support of a residual of ``r`` scales; any from `SUPPORTED` on.

    In proportion to log n, such that `SUPPORTED` samples are enough for an anomaly at one minute. Fewer are
    enough where less is asked (`learners.grade`), some 40 at an hour, or for what lies beyond `FAR` scales.

    >>> round(supported(32, 6.0), 2), round(supported(32, 20.0), 2), supported(256, 0.0) > 1e9
    (3.42, 4.28, True)
    """
    if n >= SUPPORTED:
        return math.inf
    known = math.log(max(n, 1)) / math.log(SUPPORTED)
    return (L_OPEN + TESTS) * known * max(abs(r) / FAR, 1.0)


@kernel
def gate(level: float) -> float:
    """How much a sample of surprise ``level`` may teach: 1 up to `L_QUIET`, falling to 0 at `L_OPEN`.

    >>> gate(1.0), round(gate(3.5), 6), gate(9.0)
    (1.0, 0.5, 0.0)
    """
    return min(max((L_OPEN - level) * (1.0 / (L_OPEN - L_QUIET)), 0.0), 1.0)


@kernel
def n_factor(n: float, n_mean: float) -> float:
    """How much wider than usual the residual of a value with ``n`` observations behind it may be.

    Half of the variance is taken to be the metric's own, half sampling noise that falls with n:
    sqrt((1 + n_mean / n) / 2). It is 1 where n or its mean is unknown (NaN), and at most 100.

    >>> n_factor(50.0, 50.0), n_factor(float("nan"), 50.0), round(n_factor(1.0, 49.0), 6)
    (1.0, 1.0, 5.0)
    """
    if math.isnan(n) or math.isnan(n_mean) or n_mean <= 0.0:
        return 1.0
    if n <= 0.0:
        return 100.0
    return min(math.sqrt(0.5 * (1.0 + n_mean / n)), 100.0)
