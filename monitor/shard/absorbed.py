"""Absorbed drift in the shard: each series' reference, and the change that tells of a drift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learners.drift.absorbed import Absorbed
from learners.drift.reference import dtype
from monitor.domain.durations import HOUR_MS
from monitor.shard.adoption import ADOPT_DAYS_MS
from monitor.shard.state import ABSORBED_DRIFT, CHANGE, CLOSED, LEVEL_SHIFT


def change_of(row: int, cadence_ms: int, told: Absorbed) -> NDArray[np.void]:
    """The drift as an anomaly that is opened and closed at once, shape (1,): it takes no episode, so
    whatever is open goes on. It spans from the reference to the report, where its peak is."""
    change = np.zeros(1, CHANGE)
    change["row"], change["cadence"] = row, cadence_ms
    change["change"], change["kind"], change["direction"] = CLOSED, ABSORBED_DRIFT, told.direction
    change["at_ms"] = (told.last + 2) * cadence_ms
    change["onset_ms"] = told.onset * cadence_ms
    change["peak_ms"] = change["last_ms"] = told.last * cadence_ms
    change["end_ms"] = (told.last + 1) * cadence_ms
    change["value"], change["expected"] = told.value, told.expected
    change["lower"], change["upper"] = told.lower, told.upper
    change["level"] = told.surprise
    change["buckets"] = min(told.last + 1 - told.onset, 2**31 - 1)
    return change


def told_already(changes: NDArray[np.void]) -> NDArray[np.void]:
    """Level shifts of a week or more that have just ended, most often by being taken for normal: a
    reference from before would tell the same again."""
    lasted = changes["end_ms"] - changes["onset_ms"] >= ADOPT_DAYS_MS
    found: NDArray[np.void] = changes[
        (changes["kind"] == LEVEL_SHIFT) & (changes["change"] == CLOSED) & lasted
    ]
    return found


def emptied(civil_ms: int) -> NDArray[np.void]:
    """A record to be filled with what comes after a time, shape ().

    >>> emptied(7_200_001)["until"]
    array(3, dtype=uint32)
    """
    record = np.zeros((), dtype)
    record["until"] = max(-(-civil_ms // HOUR_MS), 0)
    return record
