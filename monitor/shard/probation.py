"""New champions on probation, families that may not return for a while, and which series had a switch lately:
a part of a shard's state.

A settled series whose champion a pass replaces by one of another family tries it until a later pass has
judged its first stretch (`monitor.learning.trial`). If that pass rolled back, the family is barred until so
many final buckets. For two weeks after a switch the next one has to be won by much (`learners.hold`).
Whatever a person says of the series' models ends all of it. Some 300 bytes a series that had a switch
lately, nothing for others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learners.base import Family
from monitor.domain.durations import DAY_MS
from monitor.domain.switch import Cause, Switch
from monitor.shard.assignment import Assignment

SETTLED = 512
"""Final buckets up to which passes are to change much; as in `monitor.domain.meta`, which a test compares."""
RECENT_DAYS = 14
"""For how long a switch is recent."""


@dataclass(frozen=True, slots=True)
class Trial:
    """The ``champion`` of a series since the bucket ``at_ms``, after ``final_n`` final ones, and its
    ``predecessor``: family codes."""

    champion: int
    predecessor: int
    at_ms: int
    final_n: int


class Probation:
    """By row: trials, (family code, until that many final buckets) of who is barred, and until how many a
    switch is recent."""

    def __init__(self) -> None:
        self._trials: dict[int, Trial] = {}
        self._barred: dict[int, tuple[int, int]] = {}
        self._recent: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._trials) + len(self._barred) + len(self._recent)

    def trial(self, row: int) -> Trial | None:
        return self._trials.get(row)

    def barred(self, row: int, final_n: int) -> Family | None:
        """The family that may not compete for a series with so many final buckets."""
        family, until = self._barred.get(row, (0, 0))
        return Family(family) if final_n < until else None

    def lately(self, row: int, final_n: int) -> bool:
        """Has a series with so many final buckets had a switch lately?"""
        return final_n < self._recent.get(row, 0)

    def heard(self, item: Assignment, switch: Switch | None, cadence_ms: int) -> None:
        """An assignment was applied, and brought about that switch."""
        row = item.row
        if item.pinned is not None:
            self.forget(row)
            return
        if item.tried:
            self._trials.pop(row, None)
        if item.bars is not None:
            self._barred[row] = item.bars
        elif self.barred(row, item.final_n) is None:
            self._barred.pop(row, None)
        if not self.lately(row, item.final_n):
            self._recent.pop(row, None)
        if switch is None or switch.before is None or switch.cause is not Cause.LEARNED:
            return
        new, old = (Family[lives.champion.upper()] for lives in (switch.after, switch.before))
        if new != old and item.final_n > SETTLED:
            self._trials[row] = Trial(int(new), int(old), switch.at_ms, item.final_n)
            self._recent[row] = item.final_n + RECENT_DAYS * DAY_MS // max(cadence_ms, 1)

    def forget(self, row: int) -> None:
        self._trials.pop(row, None)
        self._barred.pop(row, None)
        self._recent.pop(row, None)

    def of(self, row: int) -> list[int]:
        """What is kept of a row, in numbers; empty if nothing."""
        one = self._trials.get(row)
        trial = [] if one is None else [one.champion, one.predecessor, one.at_ms, one.final_n]
        return [*trial, *self._barred.get(row, ()), self._recent.get(row, 0)] if row in self else []

    def __contains__(self, row: int) -> bool:
        return row in self._trials or row in self._barred or row in self._recent

    def state(self) -> dict[str, Any]:
        """Plain values from which `from_state` makes the same."""
        return {
            "trials": [
                [row, one.champion, one.predecessor, one.at_ms, one.final_n]
                for row, one in sorted(self._trials.items())
            ],
            "barred": [[row, *bar] for row, bar in sorted(self._barred.items())],
            "recent": [list(one) for one in sorted(self._recent.items())],
        }

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> Probation:
        probation = Probation()
        probation._trials = {row: Trial(*rest) for row, *rest in state.get("trials", ())}
        probation._barred = {row: (family, until) for row, family, until in state.get("barred", ())}
        probation._recent = dict(state.get("recent", ()))
        return probation
