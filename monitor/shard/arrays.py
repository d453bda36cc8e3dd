"""The shard's arrays of records: buffers turned into columns, pools with a list of their free places."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.observation import COLUMNS, Observations


def columns_of(outcomes: NDArray[np.void], count: int) -> Observations:
    """The first ``count`` outcomes by column, in one pass over them."""
    columns = {name: np.empty(count, kind) for name, kind in COLUMNS.items()}
    _transpose(outcomes[:count], *columns.values())
    return Observations(**columns)


@kernel
def _transpose(
    outcomes: Any,
    row: Any,
    ts_ms: Any,
    value: Any,
    n: Any,
    expected: Any,
    lower: Any,
    upper: Any,
    score: Any,
    verdict: Any,
    model: Any,
) -> None:
    for i in range(len(outcomes)):
        out = outcomes[i]
        row[i] = out.row
        ts_ms[i] = out.ts_ms
        value[i] = out.value
        n[i] = out.n
        expected[i] = out.expected
        lower[i] = out.lower
        upper[i] = out.upper
        score[i] = out.score
        verdict[i] = out.verdict
        model[i] = out.model


def free_list(size: int, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    pool: NDArray[np.void] = np.zeros(size, dtype)
    pool["next"] = np.arange(1, size + 1)
    if "row" in (dtype.names or ()):
        pool["row"] = -1
    return pool


def widened(pool: NDArray[np.void], dtype: np.dtype[np.void]) -> NDArray[np.void]:
    """A copy as ``dtype``, which may have more fields: zeros there."""
    found: NDArray[np.void] = np.zeros(len(pool), dtype)
    for name in pool.dtype.names or ():
        found[name] = pool[name]
    return found


def doubled(pool: NDArray[np.void], directory: NDArray[np.void], free: str) -> NDArray[np.void]:
    """Twice the places; the new ones come before the old free ones."""
    size = len(pool)
    more = free_list(size, pool.dtype)
    more["next"] += size
    more["next"][-1] = directory[free][0]
    directory[free] = size
    return np.concatenate([pool, more])
