"""What a shard holds of its series: the arrays, where they lie, and a row's life in them.

368 bytes a series with a 24-slot season (`state`). What happens to it is in `monitor.shard.apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learners.bank import Bank, aligned, grown
from learners.base import view
from learners.block import BYTES, WIDTH
from learners.drift import reference
from monitor.domain.series import Identity
from monitor.shard import block, fitted, judge
from monitor.shard import state as st
from monitor.shard.arrays import doubled, free_list
from monitor.shard.assignment import TRUSTED_FROM
from monitor.shard.drain import is_pooled
from monitor.shard.episodes import release
from monitor.shard.labelled import Labelled
from monitor.shard.pauses import Pauses
from monitor.shard.pool import ROOM, drop
from monitor.shard.probation import Probation
from monitor.shard.results import Results
from monitor.shard.rules import Rules

_NO_PAUSES = np.zeros(0, st.PAUSE)
_NO_SPANS = np.zeros(0, st.SPAN)
_BUFFER = 65_536


class Shard:
    """State of the series in rows ``0 … rows - 1``; rows are given by the index that owns the shard."""

    def __init__(self, default_zone: str = "UTC", rows: int = 1024) -> None:
        self.bank = Bank(rows)
        self.rules = Rules(default_zone)
        self.clocks = aligned((rows,), st.CLOCK)
        self.profiles = np.zeros(rows, st.PROFILE)
        self.references = reference.empty(rows)
        self.pending = free_list(1024, st.PENDING)
        self.episodes = free_list(256, st.EPISODE)
        self.directory = np.zeros(1, st.DIRECTORY)
        self.directory["anew"] = -1
        self.directory["final_value"] = judge.entry().address
        self.directory["flush"] = block.entry().address
        for field, function in fitted.entries().items():
            self.directory[field] = function.address
        self.results = Results(self.directory)
        self.labelled = Labelled()
        self.pauses = Pauses()
        self.probation = Probation()
        self.team_of: Callable[[Identity], str | None] = lambda identity: None
        self.opinions = np.zeros(0, st.OPINION)
        self.kin = np.zeros(0, st.OPINION)
        self.attentive: set[int] = set()
        self.unheard = False
        self.drained = 0
        self.renewed: list[int] = []
        self.rows = 0
        self._dirty = np.zeros(_BUFFER, np.int32)
        self._jobs = np.zeros(WIDTH, st.JOB)
        self._block = aligned((BYTES,), np.dtype(np.uint8))
        self.locate()

    # ------------------------------------------------------------------ rows

    def admit(self, row: int, identity: Identity) -> None:
        """A series begins in ``row``, unless it is there already."""
        if row < self.rows and self.common["flags"][row] & st.LIVE:
            return
        if row >= len(self.clocks):
            self._grow_rows(row + 1)
        self.rows = max(self.rows, row + 1)
        self.clear(row)
        self.common["flags"][row] = st.LIVE
        known = len(self.rules)
        self.clocks["rule"][row] = self.rules.number(identity)
        self.unheard |= len(self.labelled) > 0 and len(self.rules) > known
        if len(self.pauses):
            self.pauses.admit(row, identity, self.team_of(identity))
        self.locate()

    def clear(self, row: int) -> None:
        """Leave nothing of the series that was in ``row``."""
        at = int(self.clocks["pool"][row]) if self.common["flags"][row] & st.LIVE else -1
        while at >= 0:
            following = int(self.pending["next"][at])
            drop(self.directory[0], at)
            at = following
        while self.common["flags"][row] & st.LIVE and self.common["episode"][row] >= 0:
            release(self.directory[0], int(self.common["episode"][row]))
        self.bank.clear(row)
        self.probation.forget(row)
        self.clocks[row] = np.zeros((), st.CLOCK)
        self.profiles[row] = np.zeros((), st.PROFILE)
        self.references[row] = np.zeros((), reference.dtype)
        clock = self.clocks[row]
        clock["pool"] = -1
        clock["n_mean"] = np.nan
        self.common["episode"][row] = st.NOTHING
        self.unheard |= row in self.attentive

    def hear(self, opinions: NDArray[np.void], kin: NDArray[np.void]) -> None:
        """What labels say of series, and of their siblings, from here on (`monitor.shard.labelled`)."""
        self.opinions, self.kin = opinions, kin
        self.locate()

    def newest_final(self, row: int) -> int:
        """Index of the newest final bucket of a series with a cadence."""
        clock = self.clocks[row]
        return int(clock["v1"]) if is_pooled(self.directory[0], row) else int(clock["bucket"]) - 2

    def final_ms(self, row: int) -> int:
        """The event time at which the newest final bucket of a series with a cadence became so."""
        return (self.newest_final(row) + 2) * int(self.clocks["cadence"][row])

    def reference_of(self, row: int) -> bytes | None:
        """What a pass compares the level of a held series with; None while it is not trusted yet."""
        young = int(self.clocks["final_n"][row]) < TRUSTED_FROM
        return None if young else self.references[row].tobytes()

    def has_live(self) -> bool:
        """Is any series fed live? The wall clock says nothing of the others."""
        flags = self.common["flags"][: self.rows]
        return bool(np.any((flags & (st.LIVE | st.BACKFILLED)) == st.LIVE))

    # ------------------------------------------------------------------ room

    @property
    def marked_full(self) -> bool:
        """Is there no room to mark some rows more?"""
        return bool(self.directory["n_dirty"][0] + 8 > len(self._dirty))

    def make_room_to_wait(self) -> None:
        """Room for the samples and the episodes of one series."""
        if self.directory["n_pending"][0] + 64 > len(self.pending):
            self.pending = doubled(self.pending, self.directory, "free_pending")
        if self.directory["n_episodes"][0] + 2 * ROOM > len(self.episodes):
            self.episodes = doubled(self.episodes, self.directory, "free_episode")
        self.locate()

    def _grow_rows(self, rows: int) -> None:
        size = max(rows, 2 * len(self.clocks))
        self.bank.ensure(size)
        self.clocks = grown(self.clocks, size)
        self.profiles = grown(self.profiles, size)
        self.references = grown(self.references, size)
        self.locate()

    def locate(self) -> None:
        """Write down where every array lies now."""
        zones = self.rules.zones
        self.pauses.reach(len(self.clocks))
        pauses, spans = self.pauses.tables() if len(self.pauses) else (_NO_PAUSES, _NO_SPANS)
        arrays: dict[str, NDArray[Any]] = {
            "models": self.bank.models,
            "season": self.bank.season,
            "common": self.bank.common,
            "clocks": self.clocks,
            "profiles": self.profiles,
            "pending": self.pending,
            "episodes": self.episodes,
            "rules": self.rules.table,
            "zones": zones.table,
            "zone_changes": zones.changes,
            **self.results.arrays(),
            "dirty": self._dirty,
            "jobs": self._jobs,
            "block": self._block,
            "opinions": self.opinions,
            "kin": self.kin,
            "paused": self.pauses.rows,
            "pauses": pauses,
            "spans": spans,
        }
        for name, array in arrays.items():
            self.directory[name] = array.ctypes.data
            if f"max_{name}" in (self.directory.dtype.names or ()):
                self.directory[f"max_{name}"] = len(array)
        self.directory["n_opinions"], self.directory["n_kin"] = len(self.opinions), len(self.kin)
        self.directory["n_pauses"] = len(self.pauses)
        self.common = view(self.bank.common, st.COMMON)
        self._located = tuple(arrays.values())
