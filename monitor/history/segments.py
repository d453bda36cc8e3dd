"""Hot segments: observations sorted by (row, time) in one Arrow IPC file, readable from the middle.

A batch ends at about 1,024 series or 65,536 rows. The footer holds, per batch, its first and last row,
its time range and a CRC-32 of every column, so one series is a binary search over batches, the
decoding of one or two of them, and a binary search inside. Damage costs the batch it is in.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from learners.compiled import kernel
from monitor.domain.observation import COLUMNS as OBSERVATION_COLUMNS
from monitor.history.files import OS_DISK, Disk, DurableFile
from monitor.history.listing import Entry, Table

Columns = dict[str, NDArray[Any]]

SCHEMAS: dict[Table, dict[str, type[np.generic]]] = {
    Table.OBSERVATIONS: OBSERVATION_COLUMNS,
    Table.REVISIONS: {
        "row": np.int32,
        "ts_ms": np.int64,
        "value": np.float64,
        "n": np.float32,
        "arrival_ms": np.int64,
    },
}
FORMAT = b"1"
BATCH_SERIES = 1024
BATCH_ROWS = 65_536
_SPARSE = 8
"""Row numbers a row from which on counting costs more memory than sorting."""
_SPAN = ("first_row", "last_row", "min_ts_ms", "max_ts_ms")


class BlockError(ValueError):
    """A block or a whole file cannot be read as it was written."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockIndex:
    """What each block of a file spans, in file order; rows ascend from block to block."""

    first_row: NDArray[np.int64]
    last_row: NDArray[np.int64]
    min_ts_ms: NDArray[np.int64]
    max_ts_ms: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first_row)

    def of_row(self, row: int, from_ms: int, to_ms: int) -> Iterable[int]:
        """Blocks that may hold ``row`` between the times (the second exclusive)."""
        low = int(np.searchsorted(self.last_row, row, "left"))
        high = int(np.searchsorted(self.first_row, row, "right"))
        inside = (self.max_ts_ms[low:high] >= from_ms) & (self.min_ts_ms[low:high] < to_ms)
        return (low + np.flatnonzero(inside)).tolist()

    def of_rows(self, rows: NDArray[np.int64]) -> Iterable[int]:
        """Blocks that may hold any of ``rows`` (sorted)."""
        low = np.searchsorted(rows, self.first_row, "left")
        high = np.searchsorted(rows, self.last_row, "right")
        return np.flatnonzero(high > low).tolist()


class Reader(Protocol):
    """One file of history, hot or cold."""

    index: BlockIndex

    def block(self, at: int, names: Sequence[str]) -> Columns:
        """Columns of one block, read-only. Raises BlockError."""

    def close(self) -> None: ...


def sort_order(row: NDArray[Any], ts_ms: NDArray[np.int64]) -> NDArray[np.intp]:
    """Stable order by (row, time). Where times already ascend within each row, and rows are dense, they are
    counted: about 6 ns a place."""
    if not len(row):
        return np.empty(0, np.intp)
    first = int(row.min())
    span = int(row.max()) - first + 1
    if span <= _SPARSE * len(row):
        order = np.empty(len(row), np.intp)
        if _by_row(frozen(row), frozen(ts_ms), first, np.zeros(span + 1, np.int64), order):
            return order
    return np.lexsort((ts_ms, row))


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only view: columns from files are read-only, and one kind of argument compiles once."""
    view = array.view()
    view.flags.writeable = False
    return view


@kernel
def _by_row(row: Any, ts_ms: Any, first: int, starts: Any, order: Any) -> bool:
    """Fill ``order`` by row; False if times do not ascend within a row. ``starts`` are zeros."""
    for at in range(len(row)):
        starts[row[at] - first + 1] += 1
    for number in range(1, len(starts)):
        starts[number] += starts[number - 1]
    for at in range(len(row)):
        number = row[at] - first
        order[starts[number]] = at
        starts[number] += 1
    for place in range(1, len(order)):
        before, at = order[place - 1], order[place]
        if row[before] == row[at] and ts_ms[at] < ts_ms[before]:
            return False
    return True


def block_bounds(row: NDArray[Any]) -> list[tuple[int, int]]:
    """Where sorted rows are cut into batches.

    >>> block_bounds(np.repeat(np.arange(2500), 2))
    [(0, 2048), (2048, 4096), (4096, 5000)]
    """
    starts = np.flatnonzero(np.append(True, row[1:] != row[:-1])) if len(row) else np.empty(0, np.intp)
    cuts = [*starts[::BATCH_SERIES].tolist(), len(row)]
    bounds = []
    for low, high in pairwise(cuts):
        bounds += [(at, min(at + BATCH_ROWS, high)) for at in range(low, high, BATCH_ROWS)]
    return bounds


def _index_dtype(table: Table) -> np.dtype[Any]:
    span = [(name, "<i8") for name in _SPAN]
    return np.dtype([*span, ("rows", "<i8"), ("crc32", "<u4", (len(SCHEMAS[table]),))])


def arrow_schema(table: Table) -> pa.Schema:
    """No nulls: missing values are NaN."""
    kinds = {name: pa.from_numpy_dtype(np.dtype(kind)) for name, kind in SCHEMAS[table].items()}
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in kinds.items()])


def to_arrow(table: Table, columns: Columns) -> list[pa.Array[Any]]:
    """Arrow arrays over the same memory."""
    kinds = SCHEMAS[table]
    rows = len(columns["row"])
    return [
        pa.Array.from_buffers(
            pa.from_numpy_dtype(np.dtype(kind)),
            rows,
            [None, pa.py_buffer(np.ascontiguousarray(columns[name], kind).data)],
        )
        for name, kind in kinds.items()
    ]


def to_numpy(array: pa.Array[Any], kind: type[np.generic]) -> NDArray[Any]:
    """A read-only view; unlike Arrow's own conversion it does not import pandas."""
    data = array.buffers()[1]
    if len(array) == 0 or data is None:
        return np.empty(0, kind)
    column: NDArray[Any] = np.frombuffer(
        memoryview(data), np.dtype(kind), len(array), array.offset * np.dtype(kind).itemsize
    )
    return column


