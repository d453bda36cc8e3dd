"""The spans of a window that people spoke of, as the contest is asked of them (`learners.labels`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from learners.labels import Labelled

Spans = Sequence[tuple[int, int]]


def spoken_of(
    ts_ms: NDArray[np.int64],
    t: NDArray[np.int64],
    values: tuple[NDArray[np.float64], NDArray[np.float64]],
    learned: NDArray[np.bool_],
    confirmed: Spans,
    harmless: Spans,
) -> Labelled | None:
    """``ts_ms``: event times of the window's buckets, ``t`` the same in civil buckets, ``values`` their y and
    n, ``learned``: which of them a pass learns from; spans in event time. None where people spoke of none of
    them.

    >>> at, none = np.arange(6), np.full(6, np.nan)
    >>> learned = np.array([True, True, False, False, True, True])
    >>> found = spoken_of(at * 10, at, (at / 2.0, none), learned, [(20, 40)], [(50, 60), (90, 95)])
    >>> found.first.tolist(), found.end.tolist(), found.confirmed.tolist(), found.t.tolist()
    ([2, 5], [4, 6], [True, False], [2, 3])
    """
    spans: list[tuple[int, int, bool]] = []
    withheld = np.zeros(len(t), np.bool_)
    for of, real in ((confirmed, True), (harmless, False)):
        for from_ms, to_ms in of:
            first, end = np.searchsorted(ts_ms, (from_ms, to_ms)).tolist()
            if first < end:
                spans.append((int(t[first]), int(t[end - 1]) + 1, real))
                withheld[first:end] |= real
    if not spans:
        return None
    withheld &= ~learned
    found = np.array(sorted(set(spans)), np.int64)
    y, n = values
    return Labelled(
        found[:, 0], found[:, 1], found[:, 2].astype(np.bool_), t[withheld], y[withheld], n[withheld]
    )
