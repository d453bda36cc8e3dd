"""A season that is longer than a window can show, found in what lies further back and in larger strides.

A window by the minute spans three days, so to it each weekend is a change of level. `Past` holds the values
of up to five weeks. Their means over half an hour (`Past.rough`) are searched for seasons as any window is; a
season of which the window has less than two turns is then held against all other models in a contest of its
own, by means over the strides of a profile (`seasonal_profile.stride_of`). If it wins there, `Long` makes
candidates that begin with what was learned before the window. The window tests them as it does all others,
and they may lose there what they gain further back, but not more than a season is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.baseline.seasonal_profile import Known, stride_of
from learners.candidate import ALPHAS, Candidate, Series, candidates, profile, scaled
from learners.contest import contest
from learners.durations import HOUR_MS
from learners.unit import scale_of

ROUGH_MOST = 2_016
"""Strides in which seasons are looked for, at most."""
TURNS_IN_WINDOW = 2
"""A season with so many turns in the window needs no past."""
NAMED = (Family.HOLT_WINTERS, Family.SEASONAL_PROFILE, Family.KALMAN)
"""Families that compete where seasons are compared."""
_FULL = 0.9
"""Share of the profile's slots that must have values before the window begins."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """``t`` int64, buckets in local civil time, strictly increasing, up to the end of the window; ``y``
    float64, raw values, finite."""

    t: NDArray[np.int64]
    y: NDArray[np.float64]
    cadence_ms: int

    @staticmethod
    def of(t: NDArray[np.int64], y: NDArray[np.float64], cadence_ms: int) -> Past | None:
        """From buckets that may stand still or go back where clocks do; None of no values."""
        fine = np.isfinite(y) & (np.diff(np.maximum.accumulate(t), prepend=t[:1] - 1) > 0)
        return Past(t[fine], np.clip(y[fine], -1e300, 1e300), cadence_ms) if fine.any() else None

    def rough(self) -> int:
        """The stride in which seasons are looked for: a whole part of an hour; 0 where there is none.

        >>> Past(np.arange(50_400), np.zeros(50_400), 60_000).rough()
        30
        >>> Past(np.arange(9_000), np.zeros(9_000), 420_000).rough()
        0
        """
        span = int(self.t[-1] - self.t[0]) + 1 if len(self.t) else 0
        least = max(-(-span // ROUGH_MOST), 2)
        most = HOUR_MS // self.cadence_ms
        return next((s for s in range(least, most + 1) if HOUR_MS % (s * self.cadence_ms) == 0), 0)

    def means(self, stride: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Means over ``stride`` buckets, each around the multiple of ``stride`` that it is numbered by.

        >>> t, y = Past(np.arange(6), np.array([1.0, 3.0, 5.0, 7.0, 9.0, 11.0]), 60_000).means(4)
        >>> t.tolist(), y.tolist()
        ([0, 1], [2.0, 8.0])
        """
        place = (self.t + stride // 2) // stride
        starts = np.flatnonzero(np.diff(place, prepend=place[0] - 1))
        count = np.diff(starts, append=len(place))
        return place[starts], np.add.reduceat(self.y / count.repeat(count), starts)


@dataclass(frozen=True, slots=True, eq=False)
class Long:
    """A season of ``period`` buckets, and the means over ``stride`` of them from before the window; ``gain``:
    nats a stride by which it is better there than the best without it."""

    period: int
    stride: int
    t: NDArray[np.int64]
    y: NDArray[np.float64]
    gain: float

    def candidates(self, offset: float, unit: float) -> list[Candidate]:
        """Profiles that have seen what lies before the window, in its units."""
        known = Known.of(self.t, scaled(self.y, offset, unit), self.period // self.stride)
        return [profile(self.period, alpha, known) for alpha in ALPHAS]

    def __str__(self) -> str:
        turns = (int(self.t[-1] - self.t[0]) + 1) / (self.period // self.stride)
        return (
            f"season of {self.period} buckets: taken from {turns:.1f} turns before the window, "
            f"{self.gain:.2f} nats better there"
        )


def long_season(
    past: Past, window: NDArray[np.int64], periods: Sequence[int], metric_class: str
) -> Long | None:
    """The longest of ``periods`` (buckets, found in the whole of the past) that the buckets ``window`` are
    too few for, if a model with it is the best there was."""
    span = int(window[-1] - window[0]) + 1
    beyond = [period for period in periods if period * TURNS_IN_WINDOW > span and stride_of(period) > 1]
    if not beyond:
        return None
    period = max(beyond)
    stride = stride_of(period)
    t, y = past.means(stride)
    offset, unit = scale_of(y)
    inner = tuple(sorted(p // stride for p in periods if p % stride == 0 and p // stride > 1))
    series = Series(t, y, np.full(len(t), np.nan), offset, unit, inner, metric_class)
    slots = period // stride
    entries = contest(series, candidates(series, NAMED), None)
    having = [entry.loss for entry in entries if slots in entry.candidate.knobs.get("periods", ())]
    others = [entry.loss for entry in entries if slots not in entry.candidate.knobs.get("periods", ())]
    before = (t + 1) * stride <= window[0]
    full = len(np.unique(t[before] % slots)) >= _FULL * slots
    if not (having and full and min(having) < min(others)):
        return None
    return Long(period, stride, t[before], y[before], min(others) - min(having))
