"""What may be expected of a series without a proven model: when it gets one, and a wide band until then.

Nothing here judges anything. While a series is learning, no model's anomaly is told; the band is for whoever
looks at it. It is worked out when somebody asks, from the series' own first values and from how far its
siblings (series of the same metric with other tags) spread by now, so it may differ from one moment to the
next, and never depends on how series are spread over shards (docs/adr/0015).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEARNING, PROVISIONAL, TRUSTED = "learning", "provisional", "trusted"
FIRST_MODEL = 32
TRUSTED_FROM = 128
"""Final buckets at which a series is provisional, and trusted; a test compares them with the shard's."""
SIBLINGS_MAX = 1_000
SIBLINGS_COUNT = 4.0
"""Own values that the siblings together are worth, in the estimate of the spread."""
REACH = 5.0
"""Half-width of the wide band in spreads, for one whose centre is known."""
_LARGE = 1e150
_SHARE_MIN = 1e-9


@dataclass(frozen=True, slots=True)
class Sibling:
    """Usual level and spread (a standard deviation, robustly) of a series, in the metric's units."""

    level: float
    spread: float


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What siblings say of a spread: ``size`` in units or, if ``relative``, as a share of the level."""

    size: float
    relative: bool
    count: int

    def at(self, level: float) -> float:
        """The spread of a series of that level."""
        return self.size * abs(level) if self.relative else self.size


@dataclass(frozen=True, slots=True)
class WideBand:
    """Between ``lower`` and ``upper`` nothing would be strange; of so many own values and siblings."""

    lower: float
    upper: float
    own_values: int
    siblings: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """The next stage, how many more final buckets it takes, and the event time at which they are there if
    none of them stays empty; None where that is not known."""

    stage: str
    buckets: int
    at_ms: int | None


def expectation(stage: str, final_buckets: int, newest_ms: int, cadence_ms: int) -> Expectation | None:
    """When the next stage comes; None for a trusted series. ``newest_ms``: start of the newest bucket.

    >>> expectation("learning", 20, 1_200_000, 60_000)
    Expectation(stage='provisional', buckets=12, at_ms=1920000)
    >>> expectation("learning", 0, 0, 0)
    Expectation(stage='provisional', buckets=32, at_ms=None)
    """
    if stage == TRUSTED:
        return None
    following, needed = (PROVISIONAL, FIRST_MODEL) if stage == LEARNING else (TRUSTED, TRUSTED_FROM)
    more = max(needed - final_buckets, 0)
    return Expectation(following, more, newest_ms + more * cadence_ms if cadence_ms else None)


def borrowed(siblings: Sequence[Sibling]) -> Borrowed | None:
    """The median spread of siblings, or the median of spread over level if those are more alike; None without
    any.

    >>> borrowed([Sibling(10.0, 1.0), Sibling(1_000.0, 100.0), Sibling(50.0, 5.5)])
    Borrowed(size=0.1, relative=True, count=3)
    >>> borrowed([Sibling(10.0, 1.0), Sibling(-10.0, 1.0)])
    Borrowed(size=1.0, relative=False, count=2)
    """
    sound = [one for one in siblings if 0.0 < one.spread < _LARGE and abs(one.level) < _LARGE]
    if not sound:
        return None
    spreads = [one.spread for one in sound]
    shares = [one.spread / abs(one.level) for one in sound if one.level != 0.0]
    one_sided = len(shares) == len(sound) and len({one.level > 0.0 for one in sound}) == 1
    sensible = all(_SHARE_MIN < share < 1.0 / _SHARE_MIN for share in shares)
    if one_sided and sensible and _apart(shares) < _apart(spreads):
        return Borrowed(statistics.median(shares), True, len(sound))
    return Borrowed(statistics.median(spreads), False, len(sound))


def wide_band(values: Sequence[float], borrowed: Borrowed | None) -> WideBand | None:
    """A band round the median of a series' first values, `REACH` spreads to either side and more where few
    values say where the middle is. None without a value, and for a single one without siblings.

    >>> band = wide_band([100.0], Borrowed(2.0, False, 7))
    >>> round(band.lower), round(band.upper), band.siblings
    (86, 114, 7)
    >>> wide_band([100.0], None) is None
    True
    """
    own = [min(max(value, -_LARGE), _LARGE) for value in values if math.isfinite(value)]
    if not own or (len(own) < 2 and borrowed is None):
        return None
    level = statistics.median(own)
    weight = SIBLINGS_COUNT if borrowed is not None else 0.0
    known = borrowed.at(level) if borrowed is not None else 0.0
    squares = math.fsum((value / 2.0 - level / 2.0) ** 2 for value in own) * 4.0
    spread = math.sqrt((weight * known * known + squares) / (weight + len(own) - 1))
    reach = REACH * spread * math.sqrt(1.0 + 1.0 / len(own))
    return WideBand(level - reach, level + reach, len(own), 0 if borrowed is None else borrowed.count)


def _apart(sizes: Sequence[float]) -> float:
    """How unlike positive numbers are: the median distance of their logarithms from the median one."""
    logs = [math.log(size) for size in sizes]
    middle = statistics.median(logs)
    return statistics.median([abs(one - middle) for one in logs])
