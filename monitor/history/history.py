"""Observation history of one shard: a tail in memory, hot segments, cold Parquet, read as one.

One writer thread; readers on that thread. A flushed segment is read at once, but a restart knows only
what the newest manifest lists: the log after it brings back the rest.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.domain.observation import COLUMNS, Observations
from monitor.history.compact import Job, Policy, choose, merge, open_reader
from monitor.history.cuts import Span, cut, in_time_order
from monitor.history.files import OS_DISK, TEMPORARY, Disk, crc32_of
from monitor.history.listing import Entry, Listing, Table
from monitor.history.retention import Retention, split
from monitor.history.segments import SCHEMAS, BlockError, Columns, Reader, sort_order, write_segment
from monitor.history.tail import Tail
from monitor.history.window import NEEDED, Picker, Windows

FOLDER = "history"
SET_ASIDE = "set-aside"
_NUMBER = re.compile(r"-(\d{12})\.(?:arrow|parquet)$")
_OPEN_FILES_MAX = 64
_NONE_HIDDEN = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Revisions:
    """Samples that came after their bucket was final; ``arrival_ms`` is when. In time order."""

    row: NDArray[np.int32]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float32]
    arrival_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ts_ms)


class History:
    """All observations and revisions of one shard under ``directory/history``.

    ``listed`` is the recovered manifest's listing, ``keep`` the names listed by any kept manifest; every
    other file there is left from before a crash and removed. With ``listed`` None nothing is known of
    the files present: they are moved to ``history/set-aside``, never removed.
    Memory: the tail, at most about ``tail_rows_max`` × 62 bytes, and the indexes of up to 64 open files.
    ``trouble`` says why the last flush by itself failed, "" if it did not.
    """

    def __init__(
        self,
        directory: Path,
        *,
        listed: Listing | None = None,
        keep: Collection[str] = (),
        tail_rows_max: int = 1_000_000,
        retention: Retention | None = None,
        policy: Policy | None = None,
        disk: Disk = OS_DISK,
    ) -> None:
        self.folder = directory / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        self.trouble = ""
        self._disk = disk
        self._retention = retention or Retention()
        self._policy = policy or Policy()
        self._tail_rows_max = self._flush_at = tail_rows_max
        self._tails = {table: Tail(table) for table in Table}
        listing = listed or Listing()
        self._entries = listing.entries
        self._tombstones = listing.tombstones
        self._committed = listing.names
        self._horizon_ms = -(1 << 62)
        self._readers: OrderedDict[str, Reader] = OrderedDict()
        self._damage: dict[str, str] = {}
        present = [path.name for path in self.folder.iterdir() if path.is_file()]
        numbers = [int(found[1]) for name in present if (found := _NUMBER.search(name))]
        self._next_number = max(listing.next_number, *(number + 1 for number in numbers), 1)
        self._clear(set(present) - set(keep) - listing.names, known=listed is not None)

    # Writing

    def append(self, observations: Observations) -> None:
        """Take final buckets, per series in time order. Never fails for the disk: a full tail is
        written by itself, and where that fails the tail grows and ``trouble`` says why."""
        self._append(Table.OBSERVATIONS, {name: getattr(observations, name) for name in COLUMNS})

    def append_revision(
        self, row: ArrayLike, ts_ms: ArrayLike, value: ArrayLike, n: ArrayLike, arrival_ms: ArrayLike
    ) -> None:
        """Take late samples (scalars or columns); ``n`` NaN where there is none."""
        given = np.broadcast_arrays(*(np.atleast_1d(x) for x in (row, ts_ms, value, n, arrival_ms)))
        kinds = SCHEMAS[Table.REVISIONS]
        self._append(
            Table.REVISIONS,
            {name: column.astype(kind) for (name, kind), column in zip(kinds.items(), given, strict=True)},
        )

    def flush(self) -> Listing:
        """Write the tails as segments and return what a manifest must list. Some 0.3 s for 1 M rows.
        Raises OSError, and then still holds all rows."""
        for table, tail in self._tails.items():
            if len(tail):
                columns = tail.columns()
                order = sort_order(columns["row"], columns["ts_ms"])
                number = self._take_number()
                path = self.folder / f"{table.value}-{number:012d}.arrow"
                columns = {name: column[order] for name, column in columns.items()}
                self._entries += (write_segment(path, table, columns, number, self._disk),)
                tail.clear()
        self.trouble, self._flush_at = "", self._tail_rows_max
        return self.listing()

    def listing(self) -> Listing:
        """What is on disk of history now, without the tail."""
        self._tombstones = self._tombstones.needed_by(self._entries)
        return Listing(self._entries, self._tombstones, self._next_number)

    def committed(self, listing: Listing) -> None:
        """A durable manifest lists these files: from now on they may be merged or dropped."""
        self._committed = listing.names

    def delete(self, rows: NDArray[np.int32]) -> None:
        """Forget all that is known of ``rows``: from reads at once, from disk by later merges. What is
        appended afterwards, by a next owner of a row, is kept."""
        gone = np.unique(rows).astype(np.int64)
        for tail in self._tails.values():
            tail.forget(gone)
        self._tombstones = self._tombstones.add(gone, self._next_number - 1).needed_by(self._entries)

    def retain(self, clock_ms: int) -> list[str]:
        """Drop what is older than retention allows at event time ``clock_ms``; names of dropped files.
        They leave the disk when no kept manifest lists them."""
        self._horizon_ms = self._retention.horizon_ms(clock_ms)
        settled = tuple(entry for entry in self._entries if entry.name in self._committed)
        dropped = {entry.name for entry in split(settled, self._retention, clock_ms)[1]}
        self._replace(dropped, ())
        return sorted(dropped)

    def compact(self, clock_ms: int = -(1 << 62), *, purge: bool = True) -> int:
        """Do all merges that are due; how many. ``purge`` also rewrites cold files that still hold
        deleted rows. Raises OSError; damaged files are left alone and named in ``damage``."""
        done = 0
        while job := self.plan(clock_ms, purge=purge):
            try:
                self.adopt(job, merge(job))
                done += 1
            except BlockError as error:
                self._note_damage(job.sources, error)
        return done

    def plan(self, clock_ms: int = -(1 << 62), *, purge: bool = True) -> Job | None:
        """The next merge, which `merge` may do on another thread; `adopt` ends it."""
        for table in Table:
            for run in self._mergeable(table):
                sources = choose(run, self._policy, clock_ms - self._policy.hot_age_ms)
                if not sources and purge:
                    dirty = (e for e in run if e.level and len(self._tombstones.hidden_in(e)))
                    sources = tuple(e for e, _ in zip(dirty, range(1), strict=False))
                if sources:
                    number = self._take_number()
                    hidden = tuple(self._tombstones.hidden_in(entry) for entry in sources)
                    return Job(self.folder, sources, hidden, self._horizon_ms, number, number - 1, self._disk)
        return None

    def adopt(self, job: Job, product: Entry | None) -> None:
        """Put the merged file in the place of its sources, unless one was dropped meanwhile."""
        sources = {entry.name for entry in job.sources}
        if sources <= {entry.name for entry in self._entries}:
            self._replace(sources, (product,) if product else ())
        elif product:
            self._disk.remove(self.folder / product.name)

    # Reading

    def read(self, row: int, from_ms: int, to_ms: int) -> Observations:
        """One series from ``from_ms`` to before ``to_ms``, in time order."""
        return Observations(**self._read(Table.OBSERVATIONS, [(row, from_ms, to_ms)], list(COLUMNS))[0])

    def spans(self, asked: Sequence[Span], names: Sequence[str]) -> list[Columns]:
        """The named columns of many series, each from one time to before another, in time order. A block that
        holds several of them is decoded once."""
        return self._read(Table.OBSERVATIONS, asked, names)

    def revisions(self, row: int, from_ms: int, to_ms: int) -> Revisions:
        """Late samples of one series between the times, in time order, then by arrival."""
        names = list(SCHEMAS[Table.REVISIONS])
        return Revisions(**self._read(Table.REVISIONS, [(row, from_ms, to_ms)], names)[0])

    def window(self, rows: NDArray[np.int32], count: int) -> Windows:
        """The last ``count`` values of each of ``rows`` (distinct); missing buckets are left out."""
        picker = Picker(np.asarray(rows, np.int32), count)
        picker.take(self._tails[Table.OBSERVATIONS].columns(), _NONE_HIDDEN)
        for entry in reversed(self._of(Table.OBSERVATIONS)):
            wanting = picker.wanting()
            if not len(wanting):
                break
            hidden = self._tombstones.hidden_in(entry)
            reader = self._reader(entry)
            for at in reversed(list(reader.index.of_rows(wanting)) if reader else []):
                if block := self._block(entry, at, NEEDED):
                    picker.take(block, hidden)
        return picker.result()

    def horizon_ms(self, clock_ms: int) -> int:
        """Event time before which history need not be there any more, at event time ``clock_ms``."""
        return self._retention.horizon_ms(clock_ms)

    @property
    def damage(self) -> tuple[str, ...]:
        """What could not be read so far, one line a file or block."""
        return tuple(self._damage[where] for where in sorted(self._damage))

    @property
    def tail_rows(self) -> int:
        return sum(len(tail) for tail in self._tails.values())

    def close(self) -> None:
        """Close open files. The tail is not written: the log after the last manifest holds it."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    # Within

    def _append(self, table: Table, columns: Columns) -> None:
        tail = self._tails[table]
        tail.append(columns)
        if len(tail) >= self._flush_at:
            try:
                self.flush()
            except OSError as error:
                self.trouble = str(error)
                self._flush_at = len(tail) + max(1, self._tail_rows_max // 8)

    def _of(self, table: Table) -> list[Entry]:
        return [entry for entry in self._entries if entry.table is table]

    def _mergeable(self, table: Table) -> list[list[Entry]]:
        """Runs of neighbours that a manifest lists and that are whole; order must not be broken."""
        runs: list[list[Entry]] = [[]]
        for entry in self._of(table):
            if entry.name in self._committed and not any(w.startswith(entry.name) for w in self._damage):
                runs[-1].append(entry)
            else:
                runs.append([])
        return runs

    def _replace(self, names: Collection[str], by: Sequence[Entry]) -> None:
        kept = [entry for entry in self._entries if entry.name not in names]
        self._entries = tuple(sorted([*kept, *by], key=lambda entry: entry.serial))
        for name in names:
            if reader := self._readers.pop(name, None):
                reader.close()

    def _read(self, table: Table, asked: Sequence[Span], names: Sequence[str]) -> list[Columns]:
        parts: list[list[Columns]] = [[] for _ in asked]
        needed = sorted({"row", "ts_ms", *names})
        for entry in self._of(table):
            for at, places in self._blocks_of(entry, asked).items():
                if block := self._block(entry, at, needed):
                    for place in places:
                        parts[place].append(cut(block, *asked[place]))
        for part, span in zip(parts, asked, strict=True):
            part.append(self._tails[table].of_row(*span))
        return [in_time_order(part, names) for part in parts]

    def _blocks_of(self, entry: Entry, asked: Sequence[Span]) -> dict[int, list[int]]:
        """Blocks of a file, in their order, that may hold some of what is asked: which of it."""
        found: dict[int, list[int]] = {}
        for place, (row, from_ms, to_ms) in enumerate(asked):
            if entry.first_row <= row <= entry.last_row and not self._tombstones.hides(row, entry):
                reader = self._reader(entry)
                for at in reader.index.of_row(row, from_ms, to_ms) if reader else ():
                    found.setdefault(at, []).append(place)
        return dict(sorted(found.items()))

    def _reader(self, entry: Entry) -> Reader | None:
        reader = self._readers.pop(entry.name, None)
        if reader is None:
            try:
                reader = open_reader(self.folder, entry)
            except BlockError as error:
                self._damage[entry.name] = str(error)
                return None
        self._readers[entry.name] = reader
        if len(self._readers) > _OPEN_FILES_MAX:
            self._readers.popitem(last=False)[1].close()
        return reader

    def _block(self, entry: Entry, at: int, names: Sequence[str]) -> Columns | None:
        """One block of a file, or None if it is damaged."""
        reader = self._reader(entry)
        try:
            return reader.block(at, names) if reader else None
        except BlockError as error:
            self._damage[f"{entry.name} {at}"] = str(error)
            return None

    def _note_damage(self, sources: Sequence[Entry], error: BlockError) -> None:
        for entry in sources:
            if str(error).startswith(entry.name):
                self._damage[entry.name] = str(error)

    def _take_number(self) -> int:
        self._next_number += 1
        return self._next_number - 1

    def _clear(self, names: Collection[str], *, known: bool) -> None:
        for name in sorted(names):
            with suppress(OSError):
                if known or name.endswith(TEMPORARY):
                    self._disk.remove(self.folder / name)
                else:
                    (self.folder / SET_ASIDE).mkdir(exist_ok=True)
                    self._disk.rename(self.folder / name, self.folder / SET_ASIDE / name)


def check_file(folder: Path, entry: Entry, *, deep: bool) -> str:
    """What is wrong with a file: not there, another size or, if ``deep``, another checksum; else ""."""
    try:
        if (folder / entry.name).stat().st_size != entry.bytes:
            return f"{entry.name}: size differs"
        if deep and crc32_of(folder / entry.name) != entry.crc32:
            return f"{entry.name}: checksum differs"
    except OSError as error:
        return f"{entry.name}: {error.strerror}"
    return ""
