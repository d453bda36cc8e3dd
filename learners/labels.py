"""What labels are worth in the contest: recall and precision of what a candidate would raise.

Of each candidate it is asked which labelled spans of the window it would have raised, by the law that its own
residuals have. With T confirmed spans raised of R, and F false alarms raised,

    recall = (T + 1) / (R + 2),    precision = (T + 1) / (T + F + 2),

the means of a beta law that began even; `worth` is `WORTH` nats times recall + precision - 1: nothing without
labels, little with few, and never more than `WORTH` either way. It is taken off the loss. And whatever that
says, who would miss a confirmed span that the series' present family raises may not win (`eligible`).

A candidate that is asked of confirmed spans runs twice: a window leaves them out, so they teach nothing here
either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learners import ratio
from learners.base import Family, Tail, Warm
from learners.candidate import Candidate, Series, scaled
from learners.contest import FLOOR_SHARE, Cases, Entry, widths_of
from learners.grade import ASKED, place
from learners.threshold import declared

WORTH = 0.1
"""Nats a value, as much as a season is worth (`learners.contest.SEASON_WORTH`): a band a tenth narrower."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Spans of a window that people spoke of, each from bucket ``first`` to before ``end`` (int64), and
    whether it is to be raised (``confirmed``, bool). ``t``, ``y``, ``n``: the buckets that the window leaves
    out as confirmed, in order."""

    first: NDArray[np.int64]
    end: NDArray[np.int64]
    confirmed: NDArray[np.bool_]
    t: NDArray[np.int64]
    y: NDArray[np.float64]
    n: NDArray[np.float64]

    def since(self, first: int) -> Labelled | None:
        """The spans that begin at bucket ``first`` or later; None where there are none."""
        kept = self.first >= first
        if not kept.any():
            return None
        return replace(self, first=self.first[kept], end=self.end[kept], confirmed=self.confirmed[kept])

    def finite(self) -> Labelled:
        """Without buckets whose value is not finite, values at most 1e300."""
        fine = np.isfinite(self.y)
        y = np.clip(self.y[fine], -1e300, 1e300)
        return replace(self, t=self.t[fine].astype(np.int64), y=y, n=self.n[fine])

    def moved(self, t: NDArray[np.int64], by: NDArray[np.float64]) -> Labelled:
        """For a window whose values at ``t`` were moved ``by`` so much: what it leaves out, too."""
        return replace(self, y=self.y + by[np.minimum(np.searchsorted(t, self.t), len(t) - 1)])


def worth(raised: NDArray[np.bool_], confirmed: NDArray[np.bool_]) -> float:
    """What it is worth, in nats, to raise these of the labelled spans and not the others.

    >>> none = np.zeros(0, bool)
    >>> three_real, one_false = np.array([True, True, True, False]), np.array([False, False, False, True])
    >>> worth(none, none), round(worth(three_real, three_real), 3), round(worth(one_false, three_real), 3)
    (0.0, 0.06, -0.047)
    """
    true = int(np.count_nonzero(raised & confirmed))
    recall = (true + 1) / (int(np.count_nonzero(confirmed)) + 2)
    precision = (true + 1) / (int(np.count_nonzero(raised)) + 2)
    return WORTH * (recall + precision - 1.0)


def weighed(
    entries: Sequence[Entry],
    series: Series,
    labelled: Labelled,
    cases: Cases | None,
    cadence_ms: int,
    first: int,
) -> list[Entry]:
    """The entries with what they would have raised, and what that is worth off their loss; ``first``: the
    sample from which residuals count. Some 0.5 ms an entry for 2,016 values."""
    found = []
    for entry in entries:
        raised = _raised(entry, series, labelled, cases, cadence_ms, first)
        found.append(replace(entry, loss=entry.loss - worth(raised, labelled.confirmed), raised=raised))
    return found


def eligible(entries: list[Entry], labelled: Labelled, present: Family | None) -> list[Entry]:
    """The entries that raise each confirmed span which the best of the ``present`` family raises; all of them
    where that family does not compete."""
    own = [entry for entry in entries if entry.candidate.family == present]
    if not own:
        return entries
    asked = min(own, key=lambda entry: entry.loss).raised & labelled.confirmed
    return [entry for entry in entries if not (asked & ~entry.raised).any()]


def told(entry: Entry, labelled: Labelled) -> str:
    """What labels say of an entry, in a line."""
    real, raised = labelled.confirmed, entry.raised
    return (
        f"of labelled spans {entry.candidate.name} would raise {np.count_nonzero(raised & real)} of"
        f" {np.count_nonzero(real)} confirmed and {np.count_nonzero(raised & ~real)} of"
        f" {np.count_nonzero(~real)} false alarms"
    )


def _raised(
    entry: Entry, series: Series, labelled: Labelled, cases: Cases | None, cadence_ms: int, first: int
) -> NDArray[np.bool_]:
    offset = 0.0 if entry.candidate.product else series.offset
    floor = FLOOR_SHARE * float(np.median(entry.seen.scale[first:]))
    residual, _ = _residuals(entry.seen, series, offset, floor, cases)
    tail = declared.warm(Tail.EXTREME_VALUE, residual[first:], floor=floor, cadence_ms=cadence_ms)
    whole = _whole(series, labelled)
    seen = entry.seen if whole is series else _run(entry.candidate, whole, labelled, offset, cases)
    asked = np.zeros(len(whole.t), np.bool_)
    spans = [
        slice(*np.searchsorted(whole.t, span))
        for span in zip(labelled.first.tolist(), labelled.end.tolist(), strict=True)
    ]
    for span in spans:
        asked[span] = True
    residual, expected = _residuals(seen, whole, offset, floor, cases)
    level = np.zeros(len(whole.t))
    level[asked] = declared.surprises(Tail.EXTREME_VALUE, tail, residual[asked])
    opens = float(ASKED[place(cadence_ms)])
    if cases is not None:
        for i in np.flatnonzero((level >= opens) & (whole.n > 0.0)).tolist():
            rate = ratio.rate(expected[i], cases.n_mean)
            level[i] = min(level[i], ratio.surprise(whole.y[i], rate, whole.n[i]))
    return np.array([bool((level[span] >= opens).any()) for span in spans], np.bool_)


def _whole(series: Series, labelled: Labelled) -> Series:
    """The series with what its window leaves out; itself if that is nothing."""
    fresh = ~np.isin(labelled.t, series.t)
    if not fresh.any():
        return series
    t = np.concatenate([series.t, labelled.t[fresh]])
    order = np.argsort(t, kind="stable")
    y = np.concatenate([series.y, labelled.y[fresh]])[order]
    return replace(series, t=t[order], y=y, n=np.concatenate([series.n, labelled.n[fresh]])[order])


def _run(candidate: Candidate, whole: Series, labelled: Labelled, offset: float, cases: Cases | None) -> Warm:
    """A candidate over all buckets; those that the window leaves out teach nothing."""
    weight = np.ones(len(whole.t)) if cases is None else Cases(whole.n, cases.n_mean).weight
    weight[np.isin(whole.t, labelled.t)] = 0.0
    return candidate.run(whole.t, scaled(whole.y, offset, whole.unit), weight)


def _residuals(
    seen: Warm, series: Series, offset: float, floor: float, cases: Cases | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Residuals as they would be judged, and what was expected."""
    expected = offset + series.unit * seen.centre
    n_mean = cases.n_mean if cases is not None else float("nan")
    widths = widths_of(seen.scale, floor, expected, series.n, n_mean, series.unit, cases is not None)
    return seen.residual * seen.scale / widths, expected
