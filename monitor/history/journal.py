"""The journal of a shard: what each series lived by, why that changed, and what undo would restore.

One SQLite file beside the history, written at checkpoints and whenever `BUFFERED_MAX` entries wait, never on
the path of a sample. It follows from the log: what a crash loses, the replay of the log after the checkpoint
writes again, under the same keys. Of a series the newest `ENTRIES_MAX` entries are kept, and what undo would
restore of the newest of those only. Some 700 bytes an entry without a season table, and 50 µs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from monitor.domain.switch import Cause, Switch

FILE = "journal.sqlite"
ENTRIES_MAX = 16
BUFFERED_MAX = 2_048
_TABLE = """CREATE TABLE IF NOT EXISTS entries (
    row INTEGER NOT NULL, position INTEGER NOT NULL, place INTEGER NOT NULL,
    entry BLOB NOT NULL, former BLOB, PRIMARY KEY (row, position, place)) WITHOUT ROWID"""

_LATEST = 1 << 62

Row = tuple[int, int, int, bytes, bytes | None]


class Journal:
    """``after``: the log position of the state that goes on; what a file says of later ones is said again.

    Not thread-safe: the shard's state lock is held. ``trouble`` says why the last write by itself failed.
    """

    def __init__(self, directory: Path, after: int = 0) -> None:
        self._path = directory / FILE
        self._after = after
        self._rewound = False
        self._waiting: list[Row] = []
        self.trouble = ""

    def append(self, position: int, switches: Iterable[Switch]) -> None:
        """Take the switches of the record at ``position``. Never fails for the disk: what cannot be written
        goes on waiting."""
        for place, switch in enumerate(switches):
            entry = msgspec.msgpack.encode(_told(switch))
            former = None if switch.former is None else msgspec.msgpack.encode(switch.former)
            self._waiting.append((switch.row, position, place, entry, former))
        if len(self._waiting) >= BUFFERED_MAX:
            with suppress(OSError):
                self.flush()

    def forget(self, rows: Sequence[int]) -> None:
        """Nothing that was said of these rows so far holds any more."""
        gone = set(rows)
        self._waiting = [one for one in self._waiting if one[0] not in gone]
        if rows and self._path.exists():
            with suppress(OSError):
                self._write([], gone=sorted(gone))

    def flush(self) -> None:
        """Write what waits, durably. Raises OSError, and then still holds it."""
        if self._waiting:
            self._write(self._waiting)
            self._waiting = []

    def entries(self, row: int) -> list[dict[str, Any]]:
        """What is known of a series, the newest first; ``undoable`` says whether undo would restore it."""
        return [
            {**msgspec.msgpack.decode(entry), "undoable": former is not None}
            for _, _, _, entry, former in self._of(row)
        ]

    def former(self, row: int) -> Mapping[str, Any] | None:
        """What undo would restore: what the newest change of models replaced; None if there is nothing."""
        found = next((former for _, _, _, _, former in self._of(row) if former is not None), None)
        return None if found is None else dict(msgspec.msgpack.decode(found))

    def since(self, from_ms: int) -> dict[int, dict[str, Any]]:
        """By series the newest entry but those that only say what was kept, where it took effect at
        ``from_ms`` or later; with ``changes``, how many such entries there are, and ``undoable``. Reads the
        whole journal: some 2 µs an entry."""
        rows: dict[int, list[Row]] = {}
        for one in self._all():
            rows.setdefault(one[0], []).append(one)
        found = {}
        for row, known in rows.items():
            newest = [
                {**msgspec.msgpack.decode(entry), "undoable": former is not None}
                for _, _, _, entry, former in _kept(known)
            ]
            told = [one for one in newest if one["cause"] != Cause.FROZEN.value and one["at_ms"] >= from_ms]
            if told:
                found[row] = {**told[0], "changes": len(told)}
        return found

    def _all(self) -> list[Row]:
        if not self._path.exists():
            return list(self._waiting)
        until = _LATEST if self._rewound else self._after
        try:
            with closing(sqlite3.connect(self._path)) as file:
                asked = "SELECT * FROM entries WHERE position <= ?"
                return [*self._waiting, *file.execute(asked, (until,)).fetchall()]
        except sqlite3.Error as error:
            self.trouble = f"the journal cannot be read: {error}"
            return list(self._waiting)

    def _of(self, row: int) -> list[Row]:
        waiting = [one for one in self._waiting if one[0] == row]
        if self._path.exists():
            until = _LATEST if self._rewound else self._after
            asked = "SELECT * FROM entries WHERE row = ? AND position <= ?"
            try:
                with closing(sqlite3.connect(self._path)) as file:
                    waiting += file.execute(asked, (row, until)).fetchall()
            except sqlite3.Error as error:
                self.trouble = f"the journal cannot be read: {error}"
        return _kept(waiting)

    def _write(self, fresh: Sequence[Row], gone: Sequence[int] = ()) -> None:
        try:
            try:
                self._transact(fresh, gone)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:  # no database, or a damaged one: what it held is lost
                self._path.replace(self._path.with_name(f"{FILE}.damaged"))
                self._transact(fresh, gone)
        except (OSError, sqlite3.Error) as error:
            self.trouble = f"the journal cannot be written: {error}"
            raise OSError(self.trouble) from error
        self._rewound, self.trouble = True, ""

    def _transact(self, fresh: Sequence[Row], gone: Sequence[int]) -> None:
        with closing(sqlite3.connect(self._path)) as file, file:
            file.execute(_TABLE)
            if not self._rewound:
                file.execute("DELETE FROM entries WHERE position > ?", (self._after,))
            file.executemany("DELETE FROM entries WHERE row = ?", [(row,) for row in gone])
            file.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", fresh)
            _prune(file, sorted({one[0] for one in fresh}))


def _kept(rows: Iterable[Row]) -> list[Row]:
    """The newest entries, the newest first, with what undo would restore of the newest alone."""
    found: list[Row] = []
    restorable = False
    for row, position, place, entry, former in sorted(rows, key=lambda one: one[1:3], reverse=True):
        found.append((row, position, place, entry, None if restorable else former))
        restorable = restorable or former is not None
    return found[:ENTRIES_MAX]


def _prune(file: sqlite3.Connection, rows: Sequence[int]) -> None:
    """`_kept`, in the file."""
    for row in rows:
        file.execute(
            "DELETE FROM entries WHERE row = ?1 AND (position, place) NOT IN (SELECT position, place FROM"
            " entries WHERE row = ?1 ORDER BY position DESC, place DESC LIMIT ?2)",
            (row, ENTRIES_MAX),
        )
        file.execute(
            "UPDATE entries SET former = NULL WHERE row = ?1 AND former IS NOT NULL AND (position, place) <"
            " (SELECT position, place FROM entries WHERE row = ?1 AND former IS NOT NULL"
            " ORDER BY position DESC, place DESC LIMIT 1)",
            (row,),
        )


def _told(switch: Switch) -> dict[str, Any]:
    """A switch without what undo would restore."""
    return {
        "at_ms": switch.at_ms,
        "buckets": switch.buckets,
        "cause": switch.cause.value,
        "before": None if switch.before is None else asdict(switch.before),
        "after": asdict(switch.after),
        "reasons": list(switch.reasons),
        "losses": dict(switch.losses),
    }
