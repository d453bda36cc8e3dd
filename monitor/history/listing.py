"""Which files, and which deletions, are history at one moment: the part of a checkpoint that says so."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Table(StrEnum):
    """Observations in time order per series; revisions: samples that came after their bucket was final."""

    OBSERVATIONS = "observations"
    REVISIONS = "revisions"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of history.

    ``serial`` orders files: what a smaller serial holds of a series was appended earlier. A merged
    file takes the largest serial of its sources. Deletions numbered up to ``clean`` are already
    applied inside the file. ``level``: 0 for an Arrow segment, else how often it was merged.
    """

    name: str
    table: Table
    serial: int
    clean: int
    level: int
    rows: int
    bytes: int
    crc32: int
    first_row: int
    last_row: int
    min_ts_ms: int
    max_ts_ms: int

    @staticmethod
    def from_json(data: dict[str, Any]) -> Entry:
        return Entry(**{**data, "table": Table(data["table"])})


def _no_numbers() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Tombstones:
    """Deleted rows, sorted, each with its cut: everything in files numbered up to the cut is gone.

    What a row's next owner writes lands in files with larger numbers, so it is never hidden, and the
    old owner's data never comes back. 16 bytes a deleted row until a merge has removed its data.
    """

    row: NDArray[np.int64] = field(default_factory=_no_numbers)
    cut: NDArray[np.int64] = field(default_factory=_no_numbers)

    def __len__(self) -> int:
        return len(self.row)

    def add(self, rows: NDArray[np.int64], cut: int) -> Tombstones:
        row = np.concatenate([self.row, rows])
        cuts = np.concatenate([self.cut, np.full(len(rows), cut, np.int64)])
        order = np.lexsort((cuts, row))
        row, cuts = row[order], cuts[order]
        newest = np.append(row[1:] != row[:-1], True)[: len(row)]
        return Tombstones(row[newest], cuts[newest])

    def hidden_in(self, entry: Entry) -> NDArray[np.int64]:
        """The rows whose data in this file is deleted but may still be there, sorted."""
        low, high = np.searchsorted(self.row, [entry.first_row, entry.last_row + 1])
        cut = self.cut[low:high]
        hidden: NDArray[np.int64] = self.row[low:high][(cut >= entry.serial) & (cut > entry.clean)]
        return hidden

    def hides(self, row: int, entry: Entry) -> bool:
        at = int(np.searchsorted(self.row, row))
        if at == len(self.row) or self.row[at] != row:
            return False
        return bool(self.cut[at] >= entry.serial and self.cut[at] > entry.clean)

    def needed_by(self, entries: tuple[Entry, ...]) -> Tombstones:
        """Without those that no file needs any more."""
        hidden = [self.hidden_in(entry) for entry in entries]
        keep = np.isin(self.row, np.concatenate(hidden)) if hidden else np.zeros(len(self.row), bool)
        return Tombstones(self.row[keep], self.cut[keep])


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """History at one moment, as a manifest stores it; ``next_number`` names the next file."""

    entries: tuple[Entry, ...] = ()
    tombstones: Tombstones = field(default_factory=Tombstones)
    next_number: int = 1

    @property
    def names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self.entries)

    def to_json(self) -> dict[str, Any]:
        return {
            "files": [asdict(entry) for entry in self.entries],
            "tombstones": {"row": self.tombstones.row.tolist(), "cut": self.tombstones.cut.tolist()},
            "next_number": self.next_number,
        }

    @staticmethod
    def from_json(data: dict[str, Any]) -> Listing:
        dead = data["tombstones"]
        return Listing(
            tuple(Entry.from_json(entry) for entry in data["files"]),
            Tombstones(np.array(dead["row"], np.int64), np.array(dead["cut"], np.int64)),
            data["next_number"],
        )
