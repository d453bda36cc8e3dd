"""The files of served models: checkpoints of all that is remembered, and rows that wait in files beside them.

A checkpoint is one snapshot under a name of its own, and names the files of rows it needs; two are kept, and
the log behind the older one. A damaged one is passed over, with a longer replay.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from monitor.history.snapshot import SnapshotError, read_snapshot, write_snapshot
from monitor.intake.dedup import Remembered
from monitor.served import snapshot
from monitor.served.state import ServedState

log = logging.getLogger(__name__)

GENERATIONS = 2
_REMEMBERED = "remembered."


class ServingFiles:
    """One folder. ``oldest``: the position of the older checkpoint, behind which the log is needed."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._secret = _secret(folder)
        self.oldest = 0

    def load(self) -> tuple[ServedState, Remembered, int]:
        """State, remembered requests and position of the newest whole checkpoint, or of a beginning."""
        for path in self._checkpoints():
            try:
                arrays = read_snapshot(path)
                state = snapshot.load(arrays, self._folder, self._secret, self._bytes_max)
                remembered = Remembered.from_state(
                    {
                        name.removeprefix(_REMEMBERED): array
                        for name, array in arrays.items()
                        if name.startswith(_REMEMBERED)
                    }
                )
            except (SnapshotError, OSError, ValueError, KeyError) as error:
                log.warning("%s is passed over: %s", path.name, error)
                continue
            return state, remembered, snapshot.position_of(arrays)
        return ServedState(self._folder, self._secret, self._bytes_max), Remembered(), 0

    def save(self, state: ServedState, remembered: Remembered, position: int) -> None:
        """Write a checkpoint, durably, and remove what only older ones need."""
        state.tidy()
        arrays = snapshot.save(state, position)
        arrays |= {_REMEMBERED + name: column for name, column in remembered.state().items()}
        write_snapshot(self._folder / f"checkpoint-{position:016d}.snap", arrays)
        for path in self._checkpoints()[GENERATIONS:]:
            path.unlink()
        pending, orphans, positions = set[str](), set[str](), [position]
        for path in self._checkpoints():
            try:
                held = read_snapshot(path)
            except (SnapshotError, OSError, ValueError):
                continue
            names = snapshot.names_of(held)
            pending |= set(names["pending"])
            orphans |= set(names["orphans"])
            positions.append(snapshot.position_of(held))
        state.pending.sweep(sorted(pending))
        state.orphans.sweep(sorted(orphans))
        self.oldest = min(positions)

    def _checkpoints(self) -> list[Path]:
        """The newest first."""
        return sorted(self._folder.glob("checkpoint-*.snap"), reverse=True)


def _secret(folder: Path) -> int:
    """Eight random bytes, made once."""
    path = folder / "key"
    if not path.exists():
        temporary = folder / "key.new"
        with temporary.open("wb") as file:
            file.write(os.urandom(8))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    return int.from_bytes(path.read_bytes(), "little")
