"""CSV and Parquet files to samples, for ``backtest`` and ``ingest`` (DESIGN.md section 6, "Files")."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors import cells
from collectors.arrow_names import NameColumns
from collectors.arrow_text import TextColumn, is_text, text_column
from collectors.arrow_values import float_column, timestamp_column
from collectors.csv_rows import read_csv
from collectors.errors import BadRequest, Tally
from collectors.file_layout import FileLayout, layout_of
from collectors.file_order import chunks, merged_in_time, note_order
from collectors.file_rows import FileRows, read_parquet
from collectors.keys import WireKeys
from monitor.domain.batch import Reason, Reject, SampleBatch

__all__ = ["FileSamples", "chunks", "merged_in_time", "read_file", "samples_of"]

_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True, eq=False)
class FileSamples:
    """The samples of a file in the order of its rows (wide files: row by row, columns in file order).

    ``batch`` with the identity of every series; ``line`` int64, where each sample stands (CSV:
    physical line from 1; Parquet: row from 1); ``label`` int8 (1, 0, or -1 where empty) or None;
    ``layout`` says what the columns were taken for. ``rejects``: rows and cells left out, ``notes``:
    kept but odd (duplicate, conflict, unordered), both with count and the first lines.
    """

    batch: SampleBatch
    line: NDArray[np.int64]
    label: NDArray[np.int8] | None
    layout: FileLayout
    rejects: tuple[Reject, ...]
    notes: tuple[Reject, ...]

    def __len__(self) -> int:
        return len(self.line)


def read_file(
    path: str | os.PathLike[str], *, tags: Sequence[str] | None = None, tz: ZoneInfo | None = None
) -> FileSamples:
    """Read a whole file; about 1 µs a row (CSV) or 0.5 µs (Parquet).

    ``tags``: the columns that are tags, instead of all text columns; ``tz``: zone of naive times,
    instead of UTC. Raises BadRequest if the file is missing or cannot be read as a whole.
    """
    name = os.fspath(path)
    return samples_of(name, _rows(name), tags, tz)


def samples_of(
    name: str, rows: FileRows, tags: Sequence[str] | None = None, tz: ZoneInfo | None = None
) -> FileSamples:
    """What rows say, as `read_file` has it; ``name`` is what an error calls them."""
    try:
        return _samples(rows, layout_of(rows, tags), tz)
    except (pa.ArrowException, UnicodeError) as error:
        raise BadRequest(f"{name}: {str(error)[:200]}") from None
    except BadRequest as error:
        raise BadRequest(f"{name}: {error}") from None


def _rows(path: str) -> FileRows:
    try:
        with open(path, "rb") as file:
            magic = file.read(len(_PARQUET_MAGIC))
    except FileNotFoundError:
        raise BadRequest(f"{path}: no such file") from None
    except OSError as error:
        raise BadRequest(f"{path}: {error.strerror or error}") from None
    return read_parquet(path) if magic == _PARQUET_MAGIC else read_csv(path)


def _samples(rows: FileRows, layout: FileLayout, tz: ZoneInfo | None) -> FileSamples:
    tally = rows.tally
    keys = WireKeys(seed=0)
    identities: dict[int, bytes] = {}
    ts_ms = _ts_ms(rows, layout.time, tz)
    timed = ts_ms >= 0
    _tell(tally, Reason.BAD_TIMESTAMP, ~timed, rows, layout.time)
    shape = (len(rows), len(layout.values))
    prints, value, kept = np.empty(shape, np.uint64), np.empty(shape), np.empty(shape, np.bool_)
    n, n_bad = _n(rows, layout.n)
    tag_columns = [text_column(tag, _as_text(rows.columns[tag])) for tag in layout.tags]
    for k, column in enumerate(layout.values):
        names = NameColumns(_metric(rows, layout, column), tag_columns)
        prints[:, k] = names.look_up(keys, len(rows), identities)
        nameless = timed & (prints[:, k] == 0)
        if layout.metric or k == 0:
            _tell(tally, Reason.BAD_NAME, nameless, rows, layout.metric or (layout.tags or (column,))[0])
        values, classes = _numbers(rows.columns[column])
        fit = timed & ~nameless
        for code, reason in cells.REASONS.items():
            _tell(tally, reason, fit & (classes == code), rows, column)
        fit &= classes == cells.READ
        _tell(tally, Reason.BAD_VALUE, fit & n_bad, rows, layout.n or column)
        value[:, k] = values
        kept[:, k] = fit & ~n_bad
    row, _ = np.nonzero(kept)
    batch = SampleBatch(prints[kept], ts_ms[row], value[kept], None if n is None else n[row], identities)
    line = rows.line[row]
    noted = Tally()
    note_order(batch, line, noted)
    label = None if layout.label is None else _label(rows.columns[layout.label])[row]
    return FileSamples(batch, line, label, layout, tally.rejects(), noted.rejects())


def _tell(tally: Tally, reason: Reason, which: NDArray[np.bool_], rows: FileRows, column: str) -> None:
    found = np.flatnonzero(which)
    if len(found):
        cell = rows.columns[column]
        examples = [(int(rows.line[i]), _shown(cell, i)) for i in found[: tally.wants(reason)].tolist()]
        tally.add_many(reason, examples, len(found))


def _shown(column: pa.Array[Any], i: int) -> str:
    held = column[i]
    if pa.types.is_temporal(column.type):
        return str(held.cast(pa.int64()).as_py())
    return "" if held.as_py() is None else str(held.as_py())


def _as_text(column: pa.Array[Any]) -> pa.Array[Any]:
    return column if is_text(column.type) else column.cast(pa.string())


def _metric(rows: FileRows, layout: FileLayout, column: str) -> TextColumn:
    if layout.metric is not None:
        return text_column("metric", _as_text(rows.columns[layout.metric]))
    codes = np.zeros(len(rows), np.int32)
    return text_column("metric", pa.DictionaryArray.from_arrays(codes, pa.array([column])))


def _ts_ms(rows: FileRows, name: str, tz: ZoneInfo | None) -> NDArray[np.int64]:
    """Milliseconds UTC, -1 where there is no time in range."""
    column = rows.columns[name]
    kind = column.type
    if is_text(kind):
        return cells.times(column, tz)
    if pa.types.is_date(kind):
        column, kind = column.cast(pa.timestamp("ms")), pa.timestamp("ms")
    if pa.types.is_timestamp(kind):
        ts_ms, bad = timestamp_column(column)
        if kind.tz is None and tz is not None:
            ts_ms = cells.utc_ms(ts_ms, tz)
        return cells.in_range(np.where(bad, np.int64(-1), ts_ms))
    if pa.types.is_integer(kind):
        return cells.whole_numbers_ms(column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False))
    if pa.types.is_floating(kind):
        seconds, _ = float_column(column)
        ms = np.where(seconds >= cells.MS_FROM, seconds, seconds * 1000)
        return cells.in_range(np.where(np.abs(ms) < 2**62, ms, -1).round().astype(np.int64))
    raise BadRequest(f"column {name!r} holds {kind}, no times")


def _numbers(column: pa.Array[Any]) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Values and classes of cells (`collectors.cells`)."""
    if is_text(column.type):
        return cells.numbers(column)
    if pa.types.is_temporal(column.type) or pa.types.is_nested(column.type):
        raise BadRequest(f"a column of values holds {column.type}")
    values, missing = float_column(column)
    classes = np.where(np.isfinite(values), np.int8(cells.READ), np.int8(cells.NOT_FINITE))
    if missing is not None:
        classes[missing] = cells.EMPTY
    return values, classes


def _n(rows: FileRows, name: str | None) -> tuple[NDArray[np.float64] | None, Any]:
    """Denominators (NaN = none) and where they are no such thing; None if the file gives none."""
    if name is None:
        return None, np.zeros(len(rows), np.bool_)
    n, classes = _numbers(rows.columns[name])
    infinite = (classes == cells.NOT_FINITE) & ~np.isnan(n)
    bad = (classes == cells.NO_NUMBER) | infinite | (n < 0)
    return (None if np.isnan(n).all() else n), bad


def _label(column: pa.Array[Any]) -> NDArray[np.int8]:
    values, classes = _numbers(column)
    return np.where(classes == cells.READ, values > 0, np.int8(-1)).astype(np.int8)
