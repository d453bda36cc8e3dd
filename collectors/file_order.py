"""Order among the samples of a file: what is noted about it, and the one order in which it is streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collectors.errors import EXAMPLES_MAX, Tally
from learners.compiled import kernel
from monitor.domain.batch import Reason, SampleBatch


def note_order(batch: SampleBatch, line: NDArray[np.int64], tally: Tally) -> None:
    """Tell repeated and unordered times of a series by line; the rows themselves stay.

    ``duplicate``: same series, time, value and n as an earlier row; ``conflict``: same series and
    time, other value or n (downstream the larger (value, n) wins); ``unordered``: earlier than a row
    of the same series above it.
    """
    by_series = np.argsort(batch.fingerprint, kind="stable")
    behind = np.zeros(len(batch), np.bool_)
    if not _mark_behind(by_series, batch.fingerprint, batch.ts_ms, behind):
        return
    _note(Reason.UNORDERED, behind, line, batch.ts_ms, tally)
    order = np.lexsort((batch.ts_ms, batch.fingerprint))
    same = (np.diff(batch.fingerprint[order]) == 0) & (np.diff(batch.ts_ms[order]) == 0)
    if not same.any():
        return
    # The first row of each group of one series and time, to compare the others with.
    starts = np.flatnonzero(np.concatenate([[True], ~same]))
    first = order[np.repeat(starts, np.diff(np.append(starts, len(order))))]
    equal = batch.value[order] == batch.value[first]
    if batch.n is not None:
        a, b = batch.n[order], batch.n[first]
        equal &= (a == b) | (np.isnan(a) & np.isnan(b))
    repeat = np.concatenate([[False], same])
    for reason, which in ((Reason.DUPLICATE, repeat & equal), (Reason.CONFLICT, repeat & ~equal)):
        marked = np.zeros(len(batch), np.bool_)
        marked[order[which]] = True
        _note(reason, marked, line, batch.ts_ms, tally)


def merged_in_time(batch: SampleBatch) -> NDArray[np.int64]:
    """Positions in the order (ts_ms, fingerprint, value, n), so that the order of a file's rows never
    changes a result; rows equal in all four are the same sample.

    >>> import numpy as np
    >>> one = np.ones(3, np.uint64)
    >>> merged_in_time(SampleBatch(one, np.array([5, 3, 5]), np.array([2.0, 1.0, 1.0]))).tolist()
    [1, 2, 0]
    """
    keys: list[NDArray[Any]] = [] if batch.n is None else [batch.n]
    # Zero and minus zero compare equal; told apart last, so that not even they depend on the order.
    if (batch.value == 0).any():
        keys.insert(0, ~np.signbit(batch.value))
    return np.lexsort((*keys, batch.value, batch.fingerprint, batch.ts_ms))


def chunks(batch: SampleBatch, order: NDArray[np.int64], size: int) -> Iterator[SampleBatch]:
    """The batch in this order, ``size`` samples at a time; each chunk names all of its series."""
    for at in range(0, len(order), size):
        rows = order[at : at + size]
        prints = batch.fingerprint[rows]
        named = {known: batch.identities[known] for known in np.unique(prints).tolist()}
        n = None if batch.n is None else batch.n[rows]
        yield SampleBatch(prints, batch.ts_ms[rows], batch.value[rows], n, named)


def _note(
    reason: Reason, marked: NDArray[np.bool_], line: NDArray[np.int64], ts_ms: NDArray[np.int64], tally: Tally
) -> None:
    rows = np.flatnonzero(marked)
    examples = [(int(line[row]), f"time {ts_ms[row]}") for row in rows[:EXAMPLES_MAX].tolist()]
    tally.add_many(reason, examples, len(rows))


@kernel
def _mark_behind(by_series: Any, prints: Any, ts_ms: Any, behind: Any) -> bool:
    """Mark rows earlier than their series' newest so far; whether any row is not later than it."""
    any_not_later = False
    newest = np.int64(0)
    for k in range(len(by_series)):
        row = by_series[k]
        if k == 0 or prints[row] != prints[by_series[k - 1]]:
            newest = ts_ms[row]
            continue
        if ts_ms[row] <= newest:
            any_not_later = True
            behind[row] = ts_ms[row] < newest
        else:
            newest = ts_ms[row]
    return any_not_later
