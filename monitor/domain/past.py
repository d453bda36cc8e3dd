"""What a series' own last days say about one bucket: numbers, from which the words are made.

The last eight days before the onset, or 32 buckets where those are longer; at most 24,000 buckets, so
that reading them takes a bounded time. Buckets of earlier anomalies do not count among the ordinary ones
(an incident must not make the next one look usual); how many of them lay as far off is kept beside. A value
with a denominator is compared with those that have at least half as many cases behind them: a share of
1 in 2 lies far from any expectation, and says nothing of one of 1,000.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.domain.anomaly import ANOMALOUS, Verdict
from monitor.domain.durations import DAY_MS

DAYS_MS = 8 * DAY_MS
BUCKETS_MIN = 32
BUCKETS_MAX = 24_000


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Columns of one series' observations in time order, as in `monitor.domain.observation`."""

    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float32]
    expected: NDArray[np.float64]
    verdict: NDArray[np.uint8]
    model: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ts_ms)


@dataclass(frozen=True, slots=True)
class Past:
    """``judged``: ordinary buckets with a forecast, over ``span_ms`` before the onset. ``largest``: the
    farthest that one of them lay from what was expected; ``as_large``: how many lay at least as far as the
    bucket in question; ``excused``: buckets of earlier anomalies that did. ``run``, ``gap``: equal values in
    a row up to the bucket, and empty buckets in a row; ``longest_run``, ``longest_gap``: such before the
    onset. ``model``: code of the family that judged the bucket; ``since_ms``: from when on without a break,
    and with ``since_known`` false perhaps from earlier on."""

    judged: int = 0
    counted: bool = False
    span_ms: int = 0
    largest: float = 0.0
    as_large: int = 0
    excused: int = 0
    run: int = 0
    longest_run: int = 0
    gap: int = 0
    longest_gap: int = 0
    lean: int = 0
    longest_above: int = 0
    longest_below: int = 0
    model: int = 0
    since_ms: int | None = None
    since_known: bool = False


def span_ms(cadence_ms: int) -> int:
    """How far before the onset history is read.

    >>> [span_ms(c) // c for c in (1_000, 60_000, 3_600_000, 86_400_000)]
    [24000, 11520, 192, 32]
    """
    return min(max(DAYS_MS, BUCKETS_MIN * cadence_ms), BUCKETS_MAX * cadence_ms)


def past_of(found: Seen, bucket_ms: int, onset_ms: int, cadence_ms: int) -> Past:
    """From the observations of one series in time order, up to and with ``bucket_ms`` (empty or not), where
    what went before is what lies before ``onset_ms``. Some 1 ms for 24,000 of them."""
    if not len(found):
        return Past()
    onset_ms = min(onset_ms, bucket_ms)
    before = found.ts_ms < onset_ms
    apart = np.abs(found.value - found.expected)
    judged = before & np.isfinite(apart) & (found.verdict != Verdict.LEARNING)
    anomalous = np.isin(found.verdict, ANOMALOUS)
    reached = bool(found.ts_ms[-1] == bucket_ms)
    own, cases = (float(apart[-1]), float(found.n[-1])) if reached else (math.nan, math.nan)
    counted = cases > 0.0
    if counted:
        judged &= found.n >= 0.5 * cases
    ordinary = judged & ~anomalous
    runs = _runs(found, cadence_ms)
    sides, lengths = _sides(found)
    earlier = slice(0, len(sides) - reached)
    gaps = np.diff(found.ts_ms[before]) // cadence_ms - 1
    since = _same_model_from(found)
    return Past(
        judged=int(ordinary.sum()),
        counted=counted,
        span_ms=int(onset_ms - found.ts_ms[np.argmax(ordinary)]) if ordinary.any() else 0,
        largest=float(apart[ordinary].max(initial=0.0)),
        as_large=int((apart[ordinary] >= own).sum()),
        excused=int((apart[judged & anomalous] >= own).sum()),
        run=int(runs[-1]) if reached else 0,
        longest_run=int(runs[: len(runs) - reached].max(initial=0)),
        gap=0 if reached else int((bucket_ms - found.ts_ms[-1]) // cadence_ms),
        longest_gap=int(gaps.max(initial=0)),
        lean=int(sides[-1] * lengths[-1]) if reached else 0,
        longest_above=int(lengths[earlier][sides[earlier] > 0].max(initial=0)),
        longest_below=int(lengths[earlier][sides[earlier] < 0].max(initial=0)),
        model=int(found.model[-1]),
        since_ms=int(found.ts_ms[since]),
        since_known=since > 0,
    )


def _runs(found: Seen, cadence_ms: int) -> NDArray[np.intp]:
    """Lengths of the runs of equal values in neighbouring buckets, one after the other."""
    same = (found.value[1:] == found.value[:-1]) & (np.diff(found.ts_ms) <= cadence_ms)
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    return np.diff(np.append(starts, len(found)))


def _sides(found: Seen) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Runs of values on one side of the expectation, one after the other: side (0: neither) and length."""
    side = np.sign(np.nan_to_num(found.value - found.expected)).astype(np.int64)
    starts = np.flatnonzero(np.concatenate([[True], side[1:] != side[:-1]]))
    return side[starts], np.diff(np.append(starts, len(side)))


def _same_model_from(found: Seen) -> int:
    """Index from which on the last bucket's model has judged all."""
    others = np.flatnonzero(found.model != found.model[-1])
    return int(others[-1]) + 1 if len(others) else 0
