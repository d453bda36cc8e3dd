"""An alert budget: of how many incidents a week a team, or a route, wants to be told.

A *balance* is how far the budget has been used: the level (L, that of the score) that an incident must reach
to be told. Each one that is told raises the level by `STEP`; event time that passes lowers it by `STEP` times
what the budget grants meanwhile. So over any span in which the level touches neither of its bounds

    told - granted = (level at the end - level at the beginning) / STEP

whatever the scores are: no more is told than granted but for what the level has risen, and larger scores go
first. This is the quantile tracking of Gibbs and Candès, "Adaptive conformal inference under distribution
shift", NeurIPS 2021.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from monitor.domain.durations import WEEK_MS
from monitor.domain.shape import HALF_SCORE

STEP = 1.0 / 3.0
"""Of the level, for one incident told: where scores are as they should be, a level higher by `STEP` is
reached 2.2 times more rarely. A budget that has to find a level two higher than the one it begins with tells
six too many meanwhile."""
LOWEST = 5.0
"""Anomalies open here: nothing is held back."""
HIGHEST = 16.0
"""What reaches a score of 80 is told, however many there are."""
MINUTES_A_WEEK = 7 * 1_440


@dataclass(frozen=True, slots=True)
class Budget:
    """``team`` and ``route``: whose it is, one of them empty. ``first``: the level it begins with."""

    per_week: float
    team: str = ""
    route: str = ""
    first: float = LOWEST

    @property
    def name(self) -> str:
        """
        >>> Budget(5.0, team="payments").name, Budget(5.0, route="night").name
        ('team:payments', 'route:night')
        """
        return f"team:{self.team}" if self.team else f"route:{self.route}"

    @property
    def holds(self) -> str:
        """How the reason begins that an incident waits for its sake."""
        return f"held by {self}:"

    def __str__(self) -> str:
        return f"the budget of {'team' if self.team else 'route'} {self.team or self.route}"


@dataclass(frozen=True, slots=True)
class Balance:
    """``reached_ms``: event time up to which the level has fallen; None before the first incident."""

    budget: Budget
    level: float
    reached_ms: int | None = None

    @staticmethod
    def fresh(budget: Budget) -> Balance:
        return Balance(budget, _bounded(budget.first))

    @property
    def score(self) -> float:
        """What an incident's score must reach.

        >>> Balance(Budget(5.0), 6.0).score
        60.0
        """
        return 100.0 * self.level / (self.level + HALF_SCORE)

    def at(self, event_ms: int) -> Balance:
        """After event time has come so far; it never goes back.

        >>> before = Balance(Budget(6.0), 9.0, 0)
        >>> before.at(WEEK_MS).level, before.at(-5) == before
        (7.0, True)
        """
        if self.reached_ms is None:
            return replace(self, reached_ms=event_ms)
        if event_ms <= self.reached_ms:
            return self
        granted = self.budget.per_week * (event_ms - self.reached_ms) / WEEK_MS
        return replace(self, level=_bounded(self.level - STEP * granted), reached_ms=event_ms)

    def spent(self) -> Balance:
        """After one incident more was told."""
        return replace(self, level=_bounded(self.level + STEP))


def first_level(per_week: float, series: int) -> float:
    """The level that so many series without a fault reach ``per_week`` times a week in all, if scores are
    what they say (L = -log10 of a probability on the scale of a minute): no more false alerts are expected
    than the budget allows, across all metrics.

    >>> first_level(10.08, 1_000), first_level(5.0, 0)
    (6.0, 5.0)
    """
    return _bounded(math.log10(max(series, 1) * MINUTES_A_WEEK / per_week))


def _bounded(level: float) -> float:
    return min(max(level, LOWEST), HIGHEST)
