"""What the intake log holds: everything that can change what the system believes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.batch import Mode


class Kind(IntEnum):
    """The byte that names a record's kind on disk; values are never reused."""

    SAMPLES = 1
    TICK = 2
    ASSIGN = 3
    METRIC = 4
    LABEL = 5
    SETTING = 6
    FORGET = 7
    LINEAGE = 8
    CHANGE = 9
    TEAM = 10
    ACT = 11
    MUTE = 12
    CALENDAR = 13
    PREDICTIONS = 20
    OUTCOMES = 21
    MODEL = 22


TOLD = (Kind.LINEAGE, Kind.CHANGE, Kind.ACT, Kind.LABEL, Kind.MUTE, Kind.CALENDAR)
"""Kinds of which whoever keeps incidents is told, by one shard (of mutes by each); of them models act
on labels only."""


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """One request's samples of one shard. Columns of one length; may be empty (a clock only).

    ``row`` int32 (the series' row in this shard's index), ``ts_ms`` int64, ``value`` float64,
    ``n`` float64 or None. ``new_series``: rows first used here, with their canonical identity.
    ``arrival_ms``: when the request reached us. ``clock_ms``: newest event time of the whole
    request over all shards; a back-filled source's silent series are advanced by it.
    ``request_id``: 16 bytes, or empty; a retry carries the same and is dropped.
    """

    row: NDArray[np.int32]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64] | None
    mode: Mode
    arrival_ms: int
    clock_ms: int
    new_series: tuple[tuple[int, bytes], ...] = ()
    request_id: bytes = b""

    def __len__(self) -> int:
        return len(self.ts_ms)


@dataclass(frozen=True, slots=True)
class Tick:
    """Event time has reached ``ts_ms`` although some series sent nothing.

    ``complete`` ends a file: every bucket up to ``ts_ms`` becomes final.
    """

    ts_ms: int
    complete: bool = False
    request_id: bytes = b""


@dataclass(frozen=True, slots=True)
class Control:
    """Any other record: ``kind`` and a body of plain values (None, bool, int, float, str, bytes,
    list, dict), stored as MessagePack."""

    kind: Kind
    body: dict[str, Any] = field(default_factory=dict)


Entry = Samples | Tick | Control


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """An entry at its position: 1, 2, 3, … without holes in an undamaged log."""

    position: int
    entry: Entry
