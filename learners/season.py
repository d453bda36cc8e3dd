"""Which seasons windows have: many at once, of any length, robust to gaps, outliers, trend, steps and red
noise.

Each row is cleaned (`cleaned`) and asked for the calendar's periods first, shortest first: hour, day, week
and year, where the cadence divides them and the window covers two turns. Then for the lag at which a rough
pattern seems to come back (`comb`) and the strongest frequencies that stand out of its spectrum (`peaks`),
if those are no harmonics of what was found; such a period needs three turns and more evidence, since many
were looked at. A period is taken when

- its turns agree as turns of noise do not, white or red (`turns`, `fold`: evidence, in decades);
- the mean of the other turns foretells a turn held out (`STRENGTH_MIN` of the variance of a typical one).

What was taken is subtracted, and gaps bridged anew, before the next is asked: a week must say more than its
days. A period is divided
as long as the shorter one says all (no multiples), and multiplied as long as the longer one says more (no
harmonics). A shorter period inside a longer one is told beside it only where it carries clearly more than a
harmonic's share. Every period asked leaves a `FINDING`: taken, or why not, with the numbers.

About 150 µs for 2,016 buckets, some ms for one series alone. No row looks at another: any batch gives the
same bits. Clock changes shift nothing when the columns are buckets of civil time.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from learners import comb, peaks, seek
from learners.cleaned import clean_rows
from learners.durations import HOUR_MS
from learners.judged import OTHER_TURNS_MIN, SHORTEST
from learners.rows import Rows
from learners.seek import FINDING

__all__ = ["FINDING", "NONE", "Finding", "Period", "Seasons", "Why", "find", "find_seasons", "seasons_of"]

_CHUNK = 256
_BLOCK = 16
"""Rows that are transformed together, always so many: then each takes the same path through the FFT."""
_CALENDAR_MS = np.array([HOUR_MS, 24 * HOUR_MS, 168 * HOUR_MS, 365 * 24 * HOUR_MS], np.int64)


class Why(enum.IntEnum):
    """What became of a period that was asked for. The codes are stable."""

    NOT_ASKED = 0
    """No such period at this cadence, or nothing stood out."""
    TAKEN = 1
    TOO_SHORT = 2
    """The window does not cover enough turns."""
    NOT_COHERENT = 3
    """Turns agree no better than those of noise."""
    WEAK = 4
    """Turns agree, but the others foretell too little of one."""
    REPEATS = 5
    """A shorter period says all that this one does."""
    HARMONIC = 6
    """Part of the shape of a longer period."""


class Period(enum.IntEnum):
    """Which period of the calendar; OTHER: found in the spectrum."""

    OTHER = 0
    HOUR = 1
    DAY = 2
    WEEK = 3
    YEAR = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """``evidence``: decades against noise; ``strength``: share of a held-out turn foretold, -1 to 1;
    ``turns`` of ``period`` buckets that were compared."""

    why: Why
    unit: Period
    period: int
    turns: int
    evidence: float
    strength: float

    def __str__(self) -> str:
        unit = self.unit.name.lower()
        words = self.why.name.lower().replace("_", " ")
        return (
            f"{unit} ({self.period}): {words}, foretells {self.strength:.0%} of a turn, "
            f"evidence {self.evidence:.1f}, {self.turns} turns"
        )


@dataclass(frozen=True, slots=True)
class Seasons:
    """``periods`` in buckets, ascending; ``strength`` and ``confidence`` of each, 0 to 1; ``findings``: all
    that was asked for."""

    periods: tuple[int, ...]
    strength: tuple[float, ...]
    confidence: tuple[float, ...]
    findings: tuple[Finding, ...]

    def strongest(self, most: int) -> tuple[int, ...]:
        """At most so many periods, the strongest ones, ascending."""
        ranked = sorted(zip(self.strength, self.periods, strict=True), key=lambda one: (-one[0], one[1]))
        return tuple(sorted(period for _, period in ranked[:most]))


NONE = Seasons((), (), (), ())


def find_seasons(rows: Rows, cadence_ms: int | NDArray[np.int64]) -> NDArray[np.void]:
    """Findings `FINDING` [series, `seek.ASKED`] of all rows; ``cadence_ms``: one, or one a row, 0 unknown.

    >>> t = np.arange(24 * 14)
    >>> found = find_seasons(Rows.of(np.sin(2 * np.pi * t / 24)[None, :]), 3_600_000)
    >>> seasons_of(found[0]).periods
    (24,)
    """
    cadence = np.broadcast_to(np.asarray(cadence_ms, np.int64), (len(rows),))
    found = np.zeros((len(rows), seek.ASKED), FINDING)
    calendar = _calendar(cadence)
    spans, which = np.unique(rows.end - rows.first, return_inverse=True)
    size = np.array([_fft_size(span) for span in spans.tolist()], np.int64)[which]
    for one in np.unique(size).tolist():
        members = np.flatnonzero(size == one)
        for start in range(0, len(members), _CHUNK):
            chunk = members[start : start + _CHUNK]
            part = found[chunk]
            _search(rows, chunk, one, calendar[chunk], part)
            found[chunk] = part
    return found


def _search(
    rows: Rows, chunk: NDArray[np.int64], size: int, calendar: NDArray[np.int64], found: NDArray[np.void]
) -> None:
    longest = int((rows.end - rows.first)[chunk].max())
    x, seen = np.zeros((len(chunk), longest)), np.zeros((len(chunk), longest + 1), np.int64)
    lengths, steps = np.zeros(len(chunk), np.int64), np.zeros((len(chunk), 2))
    clean_rows(rows.values, rows.ordered, rows.first, rows.end, rows.count, chunk, x, seen, lengths, steps)
    search = seek.Search(x, seen, lengths, steps, found)
    for place in range(seek.CALENDAR):
        search.calendar(place, calendar[:, place])
    for frequency in _nominated(x, lengths, steps, size).T:  # in what the calendar has left
        search.other(frequency)
    search.drop_harmonics()


def _nominated(
    x: NDArray[np.float64], lengths: NDArray[np.int64], steps: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """Frequencies worth a test, 0 for none: the comb's of each row, then its peaks."""
    found = np.zeros((len(x), 1 + peaks.PEAKS))
    tapered = np.empty((_BLOCK, size), np.float32)
    whitened = np.zeros((_BLOCK, size // 2 + 1), np.float32)
    for start in range(0, len(x), _BLOCK):
        part = slice(start, start + _BLOCK)
        peaks.taper_rows(x[part], lengths[part], steps[part], tapered)
        spectrum = scipy.fft.rfft(tapered, axis=1, workers=1)
        peaks.nominate_rows(
            spectrum, size, lengths[part], SHORTEST, OTHER_TURNS_MIN, found[part, 1:], whitened
        )
        found[part, 0] = comb.lags(whitened, lengths[part], SHORTEST, OTHER_TURNS_MIN)
    return found


def find(t: NDArray[np.int64], y: NDArray[np.float64], cadence_ms: int) -> Seasons:
    """Seasons of the values ``y`` at the bucket indices ``t`` (not falling), for one series.

    >>> t = np.arange(24 * 14)
    >>> find(t, np.sin(2 * np.pi * t / 24), 3_600_000).periods
    (24,)
    >>> find(t, np.cumsum(np.random.default_rng(5).standard_normal(len(t))), 3_600_000).periods
    ()
    """
    return seasons_of(find_seasons(Rows.on_grid([(t, y)]), cadence_ms)[0])


def seasons_of(row: NDArray[np.void]) -> Seasons:
    """The seasons that one row of findings tells of."""
    findings = tuple(_finding(one) for one in row if one["why"] != Why.NOT_ASKED)
    taken = sorted((one for one in findings if one.why is Why.TAKEN), key=lambda one: one.period)
    return Seasons(
        tuple(one.period for one in taken),
        tuple(min(max(one.strength, 0.0), 1.0) for one in taken),
        tuple(1.0 - 10.0**-one.evidence for one in taken),
        findings,
    )


def _finding(one: Any) -> Finding:
    return Finding(
        Why(int(one["why"])),
        Period(int(one["unit"])),
        int(one["period"]),
        int(one["turns"]),
        round(float(one["evidence"]), 3),
        round(float(one["strength"]), 4),
    )


def _calendar(cadence: NDArray[np.int64]) -> NDArray[np.int64]:
    """Buckets of the calendar's periods, 0 where the cadence does not divide them."""
    known = np.maximum(cadence, 1)[:, None]
    fits = (cadence[:, None] > 0) & (_CALENDAR_MS % known == 0)
    return np.where(fits, _CALENDAR_MS // known, 0)


def _fft_size(span: int) -> int:
    """A fast, even length of at least the span, and one for all spans that are alike."""
    wanted = 64 * max(-(-span // 64), 1)
    return 2 * int(scipy.fft.next_fast_len(wanted // 2, real=True))
