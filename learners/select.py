"""What a series gets: class, seasons, the two baselines that won the contest, and the law of their residuals.

Every candidate runs over the window with the kernels that will serve it (`learners.contest`). The champion
lost least; the challenger is the best of another family. A season longer than the window may come from
further back (`learners.past`). About 1 ms for 2,016 values; deterministic to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners import ratio
from learners.base import TAIL_OFFSET, Family
from learners.candidate import STANDING, Candidate, Series, candidates, scaled
from learners.choice import Choice, Chosen, ChosenTail
from learners.classify import Classified, classify
from learners.compiled import kernel
from learners.contest import FLOOR_SHARE, SEASON_WORTH, Cases, Entry, contest, widths_of
from learners.grade import ASKED, place
from learners.hold import Present, joined, kept
from learners.horizon import reach_of
from learners.labels import Labelled, eligible, told, weighed
from learners.levels import on_last_level
from learners.lowpass import OFF, WHITE_SCALE, size_at, step
from learners.past import TURNS_IN_WINDOW, Long, Past, long_season
from learners.residual import normal_score
from learners.rows import Rows, span_of
from learners.runs import NEVER
from learners.score import L_OPEN
from learners.season import Seasons, Why, find_seasons, seasons_of
from learners.single import Model
from learners.threshold import declared
from learners.unit import scale_of

__all__ = ["Choice", "Window", "choose", "choose_many", "look_at"]

LEVELLED = ("smooth", "seasonal", "bursty", "irregular", "multimodal")
"""Classes that have a level which may change for good; what is counted or shared has none to be moved to."""
STEPS_STAND = 0.8
ANEW_SHARE = 0.5
"""A series of steps has at least `STEPS_STAND` of values equal to the one before, and at most `ANEW_SHARE` as
many changes as its values would show in any order."""
PERIODS_MOST = 2
"""Seasons that models can hold."""
_GRID = 256
_LARGEST_SHARE = 0.72
"""Surprise of the longest lean of a window, as a share of what is asked of an anomaly."""
_STANDING_APART = 2.0
"""Where values stand still leans come in bursts, as sums of waits do: by an exponential law an anomaly of
five decades is twice the largest lean that a window of days has."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Final buckets of one series: ``t`` int64, strictly increasing, local civil time; ``y`` raw values;
    ``n`` NaN where there is none; ``kind`` and ``threshold`` as declared, ``former`` the class so far,
    ``named`` the families that may compete, None if not, ``barred`` one that may not. ``labelled``: what
    people said of spans of it, None if nothing (`learners.labels`), and ``present`` the family that the
    series lives by, which is asked then; ``held``: what a series that had a switch lately lives by
    (`learners.hold`). ``past``: what lies further back, None where that is not looked at.
    """

    t: NDArray[np.int64]
    y: NDArray[np.float64]
    n: NDArray[np.float64]
    cadence_ms: int
    kind: str | None = None
    former: str | None = None
    threshold: str | None = None
    labelled: Labelled | None = None
    present: Family | None = None
    held: Present | None = None
    named: tuple[Family, ...] | None = None
    barred: Family | None = None
    past: Past | None = None

    def finite(self) -> Window:
        """Without what is not finite, values at most 1e300; one zero where nothing is left."""
        fine = np.isfinite(self.y)
        t, y, n = self.t[fine].astype(np.int64), np.clip(self.y[fine], -1e300, 1e300), self.n[fine]
        labelled = self.labelled.finite() if self.labelled is not None else None
        if not len(y):
            t, y, n, labelled = np.zeros(1, np.int64), np.zeros(1), np.full(1, np.nan), None
        return replace(self, t=t, y=y, n=n, labelled=labelled)


def choose(window: Window) -> Choice:
    """Class, seasons, models and tail for a series. Never raises on values, however few or strange.

    >>> t = np.arange(24 * 21)
    >>> y = 100.0 + 10.0 * np.sin(2 * np.pi * t / 24) + np.random.default_rng(1).standard_normal(len(t))
    >>> choice = choose(Window(t, y, np.full(len(t), np.nan), 3_600_000))
    >>> choice.metric_class, choice.periods, round(choice.offset) in range(95, 105)
    ('seasonal', (24,), True)
    """
    return choose_many([window])[0]


def choose_many(windows: Sequence[Window]) -> list[Choice]:
    """`choose` for many windows; classes and seasons of all are found together. What stands beside a window
    changes nothing."""
    finite = [window.finite() for window in windows]
    seen, long = look_at(finite), _long_seasons(finite)
    found = [_choose(window, *what, one) for window, what, one in zip(finite, seen, long, strict=True)]
    return [_on_last_level(window, choice) for window, choice in zip(finite, found, strict=True)]


def _on_last_level(window: Window, choice: Choice) -> Choice:
    """The choice for the window without its changes of level (`learners.levels`), if there are any, and if it
    loses less and says so with a narrower band."""
    if choice.metric_class not in LEVELLED or _is_long(choice.periods, window.t):
        return choice
    moved = on_last_level(window.t, window.y, choice.periods, window.cadence_ms)
    if moved is None:
        return choice
    labelled = window.labelled
    if labelled is not None:
        labelled = labelled.moved(window.t, moved - window.y)
    level = replace(window, y=moved, labelled=labelled)
    (seen,) = look_at([level])
    other = _choose(level, *seen, None)
    if other.metric_class not in LEVELLED or not _better(other, choice, int(window.t[-1]) + 1):
        return choice
    return replace(other, reasons=(*other.reasons, "its level changed for good inside the window"))


def _better(one: Choice, other: Choice, t: int) -> bool:
    """Does ``one`` lose less than ``other``, in the values' units, with a narrower band for bucket ``t``?"""
    if min(one.losses.values()) + math.log(one.unit) >= min(other.losses.values()) + math.log(other.unit):
        return False
    first, second = Model.from_choice(one).forecast(t), Model.from_choice(other).forecast(t)
    return first.upper - first.lower < second.upper - second.lower


