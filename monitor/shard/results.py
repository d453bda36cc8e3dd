"""What one entry brings about: the buffers that kernels write into, copied out whenever they are full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.domain.observation import Observations
from monitor.domain.switch import Switch
from monitor.shard import state as st
from monitor.shard.arrays import columns_of

_SIZE = 65_536
_CHANGES = 16_384


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """What one entry brought about. ``changes``: anomaly changes (`state.CHANGE`) by event time and row;
    ``due``: rows that wait for an assignment; ``revisions``: late samples (`state.REVISION`); ``switches``:
    series that live by something else from now on."""

    observations: Observations
    changes: NDArray[np.void]
    due: NDArray[np.int32]
    revisions: NDArray[np.void]
    duplicates: int
    conflicts: int
    switches: tuple[Switch, ...] = ()


class Results:
    """``directory`` counts how full each buffer is."""

    def __init__(self, directory: NDArray[np.void]) -> None:
        self._directory = directory
        self.outcomes = np.zeros(_SIZE, st.OUTCOME)
        self.changes = np.zeros(_CHANGES, st.CHANGE)
        self.due = np.zeros(_SIZE, np.int32)
        self.revisions = np.zeros(_SIZE, st.REVISION)
        self.switches: list[Switch] = []
        self._begin()

    def _begin(self) -> None:
        self._observations: list[Observations] = []
        self._changes: list[NDArray[np.void]] = []
        self._due: list[NDArray[np.int32]] = []
        self._revisions: list[NDArray[np.void]] = []

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The buffers by the directory's fields."""
        return {name: getattr(self, name) for name in ("outcomes", "changes", "due", "revisions")}

    def tell(self, change: NDArray[np.void]) -> None:
        """A change that no kernel writes, shape (1,)."""
        self.make_room_to_tell()
        at = int(self._directory["n_changes"][0])
        self.changes[at : at + 1] = change
        self._directory["n_changes"] = at + 1

    def make_room_to_tell(self) -> None:
        """Room for the changes of one series."""
        if self._directory["n_changes"][0] + 8 > len(self.changes):
            self.collect()

    def wait(self, row: int) -> None:
        """The row waits for an assignment."""
        if self._directory["n_due"][0] + 1 > len(self.due):
            self.collect()
        self.due[self._directory["n_due"][0]] = row
        self._directory["n_due"] += 1

    def collect(self) -> None:
        """Copy out what the buffers hold: they are empty then."""
        directory = self._directory
        count = int(directory["n_outcomes"][0])
        if count or not self._observations:
            self._observations.append(columns_of(self.outcomes, count))
        self._changes.append(self.changes[: int(directory["n_changes"][0])].copy())
        self._due.append(self.due[: int(directory["n_due"][0])].copy())
        self._revisions.append(self.revisions[: int(directory["n_revisions"][0])].copy())
        for name in ("n_outcomes", "n_changes", "n_due", "n_revisions"):
            directory[name] = 0

    def take(self) -> Applied:
        """All since the last time."""
        self.collect()
        directory, seen = self._directory, self._observations
        changes = np.concatenate(self._changes)
        applied = Applied(
            observations=seen[0] if len(seen) == 1 else Observations.concat(seen),
            changes=changes[np.lexsort((changes["row"], changes["at_ms"]))],
            due=np.concatenate(self._due),
            revisions=np.concatenate(self._revisions),
            duplicates=int(directory["n_duplicate"][0]),
            conflicts=int(directory["n_conflict"][0]),
            switches=tuple(self.switches),
        )
        self.switches.clear()
        self._begin()
        directory["n_duplicate"] = directory["n_conflict"] = directory["n_late"] = 0
        return applied
