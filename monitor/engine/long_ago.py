"""What is told long after it was: history that is read in beside live series.

The wall clock says nothing of it, so an anomaly carries how far its own series had come, until the series is
live.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.domain.durations import DAY_MS
from monitor.shard import state as st
from monitor.shard.shard import Shard

FAR_MS = DAY_MS
FAR_CADENCES = 4


def heard_ms(at_ms: int, cadence_ms: int, arrival_ms: int) -> int | None:
    """``at_ms``, the event time that a series of history had come to, where it was long over when it arrived;
    else None.

    >>> heard_ms(0, 60_000, FAR_MS), heard_ms(0, 60_000, FAR_MS + 1), heard_ms(0, 7 * FAR_MS, FAR_MS + 1)
    (None, 0, None)
    """
    return at_ms if arrival_ms - at_ms > max(FAR_MS, FAR_CADENCES * cadence_ms) else None


def still_open(shard: Shard, arrival_ms: int) -> NDArray[np.void]:
    """Where a file ends: the open anomalies of series that it left long ago, as changes (`state.CHANGE`), so
    that it is known how far each had come. O(room for open anomalies)."""
    found = _changes(shard, rows_of_history(shard))
    far = [heard_ms(int(one["at_ms"]), int(one["cadence"]), arrival_ms) is not None for one in found]
    return found[np.array(far, np.bool_)]


def rows_of_history(shard: Shard) -> NDArray[np.int32]:
    """Rows of history with an open anomaly that was told. O(room for open anomalies)."""
    rows = shard.episodes["row"][_told(shard)]
    return np.unique(rows[shard.common["flags"][rows] & st.BACKFILLED != 0]).astype(np.int32)


def gone_live(shard: Shard, rows: NDArray[np.int32]) -> tuple[NDArray[np.void], NDArray[np.int32]]:
    """The open anomalies of those of ``rows`` that are history no more, as changes: from here on the clock
    goes for them. And the other rows. O(rows) where none is."""
    still = shard.common["flags"][rows] & st.BACKFILLED != 0
    return _changes(shard, rows[~still]), rows[still]


def _told(shard: Shard) -> NDArray[np.intp]:
    """Places of open anomalies that were told."""
    known = shard.episodes
    return np.flatnonzero((known["row"] >= 0) & (known["adopted_at"] == 0) & (known["hushed"] == 0))


def _changes(shard: Shard, rows: NDArray[np.int32]) -> NDArray[np.void]:
    """Of all open anomalies of rows that were told, by row and onset."""
    if not len(rows):
        return np.zeros(0, st.CHANGE)
    told = shard.episodes[_told(shard)]
    told = told[np.isin(told["row"], rows)]
    told = told[np.lexsort((told["onset"], told["row"]))]
    found = np.zeros(len(told), st.CHANGE)
    for place, episode in enumerate(told):
        found[place] = _change(shard, episode)
    return found


def _change(shard: Shard, episode: np.void) -> np.void:
    row = int(episode["row"])
    cadence = int(shard.clocks["cadence"][row])
    change: np.void = np.zeros(1, st.CHANGE)[0]
    change["row"], change["change"], change["cadence"] = row, st.UPDATED, cadence
    change["at_ms"], change["end_ms"] = shard.final_ms(row), -1
    for name in ("onset", "peak", "last"):
        change[f"{name}_ms"] = int(episode[name]) * cadence
    for name in ("kind", "direction", "value", "expected", "lower", "upper"):
        change[name] = episode[name]
    change["level"], change["buckets"] = episode["peak_level"], episode["count"]
    return change
