"""Which seasons a window has: one full autocorrelation by FFT, robust to gaps, outliers and trend.

Candidates are hour, day and week where the cadence divides them, and the strongest other period of the
spectrum if none of those stands. A candidate P is accepted when

- the window covers it twice, and enough pairs of values lie P apart;
- r(P) is, but for its error, the largest autocorrelation within P/4 of it (no mere decay);
- r(P), and r(2 P) where that is covered, exceeds the usual r between P/4 and 3P/4 by `Z` standard errors
  (Bartlett's formula, from the lags below P/2, so neighbours that go together do not pass for a season) and
  by `CONTRAST_MIN`;
- if a shorter season divides it, by as much again over the multiples of that (a week must say more than its
  days).

A period that the calendar does not know must be covered three times and clear higher bars: many were looked
at. Values are clipped at five robust deviations. Short periods are sought after a piecewise-linear trend
(medians of eighths of the window) is taken away, long ones after a straight line. About 0.3 ms for 2,016
buckets.

Sources: M. S. Bartlett, J. R. Statist. Soc. Suppl. 8 (1946) 27; J. D. Scargle, Astrophys. J. 343 (1989) 874
(gaps).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

SHORTEST = 3
BUCKETS_MAX = 16_384
SAMPLES_MIN = 16
Z = 3.0
CONTRAST_MIN = 0.1
ODD_Z = 5.0
ODD_CONTRAST_MIN = 0.25
_CLIP = 5.0
_BLOCKS = 8
_PEAKS = 3
_CALENDAR = (("hour", 3_600_000), ("day", 86_400_000), ("week", 604_800_000))


@dataclass(frozen=True, slots=True)
class Seasons:
    """``periods`` in buckets, ascending, at most two; ``strength``: r(P) of each, 0 to 1; why, in words."""

    periods: tuple[int, ...]
    strength: tuple[float, ...]
    reasons: tuple[str, ...]


NONE = Seasons((), (), ())


def find(t: NDArray[np.int64], y: NDArray[np.float64], cadence_ms: int) -> Seasons:
    """Seasons of the values ``y`` at the bucket indices ``t`` (strictly increasing), finite ``y``.

    >>> t = np.arange(24 * 14)
    >>> find(t, np.sin(2 * np.pi * t / 24), 3_600_000).periods
    (24,)
    >>> find(t, np.cumsum(np.random.default_rng(5).standard_normal(len(t))), 3_600_000).periods
    ()
    """
    if len(t) < SAMPLES_MIN:
        return NONE
    near = t > t[-1] - BUCKETS_MAX
    t, y = t[near] - t[near][0], y[near]
    span = int(t[-1]) + 1
    values = _clipped(y)
    if len(t) < SAMPLES_MIN or span < 2 * SHORTEST or values is None:
        return NONE
    here = np.zeros(span)
    here[t] = 1.0
    short = _Correlation(t, values - _blocked_trend(t, values, span), here)
    long = _Correlation(t, values - _line(t, values), here)
    reach = span // _BLOCKS

    def correlation(period: int) -> _Correlation:
        return short if period <= reach else long

    found: list[tuple[int, float, str]] = []
    for word, period_ms in _CALENDAR:
        period = period_ms // cadence_ms if cadence_ms > 0 and period_ms % cadence_ms == 0 else 0
        shorter = [p for p, _, _ in found]
        if SHORTEST <= period <= span // 2 and correlation(period).is_season(period, shorter):
            found.append((period, correlation(period).r(period), word))
    for period in (*short.peaks(SHORTEST, reach), *long.peaks(max(reach + 1, SHORTEST), span // 3)):
        strength = correlation(period).r(period)
        if not found:
            if correlation(period).is_season(period, [], ODD_Z, ODD_CONTRAST_MIN):
                found.append((period, strength, "other"))
        elif _says_all(found[0], period, strength) and correlation(period).is_season(period, []):
            found[0] = (period, strength, "other")
    if len(found) > 2:  # the two strongest, in order
        found = sorted(sorted(found, key=lambda f: (-f[1], f[0]))[:2])
    return Seasons(
        tuple(period for period, _, _ in found),
        tuple(round(min(max(strength, 0.0), 1.0), 4) for _, strength, _ in found),
        tuple(f"{word}: r({period}) = {strength:.2f}" for period, strength, word in found),
    )


def _says_all(known: tuple[int, float, str], period: int, strength: float) -> bool:
    """Is all that the calendar's period repeats repeated within it already?"""
    return known[0] % period == 0 and known[0] > period and strength >= known[1] - 0.02


