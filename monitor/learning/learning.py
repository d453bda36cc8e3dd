"""The learning pass: from the history of the series that wait, to their assignments.

A pass reads final history up to the bucket at which a series is held and decides its class, seasons and
models. It is a pure function of that history, so its results could be computed again; they go through the log
all the same, so that a replay repeats the decision of the version that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learners.select import Choice, Window, choose

WINDOW_BUCKETS = 2_016
"""Final buckets that a pass looks back on: a week at five minutes, twelve weeks by the hour."""


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One series that is held at ``final_n`` buckets, with its window of final history.

    ``t`` int64: buckets in local civil time; ``y`` float64; ``n`` float64 (NaN none); ``quiet`` bool: not part
    of an anomaly. ``current``: the choice it lives by is asked to stay where nothing better is found.
    """

    row: int
    final_n: int
    cadence_ms: int
    kind: str | None
    t: NDArray[np.int64]
    y: NDArray[np.float64]
    n: NDArray[np.float64]
    quiet: NDArray[np.bool_]
    current: Current


@dataclass(frozen=True, slots=True)
class Current:
    """What the series lives by now: family codes, periods, the contest's advantage, is an anomaly open."""

    champion: int
    challenger: int
    periods: tuple[int, ...]
    assigned: bool
    advantage: float
    in_anomaly: bool


def decide(waiting: Sequence[Waiting]) -> list[Choice | None]:
    """The choice for each waiting series; None keeps its models. About 1-2 ms a series of 2,016 buckets.

    A series inside an anomaly keeps what it has: the baseline holds while an anomaly is open. One whose
    class of model stays the same keeps its state too, so that a pass is no jump in the forecast.
    """
    return [_decide(one) for one in waiting]


def _decide(one: Waiting) -> Choice | None:
    if one.current.assigned and one.current.in_anomaly:
        return None
    quiet = one.quiet if one.quiet.sum() >= min(16, len(one.quiet)) else np.ones(len(one.quiet), np.bool_)
    window = Window(
        t=np.ascontiguousarray(one.t[quiet]),
        y=np.ascontiguousarray(one.y[quiet]),
        n=np.ascontiguousarray(one.n[quiet]),
        cadence_ms=one.cadence_ms,
        kind=one.kind,
    )
    choice = choose(window)
    if not one.current.assigned:
        return choice
    same = (
        int(choice.champion.family) == one.current.champion
        and int(choice.challenger.family) == one.current.challenger
        and tuple(choice.periods) == one.current.periods
    )
    return None if same else choice
