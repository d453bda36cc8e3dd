"""From surprises to one score: the correction, the scale from 0 to 100, and the default thresholds.

A surprise is L = -log10 p. Three statistics are asked about each sample (its residual, the low-pass of
residuals, the run of equal values), so the smallest of three probabilities is multiplied by three
(Bonferroni): L = max(L1, L2, L3) - log10 3, not below 0.

`L_OPEN` = 5 means one false anomaly in 100,000 samples: about one per ten series and week at one minute.
"""

from __future__ import annotations

import math

from learners.compiled import inlined, kernel
from learners.durations import DAY_MS

L_OPEN = 5.0
L_CLOSE = 2.5
L_QUIET = 2.0
"""Up to this L a sample teaches fully; from `L_OPEN` on, nothing."""
TESTS = math.log10(3.0)
"""What asking three statistics costs each of them."""
SUPPORTED = 256
FAR = 32.0
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
def left_to_say(level: float, said: float) -> float:
    """The surprise of a sample in an open anomaly whose largest so far is ``said``: all of it where it is
    larger still, else just above `L_OPEN`, since that something is wrong has been said. Their order stays.

    >>> left_to_say(9.0, 7.0), left_to_say(3.0, 7.0), L_OPEN < left_to_say(7.0, 7.0) < left_to_say(8.0, 8.0)
    (9.0, 3.0, True)
    """
    if level <= L_OPEN or level > said:
        return level
    return L_OPEN + 0.1 * (1.0 - L_OPEN / level)


@inlined
def is_young(n: int, cadence_ms: int) -> bool:
    """Do ``n`` samples say too little to support any surprise? It takes those of a day, and `SUPPORTED`.

    >>> is_young(1439, 60_000), is_young(1440, 60_000), is_young(255, 3_600_000), is_young(256, 3_600_000)
    (True, False, True, False)
    """
    return n < SUPPORTED or n * cadence_ms < DAY_MS


@inlined
def in_first_week(n: int, cadence_ms: int) -> bool:
    """Has a series of ``n`` samples seen less than a week?"""
    return n * cadence_ms < 7 * DAY_MS


@inlined
def is_weekend(local_ms: int) -> bool:
    """Is the local time one of a Saturday or Sunday?

    >>> [is_weekend(day * 86_400_000) for day in range(7)]  # from a Thursday on
    [False, False, True, True, False, False, False]
    """
    return (local_ms // DAY_MS + 4) % 7 % 6 == 0


@kernel
def supported(n: int, r: float, cadence_ms: int) -> float:
    """The largest surprise that ``n`` samples support of a residual of ``r`` scales; any once the series is
    young no more.

    In proportion to log n, such that a day of samples supports an anomaly at one minute, and `SUPPORTED` of
    them at longer cadences. Fewer are enough where less is asked (`learners.grade`), some 40 at an hour, or
    for what lies beyond `FAR` scales.

    >>> [round(supported(32, r, 3_600_000), 2) for r in (6.0, 48.0)], supported(1440, 0.0, 60_000) > 1e9
    ([3.42, 5.13], True)
    """
    if not is_young(n, cadence_ms):
        return math.inf
    plenty = max(SUPPORTED, DAY_MS // max(cadence_ms, 1))
    known = math.log(max(n, 1)) / math.log(plenty)
    return (L_OPEN + TESTS) * known * beyond_far(r)


@kernel
def beyond_far(r: float) -> float:
    """How many times `FAR` a residual of ``r`` scales lies out, at least 1: what is so far out needs less
    experience."""
    return max(abs(r) / FAR, 1.0)


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
