"""The learning pass: from the history of the series that wait, to their assignments.

A pass reads final history up to the bucket at which a series is held and decides its class, seasons and
models. It is a pure function of that history, so its results could be computed again; they go through the log
all the same, so that a replay repeats the decision of the version that made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learners.base import Family
from learners.candidate import FITTED
from learners.drift.absorbed import Absorbed
from learners.hold import Present
from learners.labels import Labelled
from learners.past import TURNS_IN_WINDOW, Past
from learners.select import Choice, Window, choose_many
from monitor.domain.anomaly import SURPRISING
from monitor.domain.durations import DAY_MS
from monitor.learning.absorbed import EVERYTHING, Matters, Values, compare, judged

WINDOW_BUCKETS = 2_016
"""Final buckets that a pass looks back on: a week at five minutes, twelve weeks by the hour."""

WINDOW_BUCKETS_MAX = 4_320
"""And at most, where that is less than three days: a day is only found in more than two of them."""

PAST_DAYS = 35
PAST_BUCKETS_MAX = 50_400
"""Five weeks by the minute: what a pass reads where it looks back further than its window (`looks_back`)."""

FIRST_PASS = 32
"""Final buckets before the first pass."""

LONG = 16
YOUNG_BUCKETS = 100
YOUNG_DAYS = 3


def declustered(verdict: NDArray[np.uint8], *, young: bool = False) -> NDArray[np.bool_]:
    """Which buckets a pass learns from, if nobody has labelled them: of each run of anomalous ones only the
    first.

    Nobody has confirmed them, so the law of the tail has to know that they happened; but one
    event is one exceedance, however long it lasts. In the life of a ``young`` series a run of `LONG` or more
    is kept whole: it may be a part of normal that was not seen before.

    >>> declustered(np.array([0, 2, 2, 2, 0], np.uint8))
    array([ True,  True, False, False,  True])
    """
    anomalous = np.isin(verdict, SURPRISING)
    follows: NDArray[np.bool_] = anomalous & np.concatenate([[False], anomalous[:-1]])
    if young:
        runs = np.cumsum(anomalous & ~follows)
        length = np.bincount(runs[anomalous], minlength=int(runs[-1]) + 1 if len(runs) else 1)
        follows &= length[runs] < LONG
    return ~follows


def as_labelled(
    learned: NDArray[np.bool_],
    ts_ms: NDArray[np.int64],
    confirmed: Sequence[tuple[int, int]],
    harmless: Sequence[tuple[int, int]],
) -> NDArray[np.bool_]:
    """Which buckets a pass learns from, after what people said of spans of event time: nothing of what they
    ``confirmed``, so a fault is part of no baseline and no tail; and all of what they called ``harmless``.
    Labels that would leave less than half of what there is to learn from change nothing.

    >>> as_labelled(np.array([True, True, False, True]), np.arange(4) * 10, [(30, 40)], [(10, 30)]).tolist()
    [True, True, True, False]
    """
    found = learned.copy()
    for spans, wanted in ((harmless, True), (confirmed, False)):
        for from_ms, to_ms in spans:
            first, end = np.searchsorted(ts_ms, (from_ms, to_ms))
            found[first:end] = wanted
    return found if 2 * np.count_nonzero(found) >= np.count_nonzero(learned) else learned


def without(
    learned: NDArray[np.bool_], ts_ms: NDArray[np.int64], cadence_ms: int, pauses: Sequence[tuple[int, int]]
) -> NDArray[np.bool_]:
    """The same without buckets that a pause of learning touches. If fewer than a first pass has would be
    left, pauses change nothing.

    >>> at = np.arange(50) * 10
    >>> np.flatnonzero(~without(np.ones(50, bool), at, 10, [(15, 31)])).tolist()
    [1, 2, 3]
    """
    found = learned.copy()
    for from_ms, until_ms in pauses:
        first, end = np.searchsorted(ts_ms, (from_ms - cadence_ms + 1, until_ms))
        found[first:end] = False
    return found if np.count_nonzero(found) >= FIRST_PASS else learned


def with_pauses(buckets: int, cadence_ms: int, pauses: Sequence[tuple[int, int]]) -> int:
    """How many buckets back a pass reads to find so many outside of pauses; twice as many at most.

    >>> with_pauses(100, 10, [(15, 31)]), with_pauses(2, 10, [(0, 900)])
    (103, 4)
    """
    paused = sum((until_ms - from_ms) // max(cadence_ms, 1) + 2 for from_ms, until_ms in pauses)
    return min(buckets + paused, 2 * buckets) if pauses else buckets


def is_young(final_n: int, cadence_ms: int) -> bool:
    """Has a series lived for at most three days, or 100 buckets? What such a one calls an anomaly may be what
    it has not seen yet: its first night, its first step.

    >>> is_young(864, 300_000), is_young(865, 300_000), is_young(128, 3_600_000)
    (True, False, False)
    """
    return final_n <= max(YOUNG_BUCKETS, YOUNG_DAYS * DAY_MS // max(cadence_ms, 1))


def named(models: Sequence[str] | None) -> tuple[Family, ...] | None:
    """The families that a declaration names; None where it names none that there is.

    >>> named(["holt_winters", "arima"]), named(["no such"]), named(None)
    ((<Family.HOLT_WINTERS: 3>, <Family.ARIMA: 10>), None, None)
    """
    known = {family.name.lower(): family for family in Family if family != Family.NONE}
    return tuple(known[name] for name in models or () if name in known) or None


def window_buckets(cadence_ms: int) -> int:
    """How many final buckets a pass reads of a series.

    >>> [window_buckets(ms) for ms in (1_000, 60_000, 300_000, 3_600_000)]
    [4320, 4320, 2016, 2016]
    """
    return max(WINDOW_BUCKETS, min(3 * DAY_MS // max(cadence_ms, 1), WINDOW_BUCKETS_MAX))


def looks_back(final_n: int, cadence_ms: int, periods: Sequence[int]) -> int:
    """How many final buckets a pass looks back on for seasons longer than its window; 0 where it does not.

    Once a week from the second on, and on the third and fifth day where less than two days are a window; and
    in every pass of a series that has such a season, which would be lost otherwise. Windows of three
    weeks see weeks by themselves.

    >>> [looks_back(day * 1440, 60_000, ()) for day in (14, 15)], looks_back(15 * 1440, 60_000, (10_080,))
    ([50400, 0], 50400)
    >>> looks_back(14 * 24, 3_600_000, ())
    0
    """
    window, day = window_buckets(cadence_ms), max(DAY_MS // max(cadence_ms, 1), 1)
    days = final_n // day
    if window >= 21 * day or final_n <= window:
        return 0
    due = (days >= 14 and days % 7 == 0) or (days in (3, 5) and window < 2 * day)
    if not due and TURNS_IN_WINDOW * max(periods, default=0) <= window:
        return 0
    return min(PAST_DAYS * day, PAST_BUCKETS_MAX)


@dataclass(frozen=True, slots=True)
class Current:
    """What the series lives by now: family codes, periods, the contest's advantage, is an anomaly open; its
    class; ``pinned``: a person has closed the contest; ``lately``: a pass switched champions in the last two
    weeks."""

    champion: int
    challenger: int
    periods: tuple[int, ...]
    assigned: bool
    advantage: float
    in_anomaly: bool
    metric_class: str | None = None
    pinned: bool = False
    lately: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """One series that is held at ``final_n`` buckets, with its window of final history.

    ``t`` int64: buckets in local civil time; ``y`` float64; ``n`` float64 (NaN none). Of each anomaly
    the first bucket (`declustered`), but long ones of a young series whole. ``bucket``: as ``t``, in UTC;
    ``reference``: what its level is compared with (`learners.drift.reference`), None for a series too young
    to have one; ``threshold``, ``matters`` and ``named``, the families that may compete: as declared;
    ``labelled``, ``barred`` and ``past``: as in `learners.select.Window`. ``lost``: to the present model
    nearly all of the window was anomalous, so nothing was left to learn from, and all is there.
    """

    row: int
    final_n: int
    cadence_ms: int
    kind: str | None
    t: NDArray[np.int64]
    y: NDArray[np.float64]
    n: NDArray[np.float64]
    current: Current
    bucket: NDArray[np.int64] | None = None
    reference: bytes | None = None
    matters: Matters = EVERYTHING
    threshold: str | None = None
    labelled: Labelled | None = None
    barred: Family | None = None
    lost: bool = False
    named: tuple[Family, ...] | None = None
    past: Past | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """``choice`` None changes nothing; ``models`` False renews the tail and keeps the models' state.
    ``reference``: as it is from now on, None as before; ``absorbed``: a drift to report."""

    choice: Choice | None
    models: bool
    reference: bytes | None = None
    absorbed: Absorbed | None = None


def decide(waiting: Sequence[Waiting]) -> list[Decision]:
    """The decision for each waiting series; all in one call, and none depends on the others. About 1-2 ms a
    series of 2,016 buckets, most of it the contest.

    A series inside an anomaly keeps all it has: the baseline holds while an anomaly is open. But a young one
    (`is_young`), and one that is ``lost``, gets new models, which ends the anomaly. A pinned one keeps all it
    has, always. One that had a switch lately has another only if that wins by much (`learners.hold`). One
    whose models stay the same keeps their state, so that a pass is no jump in the forecast, and gets a tail
    fitted anew; but what a family learns in passes only it learns in each.
    """
    keeps = [_keeps(one) for one in waiting]
    choices = iter(choose_many([_window(one) for one, kept in zip(waiting, keeps, strict=True) if not kept]))
    decided = [
        Decision(None, models=False) if kept else _decided(one.current, next(choices))
        for one, kept in zip(waiting, keeps, strict=True)
    ]
    return [_compared(one, decision) for one, decision in zip(waiting, decided, strict=True)]


def _keeps(one: Waiting) -> bool:
    inside = one.current.in_anomaly and not (one.lost or is_young(one.final_n, one.cadence_ms))
    return one.current.assigned and (inside or one.current.pinned)


def _window(one: Waiting) -> Window:
    former = one.current.metric_class if one.current.assigned else None
    return Window(
        t=one.t,
        y=one.y,
        n=one.n,
        cadence_ms=one.cadence_ms,
        kind=one.kind,
        former=former,
        threshold=one.threshold,
        labelled=one.labelled,
        present=Family(one.current.champion) if one.current.assigned else None,
        held=_held(one),
        named=one.named,
        barred=one.barred,
        past=one.past,
    )


def _held(one: Waiting) -> Present | None:
    """What a series lives by that had a switch lately."""
    now = one.current
    if not now.lately or one.lost:
        return None
    return Present(Family(now.champion), Family(now.challenger))


def _decided(current: Current, choice: Choice) -> Decision:
    decision = Decision(choice, models=True)
    fitted = choice.champion.family in FITTED or choice.challenger.family in FITTED
    anew = not current.assigned or changes(current, decision)
    return replace(decision, models=anew or fitted or current.in_anomaly)


def changes(current: Current, decision: Decision) -> bool:
    """Would a decision give a series that has a model others, or other seasons?"""
    choice = decision.choice
    if choice is None or not current.assigned:
        return False
    families = (int(choice.champion.family), int(choice.challenger.family))
    return (*families, tuple(choice.periods)) != (current.champion, current.challenger, current.periods)


def _compared(one: Waiting, decision: Decision) -> Decision:
    """With what has become of the level since the reference was taken, also inside an anomaly."""
    periods = decision.choice.periods if decision.choice is not None else one.current.periods
    if one.reference is None or one.bucket is None:
        return decision
    if not judged(one.cadence_ms, window_buckets(one.cadence_ms), periods):
        return decision
    reference, absorbed = compare(
        Values(one.t, one.bucket, one.y, one.cadence_ms), one.reference, one.matters
    )
    return replace(decision, reference=reference, absorbed=absorbed)
