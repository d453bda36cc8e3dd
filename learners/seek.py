"""The search of `season`, over many rows at once: which periods are asked, and what becomes of them.

Rows stand side by side; a step asks one period of each row that has come so far. Steps are few; the work is
in the kernels, which look at one row after the other and need no GIL.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners import peaks, turns
from learners.compiled import kernel
from learners.judged import OTHER_TURNS_MIN, SHORTEST, TURNS_MIN, Judged, climb, judge, take

EVIDENCE_MIN = 3.0
STRENGTH_MIN = 0.05
VARIANCE_MIN = 0.003
"""Variance of a further season, in that of the largest: less may be what bridging the gaps has left."""
CALENDAR = 4
ASKED = CALENDAR + peaks.PEAKS + 2
"""Periods that leave a finding: the calendar's, then others."""
FINDING = np.dtype(
    [
        ("why", "u1"),
        ("unit", "u1"),
        ("period", "i4"),
        ("turns", "i4"),
        ("evidence", "f8"),
        ("strength", "f8"),
        ("variance", "f8"),
    ]
)
NOT_ASKED, TAKEN, TOO_SHORT, NOT_COHERENT, WEAK, REPEATS, HARMONIC = range(7)
_NESTED_MIN = 4
_NARROW = 1.2
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Search:
    """Cleaned rows ``x`` with counts ``seen``, ``lengths`` (0: nothing to find) and usual ``steps`` (see
    `cleaned`), and ``found`` `FINDING` [rows, ASKED], to be filled. ``x`` and ``steps`` are used up."""

    def __init__(self, x: Floats, seen: Ints, lengths: Ints, steps: Floats, found: NDArray[np.void]) -> None:
        self._x, self._seen, self._lengths, self._steps, self.found = x, seen, lengths, steps, found

    def calendar(self, place: int, period: Ints) -> None:
        """Ask every row for its ``period`` of the calendar (0: none), the ``place``-th."""
        one = self.found[:, place]
        one["period"], one["unit"] = np.minimum(period, 2**31 - 1), place + 1
        one["why"] = np.where(period > 0, TOO_SHORT, NOT_ASKED)
        rows = np.flatnonzero((period >= SHORTEST) & (period <= self._lengths // TURNS_MIN))
        judged = self._judge(rows, period[rows])
        evidence = judged.evidence()
        one["turns"][rows], one["evidence"][rows] = judged.m, evidence
        repeats = self._is_multiple(rows, judged.period)
        enough = judged.m >= TURNS_MIN
        one["why"][rows] = np.where(enough, np.where(repeats, REPEATS, NOT_COHERENT), TOO_SHORT)
        agree = enough & (evidence >= EVIDENCE_MIN)
        agree[agree] = ~self._is_beside(rows[agree], judged.of(agree), evidence[agree])
        rows, whole = rows[agree], judged.period[agree]
        shortest = self._divided(rows, judged.of(agree), np.full(len(rows), EVIDENCE_MIN))
        same = shortest == whole
        self._take(rows[same], np.full(int(same.sum()), place), whole[same])
        one["why"][rows[~same]] = REPEATS
        self._others(rows[~same], shortest[~same])

    def _others(self, rows: Ints, period: Ints) -> None:
        """What was asked as a period of the calendar and turned out to be a part of it."""
        if not len(rows):
            return
        known = np.any(
            (self.found["period"][rows] == period[:, None]) & (self.found["why"][rows] != NOT_ASKED), axis=1
        )
        rows, period = rows[~known], period[~known]
        judged = self._judge(rows, period)
        evidence = judged.evidence()
        agree = (judged.m >= OTHER_TURNS_MIN) & (evidence >= _needed(judged.m))
        place = self._free(rows)
        self._note(rows, place, period, judged.m, evidence)
        self._take(rows[agree], place[agree], period[agree])

    def other(self, frequency: Floats) -> None:
        """Ask every row for the period behind a peak at ``frequency`` (0: none): the shortest multiple in
        whole buckets whose turns agree, or a longer one that says more."""
        rows = np.flatnonzero((frequency > 0.0) & ~self._is_harmonic(frequency))
        if not len(rows):
            return
        frequency, longest = frequency[rows], self._lengths[rows] // OTHER_TURNS_MIN
        period, best = np.zeros(len(rows), np.int64), np.full(len(rows), -1.0)
        for multiple in (1, 2, 3):
            start = np.floor(multiple / frequency + 0.5).astype(np.int64)
            turn = np.maximum(self._lengths[rows] // np.maximum(period, 1), 1)
            still = (start >= SHORTEST) & (start <= longest) & ((period == 0) | (best < _needed(turn)))
            at, value = self._climbed(rows[still], start[still], longest[still], multiple)
            better = value > best[still]
            which = np.flatnonzero(still)[better]
            period[which], best[which] = at[better], value[better]
        asked = period > 0
        rows, period, best, longest = rows[asked], period[asked], best[asked], longest[asked]
        place, many = self._free(rows), self._lengths[rows] // period
        self._note(rows, place, period, many, best)
        needed = _needed(np.maximum(many, OTHER_TURNS_MIN))
        agree = best >= needed
        rows, place, needed, longest = rows[agree], place[agree], needed[agree], longest[agree]
        period = self._divided(rows, self._judge(rows, period[agree]), needed)
        longer = self._multiplied(rows, period, needed, longest)
        on = longer != period
        period[on] = self._divided(rows[on], self._judge(rows[on], longer[on]), needed[on])
        judged = self._judge(rows, period)
        evidence = judged.evidence()
        self._note(rows, place, period, judged.m, evidence)
        agree = (judged.m >= OTHER_TURNS_MIN) & (evidence >= needed)
        self._take(rows[agree], place[agree], period[agree])

    def drop_harmonics(self) -> None:
        """A shorter period inside a longer one is part of its shape, unless it carries more than its
        share."""
        found = self.found
        _drop_harmonics(found["why"], found["period"], found["variance"])

    def _judge(self, rows: Ints, period: Ints) -> Judged:
        m, spoken = np.zeros(len(rows), np.int64), np.zeros(len(rows))
        surprise = np.zeros((len(rows), turns.HARMONICS))
        rough = np.zeros((len(rows), 1 + len(turns.DIVISORS)))
        if len(rows):
            judge(*self._rest(), rows, period, m, surprise, spoken, rough)
        return Judged(period, m, surprise, spoken, rough)

    def _is_beside(self, rows: Ints, judged: Judged, evidence: Floats) -> NDArray[np.bool_]:
        """Do the turns speak for another period close by, and agree there much better?"""
        if not len(rows):
            return np.zeros(0, np.bool_)
        at = np.floor(judged.spoken + 0.5).astype(np.int64)
        near = np.abs(judged.spoken - judged.period) <= 0.1 * judged.period
        other = np.flatnonzero((at != judged.period) & near & (at >= SHORTEST))
        beside = np.zeros(len(rows), np.bool_)
        better = self._judge(rows[other], at[other]).evidence()
        beside[other] = better > 1.1 * evidence[other] + 2.0
        return beside

    def _divided(self, rows: Ints, judged: Judged, needed: Floats) -> Ints:
        """The shortest divisors of the judged periods that say all that these do."""
        period = judged.period.copy()
        active = np.arange(len(rows))
        while len(active):
            shorter = judged.period
            for divisor in turns.DIVISORS:
                fits = (shorter == judged.period) & (judged.period % divisor == 0)
                fits &= judged.period // divisor >= SHORTEST
                if fits.any():
                    fits &= judged.evidence(divisor, False) < needed[active]
                    shorter = np.where(fits, judged.period // divisor, shorter)
            moved = shorter != judged.period
            active = active[moved]
            period[active] = shorter[moved]
            judged = self._judge(rows[active], period[active])
        return period

    def _multiplied(self, rows: Ints, period: Ints, needed: Floats, longest: Ints) -> Ints:
        """Multiples of the periods, as long as their further harmonics agree as well."""
        found = period.copy()
        active = np.arange(len(rows))
        while len(active):
            before = found[active]
            for multiple in turns.DIVISORS:
                still = active[found[active] == before]
                still = still[found[still] * multiple <= longest[still]]
                judged = self._judge(rows[still], found[still] * multiple)
                more = judged.evidence(multiple, False) >= needed[still]
                found[still[more]] = judged.period[more]
            active = active[found[active] != before]
        return found

    def _climbed(self, rows: Ints, start: Ints, longest: Ints, multiple: int) -> tuple[Ints, Floats]:
        """The periods near ``start`` whose turns agree best in harmonics that are multiples; their
        evidence."""
        best, value = start.copy(), np.zeros(len(rows))
        if len(rows):
            climb(*self._rest(), rows, longest, multiple, best, value)
        return best, value

    def _rest(self) -> tuple[Floats, Ints, Ints, Floats]:
        return self._x, self._seen, self._lengths, self._steps

    def _take(self, rows: Ints, place: Ints, period: Ints) -> None:
        """Take the periods of which a fold foretells enough, and their profiles out of the rows."""
        if not len(rows):
            return
        many, strength, variance = np.zeros(len(rows), np.int64), np.zeros(len(rows)), np.zeros(len(rows))
        found = self.found
        known = np.max(np.where(found["why"] == TAKEN, found["variance"], 0.0), axis=1)[rows]
        floor = VARIANCE_MIN * known
        take(*self._rest(), rows, period, STRENGTH_MIN, floor, many, strength, variance)
        enough = (strength >= STRENGTH_MIN) & (variance >= floor)
        found["why"][rows, place] = np.where(enough, TAKEN, WEAK)
        found["period"][rows, place], found["turns"][rows, place] = period, many
        found["strength"][rows, place], found["variance"][rows, place] = strength, variance

    def _note(self, rows: Ints, place: Ints, period: Ints, m: Ints, evidence: Floats) -> None:
        found = self.found
        found["why"][rows, place], found["period"][rows, place] = NOT_COHERENT, period
        found["turns"][rows, place], found["evidence"][rows, place] = m, evidence

    def _free(self, rows: Ints) -> Ints:
        """The first place of each row that is not used; the last one when all are."""
        free = self.found["why"][rows, CALENDAR:] == NOT_ASKED
        free[:, -1:] = True
        place: Ints = CALENDAR + np.argmax(free, axis=1)
        return place

    def _is_multiple(self, rows: Ints, period: Ints) -> NDArray[np.bool_]:
        """Of a period that was taken."""
        taken = self.found["why"][rows] == TAKEN
        shorter = np.where(taken, self.found["period"][rows], 1)
        found: NDArray[np.bool_] = np.any(taken & (period[:, None] % shorter == 0), axis=1)
        return found

    def _is_harmonic(self, frequency: Floats) -> NDArray[np.bool_]:
        """Of a period that was taken, as far as the window can tell."""
        taken = self.found["why"] == TAKEN
        order = frequency[:, None] * self.found["period"]
        near = np.floor(order + 0.5)
        blur = _NARROW * self.found["period"] / np.maximum(self._lengths, 1)[:, None]
        found: NDArray[np.bool_] = np.any(taken & (near >= 1.0) & (np.abs(order - near) <= blur), axis=1)
        return found


def _needed(m: Ints) -> Floats:
    """Evidence for a period that the calendar does not know: about m frequencies are no higher than its
    own."""
    found: Floats = EVIDENCE_MIN + 2.0 * np.log10(m)
    return found


@kernel
def _drop_harmonics(why: Any, period: Any, variance: Any) -> None:
    for r in range(len(why)):
        for i in range(ASKED):
            for j in range(ASKED):
                if why[r, i] != TAKEN or why[r, j] != TAKEN or period[r, i] >= period[r, j]:
                    continue
                if period[r, j] % period[r, i]:
                    continue
                ratio = period[r, j] // period[r, i]
                chance = 2.0 / (period[r, i] - 1) + 2.0 / (period[r, j] - period[r, i])
                price = 1.0 + 1.7 * math.sqrt(chance)
                if i >= CALENDAR or j >= CALENDAR:
                    price = max(price, 2.0)
                if ratio < _NESTED_MIN or variance[r, i] * (ratio - 1) < price * variance[r, j]:
                    why[r, i] = HARMONIC