def write_segment(path: Path, table: Table, columns: Columns, number: int, disk: Disk = OS_DISK) -> Entry:
    """Write sorted, non-empty columns as one segment and say what the manifest must know of it.

    About 0.15 s and 24 bytes of disk a row for 1 M observations of noise, until they are merged into a cold
    file; OSError leaves no file.
    """
    bounds = block_bounds(columns["row"])
    index = np.zeros(len(bounds), _index_dtype(table))
    names = list(SCHEMAS[table])
    for entry, (low, high) in zip(index, bounds, strict=True):
        times = columns["ts_ms"][low:high]
        entry["first_row"], entry["last_row"] = columns["row"][low], columns["row"][high - 1]
        entry["min_ts_ms"], entry["max_ts_ms"], entry["rows"] = times.min(), times.max(), high - low
        entry["crc32"] = [zlib.crc32(columns[name][low:high].data) for name in names]
    raw = index.tobytes()
    metadata = {
        b"watchkeeper.table": table.value.encode(),
        b"watchkeeper.format": FORMAT,
        b"watchkeeper.index": raw,
        b"watchkeeper.index_crc32": str(zlib.crc32(raw)).encode(),
    }
    schema = arrow_schema(table)
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with DurableFile(path, disk) as file:
        sink = pa.PythonFile(file, "w")  # type: ignore[arg-type]
        writer = pa.ipc.new_file(sink, schema, options=options, metadata=metadata)  # type: ignore[call-arg]
        whole = pa.RecordBatch.from_arrays(to_arrow(table, columns), schema=schema)
        for low, high in bounds:
            writer.write_batch(whole.slice(low, high - low))
        writer.close()
    return Entry(
        name=path.name,
        table=table,
        serial=number,
        clean=0,
        level=0,
        rows=len(columns["row"]),
        bytes=file.bytes,
        crc32=file.crc32,
        first_row=int(index["first_row"].min()),
        last_row=int(index["last_row"].max()),
        min_ts_ms=int(index["min_ts_ms"].min()),
        max_ts_ms=int(index["max_ts_ms"].max()),
    )


class HotReader:
    """Reads one segment; keeps its file open and its index (68 bytes a batch) in memory."""

    def __init__(self, path: Path, table: Table) -> None:
        self._table = table
        self._names = list(SCHEMAS[table])
        self._readings: dict[tuple[int, ...], pa.RecordBatchFileReader] = {}
        try:
            self._file = pa.OSFile(str(path), "rb")
            metadata = pa.ipc.open_file(self._file).metadata  # type: ignore[attr-defined]
            raw = metadata[b"watchkeeper.index"]
            if str(zlib.crc32(raw)).encode() != metadata[b"watchkeeper.index_crc32"]:
                raise BlockError(f"{path.name}: block index checksum differs")
            self._index = np.frombuffer(raw, _index_dtype(table))
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise BlockError(f"{path.name}: {error}") from error
        self._where = path.name
        self.index = BlockIndex(*(self._index[name].astype(np.int64) for name in _SPAN))

    def block(self, at: int, names: Sequence[str]) -> Columns:
        """Decode and verify only the named columns of batch ``at``."""
        places = sorted(self._names.index(name) for name in names)
        try:
            batch = self._reading(tuple(places)).get_batch(at)
            kinds = SCHEMAS[self._table]
            columns = {
                self._names[place]: to_numpy(batch.column(i), kinds[self._names[place]])
                for i, place in enumerate(places)
            }
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise BlockError(f"{self._where}, batch {at}: {error}") from error
        for place in places:
            column = columns[self._names[place]]
            entry = self._index[at]
            if len(column) != entry["rows"] or zlib.crc32(column.data) != entry["crc32"][place]:
                raise BlockError(f"{self._where}, batch {at}: checksum of {self._names[place]} differs")
        return columns

    def _reading(self, places: tuple[int, ...]) -> pa.RecordBatchFileReader:
        if places not in self._readings:
            options = pa.ipc.IpcReadOptions(included_fields=list(places), use_threads=False)
            self._readings[places] = pa.ipc.open_file(self._file, options=options)
        return self._readings[places]

    def close(self) -> None:
        self._readings.clear()
        self._file.close()
