"""What turns say of supposed periods of cleaned rows: the kernels of `seek`, one row after the other.

Rows ``x``, ``seen``, ``lengths`` and ``steps`` are those of `cleaned.clean_rows`; ``rows`` says which of them
are asked, each for its ``period``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners import cut, fold, turns
from learners.cleaned import clean_again, usual_step
from learners.compiled import kernel

SHORTEST = 3
TURNS_MIN = 2
OTHER_TURNS_MIN = 3
_ROUGH_PRICE = 2.0
_CLIMB = 3
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What turns of ``period`` buckets say, one entry a row: see `turns`."""

    period: Ints
    m: Ints
    surprise: Floats
    spoken: Floats
    rough: Floats

    def of(self, which: Any) -> Judged:
        """Some of the rows."""
        return Judged(
            self.period[which], self.m[which], self.surprise[which], self.spoken[which], self.rough[which]
        )

    def evidence(self, divisor: int = 1, multiples: bool = True) -> Floats:
        """Of all harmonics, of those that are multiples of ``divisor``, or of the others."""
        found = np.empty(len(self.period))
        which = 1 + turns.DIVISORS.index(divisor) if divisor > 1 and not multiples else 0
        rough = self.rough[:, which] if divisor == 1 or not multiples else np.zeros(len(found))
        _evidence(self.period, self.m, self.surprise, rough, divisor, multiples, found)
        return found


@kernel
def judge(
    x: Any,
    seen: Any,
    lengths: Any,
    steps: Any,
    rows: Any,
    period: Any,
    many: Any,
    surprise: Any,
    spoken: Any,
    rough: Any,
) -> None:
    """Cut ``rows`` into turns of ``period`` buckets: their number, the surprise of each harmonic, and the
    period that these turns speak for."""
    room = _room(x.shape[1], period.min(), period.max())
    for i in range(len(rows)):
        r = rows[i]
        n = lengths[r]
        many[i], spoken[i] = _judge_one(
            x[r, :n], seen[r, : n + 1], steps[r], period[i], room, surprise[i], rough[i]
        )


@kernel
def _room(n: int, shortest: int, longest: int) -> Any:
    """Arrays to judge in: coefficients, the table and the sums for it; means, sizes and places of turns; a
    profile and its squares; the period of which the table is."""
    most = n // shortest + 1
    half = longest // 2 + 1
    return (
        np.empty((turns.WIDTH, most)),
        np.empty((half, turns.WIDTH)),
        np.empty((4, max(half, most))),
        np.empty(most),
        np.empty(most),
        np.empty(most, np.int64),
        np.empty(longest),
        np.empty(longest),
        np.zeros(1, np.int64),
    )


@kernel
def _judge_one(
    x: Any, seen: Any, usual: Any, period: int, room: Any, surprise: Any, rough: Any
) -> tuple[int, float]:
    coefficients, table, folded, means, spare, places, profile, squares, known = room
    if known[0] != period:
        turns.fill_table(period, table)
        known[0] = period
    m = turns.transform(x, seen, period, table, coefficients, means, places, folded)
    turns.level_off(period, m, table, coefficients, means, places, spare)
    turns.coherence(period, m, coefficients, surprise, spare)
    fold.roughness(x, usual, period, m, places, profile, squares, rough)
    return m, turns.drift(m, period, coefficients, places)


@kernel
def _evidence(
    period: Any, many: Any, surprise: Any, rough: Any, divisor: int, multiples: bool, found: Any
) -> None:
    for i in range(len(period)):
        found[i] = _evidence_one(period[i], many[i], surprise[i], rough[i], divisor, multiples)


@kernel
def _evidence_one(period: int, m: int, surprise: Any, rough: float, divisor: int, multiples: bool) -> float:
    if m < TURNS_MIN:
        return 0.0
    return max(turns.evidence(period, surprise, divisor, multiples), rough - _ROUGH_PRICE)


@kernel
def climb(
    x: Any,
    seen: Any,
    lengths: Any,
    steps: Any,
    rows: Any,
    longest: Any,
    multiple: int,
    period: Any,
    value: Any,
) -> None:
    """Move each ``period`` to the one nearby that says most in harmonics that are multiples of ``multiple``:
    the one that its turns speak for, then bucket by bucket. ``value``: its evidence."""
    most = longest.max()
    room = _room(x.shape[1], SHORTEST, most)
    surprise, rough = np.empty(turns.HARMONICS), np.empty(1 + len(turns.DIVISORS))
    for i in range(len(rows)):
        r = rows[i]
        n = lengths[r]
        part, present, start = x[r, :n], seen[r, : n + 1], period[i]
        m, spoken = _judge_one(part, present, steps[r], start, room, surprise, rough)
        folds = rough[0] if multiple == 1 else 0.0
        if m >= OTHER_TURNS_MIN:
            value[i] = _evidence_one(start, m, surprise, folds, multiple, True)
        at = int(np.floor(spoken + 0.5))
        way = 0 if abs(spoken - start) <= max(2.0, 0.1 * start) and at != start else 1
        tried = 0
        while way < 3:  # where the turns point, then up, then down
            if way == 1:
                at = period[i] + 1
            elif way == 2:
                at = period[i] - 1
            better = False
            if SHORTEST <= at <= longest[i] and (way == 0 or value[i] >= 1.0):
                m, spoken = _judge_one(part, present, steps[r], at, room, surprise, rough)
                folds = rough[0] if multiple == 1 else 0.0
                worth = _evidence_one(at, m, surprise, folds, multiple, True)
                better = worth > value[i]
                if better:
                    period[i], value[i] = at, worth
            tried += 1
            if way == 0 or not better or tried == _CLIMB:
                way, tried = way + 1, 0


@kernel
def take(
    x: Any,
    seen: Any,
    lengths: Any,
    steps: Any,
    rows: Any,
    period: Any,
    least: float,
    floor: Any,
    many: Any,
    strength: Any,
    variance: Any,
) -> None:
    """Fold ``rows``; at strength ``least`` and variance ``floor`` the profile is taken off the row."""
    longest, most = period.max(), x.shape[1] // period.min() + 1
    means, spare, places = np.empty(most), np.empty(most), np.empty(most, np.int64)
    profile, sizes = np.empty((4, longest)), np.empty(x.shape[1])
    for i in range(len(rows)):
        n, p = lengths[rows[i]], period[i]
        part, present = x[rows[i], :n], seen[rows[i], : n + 1]
        m = cut.whole_turns(part, present, p, means, places)
        slope = cut.common_slope(m, means, places, spare)
        for b in range(n):
            sizes[b] = present[b + 1] - present[b]
        strength[i], variance[i] = fold.fold(part, sizes, p, m, means, places, slope, profile, spare)
        many[i] = m
        if strength[i] >= least and variance[i] >= floor[i]:
            s = (p - n % p) % p
            for b in range(n):
                part[b] -= profile[0, s]
                s = s + 1 if s + 1 < p else 0
            clean_again(part, present, sizes)
            usual_step(part, sizes, steps[rows[i]])
