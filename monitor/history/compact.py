"""Cold files: several files of one table merged into one Parquet file sorted by (row, time).

Sources are contiguous in serial order, so "later file = later data of a series" stays true. The merge
streams: it holds about one block of every source. Deleted rows and expired times are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from monitor.domain.durations import DAY_MS
from monitor.history.files import OS_DISK, Disk, DurableFile
from monitor.history.listing import Entry, Table
from monitor.history.segments import (
    FORMAT,
    SCHEMAS,
    BlockError,
    BlockIndex,
    Columns,
    HotReader,
    Reader,
    arrow_schema,
    sort_order,
    to_arrow,
    to_numpy,
)

GROUP_ROWS = 65_536
_NO_BOUND = 1 << 62


@dataclass(frozen=True, slots=True)
class Policy:
    """When files are merged: ``fanout`` neighbours of one level at once, up to ``rows_max`` rows;
    younger segments too once their newest time is ``hot_age_ms`` behind the clock."""

    fanout: int = 8
    rows_max: int = 64_000_000
    hot_age_ms: int = DAY_MS


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One merge. ``hidden``: per source, the deleted rows, sorted. ``clean``: deletions applied."""

    folder: Path
    sources: tuple[Entry, ...]
    hidden: tuple[NDArray[np.int64], ...]
    horizon_ms: int
    number: int
    clean: int
    disk: Disk = field(default=OS_DISK)


def open_reader(folder: Path, entry: Entry) -> Reader:
    """Raises BlockError if the file is missing or is not what its name says."""
    kind = ColdReader if entry.name.endswith(".parquet") else HotReader
    return kind(folder / entry.name, entry.table)


def choose(entries: Sequence[Entry], policy: Policy, aged_before_ms: int) -> tuple[Entry, ...]:
    """Neighbours of one table to merge next, or none. ``entries`` in serial order.

    >>> choose([], Policy(), 0)
    ()
    """
    for level, group in groupby(entries, key=lambda entry: entry.level):
        run = list(group)
        for start in range(len(run) - policy.fanout + 1):
            chosen = _fitting(run[start : start + policy.fanout], policy.rows_max)
            if len(chosen) > 1:
                return chosen
        if level == 0:
            aged = [entry for entry in run if entry.max_ts_ms < aged_before_ms]
            if aged and aged == run[: len(aged)]:
                return _fitting(aged, policy.rows_max)
    return ()


def _fitting(run: Sequence[Entry], rows_max: int) -> tuple[Entry, ...]:
    """The longest beginning of ``run`` that stays within ``rows_max``, but at least one."""
    total = np.cumsum([entry.rows for entry in run])
    return tuple(run[: max(1, int(np.searchsorted(total, rows_max, "right")))])


def merge(job: Job) -> Entry | None:
    """Write the merged file durably; None if nothing is left of the sources.

    Touches only files, so it may run on any thread. About 3 M rows/s. Raises BlockError (the sources
    are then best left as they are, for a repair) and OSError; no file appears in either case.
    """
    table = job.sources[0].table
    path = job.folder / f"{table.value}-{job.number:012d}.parquet"
    readers = [open_reader(job.folder, entry) for entry in job.sources]
    span = _Span()
    try:
        runs = _merged(readers, job, list(SCHEMAS[table]))
        first = next(runs, None)
        if first is None:
            return None
        with DurableFile(path, job.disk) as file, _parquet_writer(file, table) as writer:
            for group in _regrouped(first, runs):
                span.add(group)
                arrow = pa.Table.from_arrays(to_arrow(table, group), schema=arrow_schema(table))
                writer.write_table(arrow, row_group_size=GROUP_ROWS)
    finally:
        for reader in readers:
            reader.close()
    return Entry(
        name=path.name,
        table=table,
        serial=max(entry.serial for entry in job.sources),
        clean=job.clean,
        level=max(entry.level for entry in job.sources) + (len(job.sources) > 1 or job.sources[0].level == 0),
        rows=span.rows,
        bytes=file.bytes,
        crc32=file.crc32,
        first_row=span.first_row,
        last_row=span.last_row,
        min_ts_ms=span.min_ts_ms,
        max_ts_ms=span.max_ts_ms,
    )


@dataclass(slots=True)
class _Span:
    rows: int = 0
    first_row: int = _NO_BOUND
    last_row: int = -1
    min_ts_ms: int = _NO_BOUND
    max_ts_ms: int = -_NO_BOUND

    def add(self, columns: Columns) -> None:
        row, ts_ms = columns["row"], columns["ts_ms"]
        self.rows += len(row)
        self.first_row = min(self.first_row, int(row[0]))
        self.last_row = int(row[-1])
        self.min_ts_ms = min(self.min_ts_ms, int(ts_ms.min()))
        self.max_ts_ms = max(self.max_ts_ms, int(ts_ms.max()))


