"""Observations: what became of each final bucket. The schema of history and of every chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLUMNS: dict[str, type[np.generic]] = {
    "row": np.int32,
    "ts_ms": np.int64,
    "value": np.float64,
    "n": np.float32,
    "expected": np.float64,
    "lower": np.float64,
    "upper": np.float64,
    "score": np.float32,
    "verdict": np.uint8,
    "model": np.uint8,
}


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Final buckets, one row each, in the order they became final; per series in time order.

    ``row`` is the series' row in its shard, ``ts_ms`` the bucket's start, ``n`` NaN where there is
    none, ``expected``, ``lower``, ``upper`` NaN while there is no forecast, ``score`` 0-100,
    ``verdict`` a `Verdict`, ``model`` the champion's family code. 54 bytes a row in memory.
    """

    row: NDArray[np.int32]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float32]
    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    score: NDArray[np.float32]
    verdict: NDArray[np.uint8]
    model: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ts_ms)

    @staticmethod
    def empty() -> Observations:
        return Observations(**{name: np.empty(0, kind) for name, kind in COLUMNS.items()})

    @staticmethod
    def concat(parts: Sequence[Observations]) -> Observations:
        if not parts:
            return Observations.empty()
        return Observations(**{c: np.concatenate([getattr(p, c) for p in parts]) for c in COLUMNS})

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Observations:
        return Observations(**{c: getattr(self, c)[index] for c in COLUMNS})
