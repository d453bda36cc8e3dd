"""A uniform sample of rows of features, of bounded size and independent of order.

Kept are the rows whose keyed hash is smallest (Cohen and Kaplan, "Summarizing data using bottom-k sketches",
PODC 2007): without knowing how many will come each row is as likely as any other to stay, and two samples
merge into the sample of both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Words = NDArray[np.uint64]


class Sample:
    """At most ``size`` rows; 8 bytes a feature and 8 a row.

    ``values`` may have fewer columns than later rows: features that were not known then are NaN.

    >>> one = Sample(2)
    >>> one.add(np.array([9, 3, 5], np.uint64), np.array([[1.0], [2.0], [3.0]]))
    >>> one.values.ravel().tolist(), one.seen
    ([2.0, 3.0], 3)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.seen = 0
        self.hashes: Words = np.empty(0, np.uint64)
        self.values: Floats = np.empty((0, 0))

    def __len__(self) -> int:
        return len(self.hashes)

    def admits(self, hashes: Words) -> NDArray[np.bool_]:
        """Which rows may get in; the others need not be looked at."""
        if len(self) < self.size:
            return np.ones(len(hashes), np.bool_)
        return np.asarray(hashes < self.hashes[-1], np.bool_)

    def add(self, hashes: Words, values: Floats, seen: int | None = None) -> None:
        """Rows with their hashes. ``seen``: how many they were chosen from."""
        self.seen += len(hashes) if seen is None else seen
        if not len(hashes):
            return
        columns = max(values.shape[1], self.values.shape[1])
        both = np.concatenate([_widened(self.values, columns), _widened(values, columns)])
        every = np.concatenate([self.hashes, hashes])
        order = np.argsort(every, kind="stable")[: self.size]
        self.hashes, self.values = every[order], both[order]

    def merge(self, other: Sample) -> None:
        self.add(other.hashes, other.values, other.seen)

    def state(self) -> dict[str, NDArray[Any]]:
        return {"hashes": self.hashes, "values": self.values, "seen": np.array([self.size, self.seen])}

    @staticmethod
    def from_state(state: Mapping[str, NDArray[Any]]) -> Sample:
        sample = Sample(int(state["seen"][0]))
        sample.seen = int(state["seen"][1])
        sample.hashes, sample.values = state["hashes"], state["values"]
        return sample


def spread(
    samples: dict[tuple[int, int], Sample],
    size: int,
    keys: tuple[NDArray[np.int64], NDArray[np.int64]],
    hashes: Words,
    values: Floats,
    rows: NDArray[np.intp] | None = None,
) -> None:
    """Give rows to the samples of their keys, made with ``size`` where there was none. ``rows``: of
    ``hashes`` and ``values``, one for each pair of ``keys``; None: each once."""
    order = np.lexsort(keys[::-1])
    pairs = np.stack([keys[0][order], keys[1][order]])
    starts = np.flatnonzero(np.any(np.diff(pairs, axis=1, prepend=-1) != 0, axis=0))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        key = (int(pairs[0, start]), int(pairs[1, start]))
        sample = samples.setdefault(key, Sample(size))
        mine = order[start:end] if rows is None else rows[order[start:end]]
        picked = mine[sample.admits(hashes[mine])]
        sample.add(hashes[picked], values[picked], seen=len(mine))


def _widened(values: Floats, columns: int) -> Floats:
    missing = columns - values.shape[1]
    if not missing:
        return values
    return np.concatenate([values, np.full((len(values), missing), np.nan)], axis=1)