def _is_long(periods: Sequence[int], t: NDArray[np.int64]) -> bool:
    """Is there a season of which the window has less than two turns?"""
    return TURNS_IN_WINDOW * max(periods, default=0) > int(t[-1] - t[0]) + 1


def _long_seasons(windows: Sequence[Window]) -> list[Long | None]:
    """The seasons that lie beyond windows, of those that come with a past."""
    pasts = [(i, one.past) for i, one in enumerate(windows) if one.past is not None and one.past.rough()]
    seen = look_at([_rough(past) for _, past in pasts])
    found: list[Long | None] = [None] * len(windows)
    for (i, past), (classified, seasons) in zip(pasts, seen, strict=True):
        periods = [period * past.rough() for period in seasons.periods]
        found[i] = long_season(past, windows[i].t, periods, classified.name)
    return found


def _rough(past: Past) -> Window:
    t, y = past.means(past.rough())
    return Window(t, y, np.full(len(t), np.nan), past.cadence_ms * past.rough())


def look_at(windows: Sequence[Window]) -> list[tuple[Classified, Seasons]]:
    """Class and seasons of finite windows, those of a like span in one grid."""
    found: list[tuple[Classified, Seasons]] = [None] * len(windows)  # type: ignore[list-item]
    width = np.array([-(-span_of(window.t) // _GRID) for window in windows], np.int64)
    for one in np.unique(width).tolist():
        members = np.flatnonzero(width == one).tolist()
        group = [windows[i] for i in members]
        rows = Rows.on_grid([(window.t, window.y) for window in group])
        findings = find_seasons(rows, np.array([window.cadence_ms for window in group], np.int64))
        has_n = np.array([bool(np.isfinite(window.n).any()) for window in group])
        kinds, former = [window.kind for window in group], [window.former for window in group]
        classes = classify(rows, findings, kinds, has_n, former)
        for i, what, row in zip(members, classes, findings, strict=True):
            found[i] = (what, seasons_of(row))
    return found


def _choose(window: Window, classified: Classified, seasons: Seasons, long: Long | None) -> Choice:
    t, y, n = window.t, window.y, window.n
    metric_class, periods = classified.name, seasons.strongest(PERIODS_MOST)
    seen_seasons = [str(one) for one in seasons.findings if one.why is Why.TAKEN]
    offset, unit = scale_of(y)
    n_mean = _n_mean(n)
    share = window.kind == "ratio" or metric_class == "ratio"
    series = Series(t, y, n, offset, unit, periods, metric_class)
    cases = Cases(n, n_mean) if share and not math.isnan(n_mean) else None
    labelled = _labelled(window, periods)
    compete = partial(_compete, window, series, cases, labelled)
    held = _may_hold(window)
    entered = candidates(series, window.named)
    entries = compete(joined(entered, series, held) if held is not None else entered)
    if long is not None and series.floor == 0.0:
        beyond = compete(long.candidates(offset, unit))
        if _lost(beyond) <= _lost(entries) + min(long.gain, SEASON_WORTH):
            entries, periods = beyond, (long.period, *periods[: PERIODS_MOST - 1])
            seen_seasons.append(str(long))
    champion, heard = _best(entries, labelled, window.present)
    if held is not None:
        champion = kept(champion, entries, held)
    others = [e for e in entries if e.candidate.product == champion.candidate.product] or entries
    if champion.candidate.product:
        offset, others = 0.0, entries
    elsewhere = [e for e in others if e.candidate.family != champion.candidate.family]
    challenger = min(elsewhere or [e for e in others if e is not champion], key=lambda e: e.loss)
    if champion.candidate.product and not challenger.candidate.product:
        seen = challenger.candidate.on_zero(series.offset / unit).run(
            t, scaled(y, 0.0, unit), cases.weight if cases is not None else None
        )
        challenger = Entry(challenger.candidate, seen, challenger.loss)
    first = _settled(t, () if _is_long(periods, t) else periods)
    seen = champion.seen
    raw = offset + unit * seen.centre
    family = declared.tail_of(window.threshold)
    floor = declared.floor_of(family, FLOOR_SHARE * float(np.median(seen.scale[first:])))
    widths = widths_of(seen.scale, floor, raw, n, n_mean, unit, share)
    residual = (seen.residual * seen.scale / widths)[first:]
    tail = declared.warm(family, residual, floor=floor, cadence_ms=window.cadence_ms)
    levels = declared.surprises(family, tail, residual)
    scores = _scores(levels, residual, y[first:], raw[first:], n[first:], n_mean, share)
    return Choice(
        metric_class=metric_class,
        reasons=(str(classified), *seen_seasons, *heard),
        periods=periods,
        offset=offset,
        unit=unit,
        champion=_chosen(champion),
        challenger=_chosen(challenger),
        tail=ChosenTail(family, tail.tobytes()[TAIL_OFFSET:]),
        lowpass_scale=_lowpass_of(scores, y, metric_class, window.cadence_ms),
        reach=reach_of(t, scaled(y, offset, unit), champion.candidate.knobs.get("periods", ())),
        gap_max=_gap_max(t, metric_class),
        run_max=_run_max(y, metric_class),
        n_mean=float(np.float32(n_mean)),
        losses={e.candidate.name: round(e.loss, 6) for e in entries},
    )


def _may_hold(window: Window) -> Present | None:
    """What a series lives by, if it may go on to."""
    held = window.held
    if held is None or held.family == window.barred:
        return None
    if window.named is not None and held.family not in (*window.named, Family.EMA):
        return None
    return held


def _labelled(window: Window, periods: tuple[int, ...]) -> Labelled | None:
    """What was said of the part of the window that the law of residuals is learned from."""
    return window.labelled and window.labelled.since(int(window.t[_settled(window.t, periods)]))


def _compete(
    window: Window, series: Series, cases: Cases | None, labelled: Labelled | None, entered: list[Candidate]
) -> list[Entry]:
    """The contest of those that may enter, with what labels say of each."""
    allowed = [one for one in entered if one.family != window.barred]
    entries = contest(series, allowed if len(allowed) > 1 else entered, cases)
    if labelled is None:
        return entries
    first = _settled(window.t, series.periods)
    return weighed(entries, series, labelled, cases, window.cadence_ms, first)


def _best(
    entries: list[Entry], labelled: Labelled | None, present: Family | None
) -> tuple[Entry, tuple[str, ...]]:
    """Who wins, and what labels had to say of that."""
    if labelled is None:
        return min(entries, key=lambda e: e.loss), ()
    champion = min(eligible(entries, labelled, present), key=lambda e: e.loss)
    own = [e for e in entries if e.candidate.family == present]
    heard = [told(champion, labelled)]
    if own and present != champion.candidate.family:
        heard.append(told(min(own, key=lambda e: e.loss), labelled))
    best = min(entries, key=lambda e: e.loss)
    if best is not champion:
        heard.append(f"{best.candidate.name} foretells better, and would miss what people confirmed")
    return champion, tuple(heard)


def _lost(entries: list[Entry]) -> float:
    return min(entry.loss for entry in entries)


def _chosen(entry: Entry) -> Chosen:
    return Chosen(entry.candidate.family, entry.seen.record.tobytes(), entry.seen.season)


def _settled(t: NDArray[np.int64], periods: tuple[int, ...]) -> int:
    """First sample whose residual is worth learning the tail from."""
    n = len(t)
    turns = 1.25 * max(periods, default=0)
    first = int(np.searchsorted(t, t[0] + turns)) if turns else min(n // 8, 64)
    return min(max(first, min(n // 8, 8)), n // 2)


def _n_mean(n: NDArray[np.float64]) -> float:
    known = n[np.isfinite(n) & (n > 0.0)]
    return min(float(known.mean()), 1e30) if len(known) else math.nan


@kernel
def _scores(levels: Any, residual: Any, y: Any, expected: Any, n: Any, n_mean: float, share: bool) -> Any:
    """Normal scores of residuals of known surprise: what the low-pass will be fed; extremes are left out."""
    found = np.empty(len(residual))
    for i in range(len(residual)):
        level = levels[i]
        if share and n[i] > 0.0:
            level = min(level, ratio.surprise(y[i], ratio.rate(expected[i], n_mean), n[i]))
        found[i] = normal_score(level, residual[i]) if level < L_OPEN else 0.0
    return found


def _lowpass_of(
    scores: NDArray[np.float64], y: NDArray[np.float64], metric_class: str, cadence_ms: int
) -> float:
    """The low-pass' scale, such that a lean as long as the longest of the window is just no news; off for a
    series of steps, each of which would lean to one side for a while, and of rare events, of which two
    would."""
    if metric_class == "sparse":
        return OFF
    if metric_class in ("discrete", "binary", "constant") and _is_of_steps(y):
        return OFF
    usual, largest = _lowpass_size(scores)
    asked = ASKED[place(cadence_ms)]
    if metric_class in STANDING:
        return -float(np.float32(max(usual, _STANDING_APART * largest / size_at(asked))))
    return float(np.float32(max(usual, largest / size_at(_LARGEST_SHARE * asked))))


def _is_of_steps(y: NDArray[np.float64]) -> bool:
    """Do values stand, and for longer than if each were drawn anew? A level left for long says nothing
    then; of values drawn anew it does: that they are drawn otherwise.

    >>> _is_of_steps(np.repeat([1.0, 2.0, 1.0], 100)), _is_of_steps((np.arange(300) % 20 == 0) * 1.0)
    (True, False)
    """
    steps = int(np.count_nonzero(y[1:] != y[:-1]))
    share = np.unique(y, return_counts=True)[1] / len(y)
    anew = (len(y) - 1) * (1.0 - float(np.sum(share * share)))
    return steps <= (1.0 - STEPS_STAND) * (len(y) - 1) and steps <= ANEW_SHARE * anew


@kernel
def _lowpass_size(residual: Any) -> tuple[float, float]:
    """Root mean square of the low-pass, helped out by fifty samples of white noise, and its largest."""
    lowpass, total, largest = 0.0, 50.0 * WHITE_SCALE**2, 0.0
    for i in range(len(residual)):
        lowpass = step(lowpass, residual[i], 1.0)
        total += lowpass * lowpass
        largest = max(largest, abs(lowpass))
    return math.sqrt(total / (50.0 + len(residual))), largest


def _gap_max(t: NDArray[np.int64], metric_class: str) -> int:
    if metric_class == "irregular":
        return NEVER
    return int(min(np.diff(t).max(initial=1) - 1, NEVER))


def _run_max(y: NDArray[np.float64], metric_class: str) -> int:
    """Longest run of equal values; `NEVER` where such runs are how the metric is."""
    if metric_class in ("constant", "binary", "sparse"):
        return NEVER
    ends = np.flatnonzero(np.concatenate([y[1:] != y[:-1], [True]]))
    longest = int(np.diff(np.concatenate([[-1], ends])).max())
    return NEVER if longest > len(y) // 4 else longest