def _parquet_writer(file: DurableFile, table: Table) -> pq.ParquetWriter:
    encoding = {
        name: "BYTE_STREAM_SPLIT" if np.issubdtype(kind, np.floating) else "DELTA_BINARY_PACKED"
        for name, kind in SCHEMAS[table].items()
    }
    metadata = {b"watchkeeper.table": table.value.encode(), b"watchkeeper.format": FORMAT}
    return pq.ParquetWriter(
        file,  # type: ignore[arg-type]
        arrow_schema(table).with_metadata(metadata),
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        column_encoding=encoding,
        write_statistics=["row", "ts_ms"],
        write_page_checksum=True,
        store_schema=False,
    )


def _regrouped(first: Columns, runs: Iterator[Columns]) -> Iterator[Columns]:
    """The same rows in parts that are multiples of a row group, but for the last."""
    waiting, rows = [first], len(first["row"])
    for run in runs:
        waiting.append(run)
        rows += len(run["row"])
        if rows >= GROUP_ROWS:
            whole = _concat(waiting)
            cut = rows - rows % GROUP_ROWS
            yield {name: column[:cut] for name, column in whole.items()}
            waiting, rows = [{name: column[cut:] for name, column in whole.items()}], rows - cut
    if rows:
        yield _concat(waiting)


def _merged(readers: Sequence[Reader], job: Job, names: list[str]) -> Iterator[Columns]:
    """All rows of all sources in order: what lies below the lowest row not yet read to its end."""
    sources = [_Source(r, h, job.horizon_ms, names) for r, h in zip(readers, job.hidden, strict=True)]
    while True:
        bound = min((source.last_row for source in sources if source.more), default=_NO_BOUND)
        parts = _concat([source.take_below(bound) for source in sources])
        if len(parts["row"]):
            order = sort_order(parts["row"], parts["ts_ms"])
            yield {name: column[order] for name, column in parts.items()}
        if bound == _NO_BOUND:
            return
        for source in sources:
            if source.more and source.last_row == bound:
                source.load()


class _Source:
    """Reads one file block by block, without deleted and expired rows."""

    def __init__(self, reader: Reader, hidden: NDArray[np.int64], horizon_ms: int, names: list[str]) -> None:
        self._reader, self._hidden, self._horizon_ms, self._names = reader, hidden, horizon_ms, names
        self._next = 0
        self._buffer: Columns = {}
        self.last_row = -1
        self.load()

    @property
    def more(self) -> bool:
        return self._next < len(self._reader.index)

    def load(self) -> None:
        block = self._reader.block(self._next, self._names)
        keep = block["ts_ms"] >= self._horizon_ms
        if len(self._hidden):
            keep &= ~np.isin(block["row"], self._hidden)
        if not keep.all():
            block = {name: column[keep] for name, column in block.items()}
        self._buffer = _concat([self._buffer, block]) if self._buffer else block
        self.last_row = int(self._reader.index.last_row[self._next])
        self._next += 1

    def take_below(self, bound: int) -> Columns:
        at = int(np.searchsorted(self._buffer["row"], bound, "left"))
        taken = {name: column[:at] for name, column in self._buffer.items()}
        self._buffer = {name: column[at:] for name, column in self._buffer.items()}
        return taken


def _concat(parts: Sequence[Columns]) -> Columns:
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class ColdReader:
    """Reads one Parquet file; footer and block index stay in memory, page checksums are verified."""

    def __init__(self, path: Path, table: Table) -> None:
        self._kinds = SCHEMAS[table]
        self._where = path.name
        try:
            self._file = pq.ParquetFile(pa.OSFile(str(path), "rb"), page_checksum_verification=True)
            self.index = _index_of(self._file.metadata)
        except (pa.ArrowException, OSError, KeyError, AttributeError, TypeError) as error:
            raise BlockError(f"{path.name}: {error}") from error

    def block(self, at: int, names: Sequence[str]) -> Columns:
        try:
            table = self._file.read_row_group(at, columns=list(names), use_threads=False).combine_chunks()
            arrays: dict[str, Any] = {name: table.column(name).chunk(0) for name in names}
            return {name: to_numpy(array, self._kinds[name]) for name, array in arrays.items()}
        except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            raise BlockError(f"{self._where}, row group {at}: {error}") from error

    def close(self) -> None:
        self._file.close(force=True)


def _index_of(metadata: pq.FileMetaData) -> BlockIndex:
    """From the row groups' statistics."""
    place = {metadata.schema.column(i).name: i for i in range(metadata.num_columns)}
    spans = []
    for at in range(metadata.num_row_groups):
        group = metadata.row_group(at)
        row: Any = group.column(place["row"]).statistics
        ts_ms: Any = group.column(place["ts_ms"]).statistics
        spans.append((row.min, row.max, ts_ms.min, ts_ms.max))
    columns = np.array(spans, np.int64).reshape(-1, 4).T
    return BlockIndex(*(np.ascontiguousarray(column) for column in columns))