def _clipped(y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Values in robust deviations from their median, clipped; None if they are all alike."""
    centred = np.clip(y, -1e300, 1e300) / 2.0
    centred = centred - np.median(centred)
    size = np.abs(centred)
    spread = 1.4826 * float(np.median(size))
    if spread <= 0.0:
        top = float(size.max())
        spread = float(np.mean(size / top)) * top if top > 0.0 else 0.0
    if not spread > 0.0 or not np.isfinite(1.0 / spread):
        return None
    return np.clip(np.clip(centred, -_CLIP * spread, _CLIP * spread) / spread, -_CLIP, _CLIP)


def _line(t: NDArray[np.int64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares line, by sums (no BLAS, so bits do not depend on threads)."""
    at = t - t.mean()
    return np.asarray(x.mean() + at * (np.sum(at * x) / np.sum(at * at)))


def _blocked_trend(t: NDArray[np.int64], x: NDArray[np.float64], span: int) -> NDArray[np.float64]:
    """Medians of eighths of the window, joined by lines."""
    edges = np.searchsorted(t, np.linspace(0, span, _BLOCKS + 1))
    filled = [(a, b) for a, b in pairwise(edges.tolist()) if b - a >= 2]
    if len(filled) < 2:
        return np.full(len(x), float(np.mean(x)))
    places = [float(np.mean(t[a:b])) for a, b in filled]
    return np.interp(t, places, [float(np.mean(x[a:b])) for a, b in filled])


class _Correlation:
    """Autocorrelation of a gappy series at all lags."""

    def __init__(self, t: NDArray[np.int64], x: NDArray[np.float64], here: NDArray[np.float64]) -> None:
        x = x - x.mean()
        grid = np.zeros(len(here))
        grid[t] = x
        size = 1 << (2 * len(here) - 1).bit_length()
        self.size = size
        transform = np.fft.rfft(grid, size)
        self.power = transform.real**2 + transform.imag**2
        mask = np.fft.rfft(here, size)
        count = np.fft.irfft(mask.real**2 + mask.imag**2, size)[: len(here)]
        self.pairs = np.maximum(np.rint(count), 0.0)
        total = np.fft.irfft(self.power, size)[: len(here)]
        variance = max(float(np.mean(x * x)), 1e-300)
        self.values = np.clip(total / np.maximum(self.pairs, 1.0) / variance, -1.0, 1.0)
        self.samples = len(x)

    def r(self, lag: int) -> float:
        return float(self.values[lag])

    def peaks(self, lowest: int, highest: int) -> list[int]:
        """Periods at the strongest frequencies, each moved to the nearby lag of largest autocorrelation."""
        if highest < lowest:
            return []
        frequency = np.arange(len(self.power))
        inside = (frequency * highest >= self.size) & (frequency * lowest <= self.size)
        power = np.where(inside, self.power, 0.0)
        periods: list[int] = []
        for _ in range(_PEAKS):
            k = int(np.argmax(power))
            if power[k] <= 0.0:
                break
            width = max(2 * self.size // len(self.values), 1)
            power[max(k - width, 0) : k + width + 1] = 0.0
            period = self.size / k
            slack = 1 + int(period * period / len(self.values))
            first = max(int(period) - slack, lowest)
            last = min(int(period) + slack + 1, highest)
            if first <= last:
                periods.append(first + int(np.argmax(self.values[first : last + 1])))
        return periods

    def is_season(
        self, period: int, shorter: list[int], z: float = Z, contrast_min: float = CONTRAST_MIN
    ) -> bool:
        """Do values one period apart go together more than values some other time apart?"""
        if self.pairs[period] < max(0.25 * self.samples, 8.0):
            return False
        lags = self.values[1 : max(period // 2, 2)]
        error = float(np.sqrt((1.0 + 2.0 * np.sum(lags * lags)) / self.pairs[period]))
        needed = max(contrast_min, z * error)
        if self._contrast(period, period) < needed or not self._is_top(period, period, error):
            return False
        twice = 2 * period
        covered = 3 * period <= len(self.values) and self.pairs[twice] >= 0.2 * self.samples
        if covered and self._contrast(twice, period) < 0.5 * needed:
            return False
        for base in shorter:
            end = min(period + 3 * base, len(self.values))
            multiples = [m for m in range(base, end, base) if m != period]
            others = float(np.mean(self.values[[m for m in multiples if m < period]]))
            if self.r(period) - others < max(0.05, Z / float(np.sqrt(self.pairs[period]))):
                return False
            if self.r(period) < max(self.r(m) for m in multiples if abs(m - period) <= 2 * base):
                return False
        return True

    def _contrast(self, lag: int, period: int) -> float:
        before = self.values[lag - (3 * period) // 4 : lag - period // 4]
        return self.r(lag) - float(np.median(before)) if len(before) else 0.0

    def _is_top(self, lag: int, period: int, error: float) -> bool:
        around = self.values[lag - max(period // 4, 1) : lag + max(period // 4, 1) + 1]
        return self.r(lag) >= float(around.max()) - min(2.0 * error, 0.1)
