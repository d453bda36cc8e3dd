"""A frozen level that is looked at once a week: what a learning pass compares with. 64 bytes a series.

As `frozen_reference`, for *values* and not residuals, but carried from pass to pass instead of fed by every
sample, and judged by how much the level moves by itself. It is shown the level of each day; seven make a
week, and a week is one number, so weekdays cancel out. The days count that the first week had; a week that
lacks one of them is passed over. The first `WEEKS` weeks are the reference: its level is their mean, its
usual move the mean square of the steps from week to week. Every later week adds half of the squared second
difference of the levels, which a steady ramp hardly feels; the two largest are left out, for they are where a
ramp begins, or the two sides of a step. For independent weeks of variance s^2 the two say 2 s^2 and 3 s^2,
for a level that walks by Q a week 2/3 Q and 1/2 Q. With ``move`` the root of the larger one, the k-th week is
held against

    max(LIMIT * move * sqrt(min(k, GROWS_WEEKS)), SMALLEST scales)

as is the one before it: both have to lie beyond, on one side. So a level that wanders gets room to wander,
one that stands still a narrow bound; after a quarter the bound grows no more. Where the four weeks lie on a
line, all between their mean and that line is as expected: a trend may go on, or end.

Of 2,000 series each, hourly, reported in the four weeks after the reference, and in 22: white noise, AR(0.7)
and AR(0.9) none; AR(0.97) 0.05 % both; a random walk 2.5 and 8 %. A ramp of 0.1 scales a day for 30 days is
reported within five weeks in white noise (99 %), and in half of the series of AR(0.7). Cost: about a
microsecond a day.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAYS = 7
WEEKS = 4
"""Weeks that the reference is made of."""
LIMIT = 4.0
SMALLEST = 1.0
"""The least drift that is reported, in scales: less than the scatter of single values."""
GROWS_WEEKS = 13
HOLES_MOST = 4
"""Weeks in a row that may be passed over; after more the reference is made anew."""
FORGETS_WEEKS = 26
TREND_T = 4.0
"""t, of two degrees of freedom, from which the reference has a trend: of independent weeks 1 in 17."""
_MOST = 255
_LARGE = 1e9

dtype = np.dtype(
    [
        ("offset", "f4"),  # where zero lies
        ("unit", "f4"),  # all below is in this unit; 0: nothing yet
        ("least", "f4"),  # the smallest drift that is reported
        ("level", "f4"),
        ("slope", "f4"),  # of the level, a week, where the reference had one
        ("sum", "f4"),  # of the days of this week
        ("last", "f4"),  # the week before, and the one before that
        ("before", "f4"),
        ("usual", "f4"),  # mean squared step from week to week within the reference
        ("later", "f4"),  # half of the squared second differences since, the two largest left out
        ("largest", "f4"),  # while the reference is made: its first week and its second
        ("second", "f4"),
        ("until", "u4"),  # hours of civil time up to which days are taken in
        ("taken", "u4"),  # bucket with which the reference was complete
        ("day", "u1"),  # of this week
        ("seen", "u1"),  # its days, a bit each
        ("mask", "u1"),  # the days of the first week
        ("weeks", "u1"),  # of which the reference is made
        ("since", "u1"),
        ("moves", "u1"),
        ("holes", "u1"),
        ("spare", "u1"),
    ],
    align=True,
)
"""`Reference` as a record."""

_FORM = struct.Struct("<12f2I8B")
assert dtype.itemsize == _FORM.size == 64


@dataclass(slots=True)
class Reference:
    """The fields of `dtype`. Levels lie ``offset + unit * level``.

    >>> reference = Reference(unit=1.0)
    >>> still = [reference.take((-1.0) ** (day // 7), scale=2.0) for day in range(28)]
    >>> ramp = [reference.take(1.0 * day, scale=2.0) for day in range(42)]
    >>> reference.whole, [day for day, told in enumerate(ramp) if abs(told) >= 1.0]
    (True, [27, 34, 41])
    """

    offset: float = 0.0
    unit: float = 0.0
    least: float = 0.0
    level: float = 0.0
    slope: float = 0.0
    sum: float = 0.0
    last: float = 0.0
    before: float = 0.0
    usual: float = 0.0
    later: float = 0.0
    largest: float = 0.0
    second: float = 0.0
    until: int = 0
    taken: int = 0
    day: int = 0
    seen: int = 0
    mask: int = 0
    weeks: int = 0
    since: int = 0
    moves: int = 0
    holes: int = 0
    spare: int = 0

    @staticmethod
    def of(record: bytes) -> Reference:
        """The inverse of `record`; of no bytes one that has seen nothing. Raises struct.error for other
        lengths."""
        return Reference(*_FORM.unpack(record)) if record else Reference()

    def record(self) -> bytes:
        """64 bytes, as `dtype`; floats are rounded to what it holds."""
        return _FORM.pack(*(getattr(self, name) for name in _NAMES))

    @property
    def whole(self) -> bool:
        """Is there something to compare with?"""
        return self.weeks >= WEEKS

    @property
    def limit(self) -> float:
        """The lasting deviation from the level that is reported, in units."""
        move = math.sqrt(max(self.usual, self.later))
        return max(LIMIT * move * math.sqrt(min(self.since, GROWS_WEEKS)), self.least)

    def expected(self, level: float, since: int) -> float:
        """What of the level and of its trend comes next to ``level``, so many weeks after."""
        trend = self.level + self.slope * (since + 0.5 * (WEEKS - 1))
        return min(max(level, min(self.level, trend)), max(self.level, trend))

    def anew(self) -> Reference:
        """One that is to be made from the next day on."""
        return Reference(offset=self.offset, unit=self.unit, until=self.until)

    def take(self, level: float, scale: float) -> float:
        """Take in the level of one more day, NaN if it has none; ``scale``: the scatter of single values now.
        Both in units.

        The lasting deviation over `limit`, negative downwards; from 1 (-1) on it is a drift. 0 where no week
        ends and while the reference is being made.
        """
        bit = 1 << self.day
        if not math.isnan(level) and (not self.mask or self.mask & bit):
            self.sum += min(max(level, -_LARGE), _LARGE)
            self.seen |= bit
        self.day += 1
        return self._week(scale) if self.day == DAYS else 0.0

    def _week(self, scale: float) -> float:
        """A week is over."""
        seen, total = self.seen, self.sum
        self.day, self.seen, self.sum = 0, 0, 0.0
        if self.whole:
            self.since = min(self.since + 1, _MOST)
        if not seen or (self.mask and seen != self.mask):
            self.holes += 1
            if self.holes >= HOLES_MOST:
                self._forget()
            return 0.0
        self.mask, self.holes = seen, 0
        level = total / seen.bit_count()
        if not self.whole:
            self._gather(level, scale)
            return 0.0
        return self._compare(level)

    def _gather(self, level: float, scale: float) -> None:
        if self.weeks:
            self.usual += ((level - self.last) ** 2 - self.usual) / self.weeks
        self.weeks += 1
        self.level += (level - self.level) / self.weeks
        self.before, self.last = self.last, level
        self.least = SMALLEST * scale
        if self.weeks == 1:
            self.largest = level
        elif self.weeks == 2:
            self.second = level
        elif self.whole:
            self._complete((self.largest, self.second, self.before, self.last))
            self.largest = self.second = 0.0

    def _complete(self, weeks: tuple[float, float, float, float]) -> None:
        """Was it a trend? Then it may go on."""
        slope = (3.0 * (weeks[3] - weeks[0]) + weeks[2] - weeks[1]) / 10.0
        away = [week - self.level - slope * (i - 1.5) for i, week in enumerate(weeks)]
        if 10.0 * slope * slope > TREND_T**2 * sum(one * one for one in away):
            self.slope = slope

    def _compare(self, level: float) -> float:
        bend = 0.5 * (level - 2.0 * self.last + self.before) ** 2
        self.moves = min(self.moves + 1, _MOST)
        if bend > self.largest:
            bend, self.largest = self.largest, bend
        if bend > self.second:
            bend, self.second = self.second, bend
        if self.moves > 2:
            self.later += (bend - self.later) / min(self.moves - 2, FORGETS_WEEKS)
        self.before, self.last = self.last, level
        now, then = self._away(level, self.since), self._away(self.before, self.since - 1)
        if self.since < 2 or now * then <= 0.0:
            return 0.0
        return math.copysign(min(abs(now), abs(then)) / self.limit, now)

    def _away(self, level: float, since: int) -> float:
        return level - self.expected(level, since)

    def _forget(self) -> None:
        for name in _STORY:
            setattr(self, name, 0)


_NAMES = tuple(name for name in dtype.names or ())
_STORY = _NAMES[_NAMES.index("least") : _NAMES.index("until")] + _NAMES[_NAMES.index("taken") :]


def empty(rows: int) -> NDArray[np.void]:
    """Records that have seen nothing.

    >>> Reference.of(empty(2)[1].tobytes()) == Reference.of(b"")
    True
    """
    return np.zeros(rows, dtype)
