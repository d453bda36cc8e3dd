"""A window whose level changed for good, as if it had always been at its last level.

A level that was adopted stays in the window for as long as that reaches back. The few residuals of the change
itself then are the tail of the law, the distance between the levels is the spread, and the band is several
times too wide for weeks. So a pass also looks at the window with the parts before each change moved to the
level of the last one: seasons, noise and their law keep the whole window to be learned from.

A change is one of `changepoint`, in values less the median of their slot of the season. At most
`CHANGES_MOST` of them, each sudden: more, or slow ones, are how the series is. And the last level must have
lasted for as long as an open anomaly takes to be adopted, max(7 days, 2 longest seasons, 200 buckets): of a
young series, two levels may be its day and its night. Whether the moved window is better is for the contest
to say (`learners.select`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from learners.drift.changepoint import LEAST, ChangePoint, change_points
from learners.durations import DAY_MS

CHANGES_MOST = 2
VALUES_MIN = 64
LASTING_MS, LASTING_SEASONS, LASTING_BUCKETS = 7 * DAY_MS, 2, 200
PARTS = 8
_APART = 3.0


def on_last_level(
    t: NDArray[np.int64], y: NDArray[np.float64], periods: tuple[int, ...], cadence_ms: int
) -> NDArray[np.float64] | None:
    """``y`` with every part before a change of level moved to the level of the last part; None where nothing
    changed, too much, or too lately. ``t`` in buckets of ``cadence_ms``, ``periods`` too. Some 0.2 ms for
    2,016 values where nothing did.

    >>> t = np.arange(400)
    >>> y = np.random.default_rng(1).standard_normal(400) + np.where(t < 150, 0.0, 9.0)
    >>> moved = on_last_level(t, y, (), 3_600_000)
    >>> moved is not None and abs(float(moved[:150].mean() - moved[150:].mean())) < 0.3
    True
    >>> on_last_level(t[:300], y[:300], (), 3_600_000) is None
    True
    """
    lasting = max(
        LASTING_MS // max(cadence_ms, 1), LASTING_SEASONS * max(periods, default=0), LASTING_BUCKETS
    )
    if len(y) < 2 * VALUES_MIN or t[-1] - t[0] < lasting:
        return None
    plain = y
    for period in periods:
        plain = plain - slot_medians(t, plain, period)
    if not _unlike(plain):
        return None
    changes = change_points(plain)
    if not 0 < len(changes) <= CHANGES_MOST:
        return None
    last = changes[-1].at
    if len(y) - last < VALUES_MIN or t[-1] - t[last] < lasting:
        return None
    if not all(_sudden(plain, change) for change in changes):
        return None
    edges = [0, *(change.at for change in changes), len(y)]
    levels = [changes[0].before, *(change.after for change in changes)]
    moved = y.copy()
    for (start, end), level in zip(pairwise(edges), levels, strict=True):
        moved[start:end] += levels[-1] - level
    return moved if bool(np.isfinite(moved).all()) else None


def slot_medians(t: NDArray[np.int64], y: NDArray[np.float64], period: int) -> NDArray[np.float64]:
    """For each value the (lower) median of those in its slot ``t % period``."""
    slot = t % period
    order = np.lexsort((y, slot))
    first = np.flatnonzero(np.diff(slot[order], prepend=-1))
    count = np.diff(first, append=len(y))
    middle = y[order][first + (count - 1) // 2]
    found = np.empty(len(y))
    found[order] = np.repeat(middle, count)
    return found


def _sudden(y: NDArray[np.float64], change: ChangePoint) -> bool:
    """Did the level move at once? One that wanders is on its way long before and after."""
    at = change.at
    here = float(np.median(y[at : at + LEAST]) - np.median(y[at - LEAST : at]))
    return abs(here) >= 0.5 * abs(change.after - change.before)


def _unlike(y: NDArray[np.float64]) -> bool:
    """Do the levels of equal parts lie apart, beside the spread inside them? Asked first: it is cheap."""
    parts = y[: len(y) // PARTS * PARTS].reshape(PARTS, -1)
    middle = np.median(parts, axis=1)
    inside = float(np.median(np.abs(parts - middle[:, None])))
    return float(middle.max() / 2.0 - middle.min() / 2.0) * 2.0 > _APART * inside
