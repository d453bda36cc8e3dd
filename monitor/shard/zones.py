"""Civil time for compiled loops: the offsets from UTC of each zone in use, with their changes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.shard.state import ZONE, ZONE_CHANGE, zone_at, zone_change_at

_FIRST = int(datetime(1970, 1, 1, tzinfo=UTC).timestamp())
_LAST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_STEP = 14 * 86_400


class Zones:
    """Zones by number; 0 is UTC. About 280 changes of 16 bytes for a zone with daylight saving.

    >>> zones = Zones()
    >>> zones.number("America/New_York"), zones.number("UTC"), zones.number("America/New_York")
    (1, 0, 1)
    """

    def __init__(self) -> None:
        self._numbers = {"UTC": 0}
        self.changes = np.array([(-(2**62), 0)], ZONE_CHANGE)
        self.table = np.array([(0, 1)], ZONE)

    @property
    def names(self) -> list[str]:
        return list(self._numbers)

    def number(self, name: str) -> int:
        """The zone's number, made on first use; an unknown zone is UTC."""
        known = self._numbers.get(name)
        if known is not None:
            return known
        if not is_zone(name):
            return 0
        ts, offset = _changes(ZoneInfo(name))
        self._numbers[name] = number = len(self._numbers)
        more = np.empty(len(ts), ZONE_CHANGE)
        more["ts_ms"], more["offset_ms"] = ts, offset
        part = np.array([(len(self.changes), len(self.changes) + len(ts))], ZONE)
        self.changes = np.concatenate([self.changes, more])
        self.table = np.concatenate([self.table, part])
        return number

    def civil(self, number: int, ts_ms: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local civil time of instants, both in ms."""
        first, end = (int(x) for x in self.table[number])
        part = self.changes[first:end]
        return ts_ms + part["offset_ms"][np.searchsorted(part["ts_ms"], ts_ms, side="right") - 1]


@lru_cache(maxsize=4096)
def is_zone(name: str) -> bool:
    """Does the time zone database know the name? Asked for each new series, and the answer is a file.

    >>> is_zone("Europe/Berlin"), is_zone("../etc/passwd"), is_zone("")
    (True, False, False)
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _changes(zone: ZoneInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    def offset_s(at: int) -> int:
        delta = datetime.fromtimestamp(at, zone).utcoffset()
        return int(delta.total_seconds()) if delta is not None else 0

    times, offsets = [-(2**62)], [offset_s(_FIRST) * 1000]
    at, now = _FIRST, offset_s(_FIRST)
    while at < _LAST:
        later = at + _STEP
        if offset_s(later) != now:
            low, high = at, later
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_s(middle) == now else (low, middle)
            now = offset_s(high)
            times.append(high * 1000)
            offsets.append(now * 1000)
            later = high
        at = later
    return np.array(times, np.int64), np.array(offsets, np.int64)


@kernel
def local_offset(s: Any, zone: int, at_ms: int) -> int:
    """The zone's offset from UTC at ``at_ms``, in ms. One branch for UTC, some 8 steps otherwise."""
    if zone == 0:
        return 0
    part = zone_at(s, zone)
    low, high = part.first, part.end
    while high - low > 1:
        middle = (low + high) // 2
        if zone_change_at(s, middle).ts_ms <= at_ms:
            low = middle
        else:
            high = middle
    return zone_change_at(s, low).offset_ms
