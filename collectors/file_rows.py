"""A file as named columns of one length, before anyone asks what they mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from collectors.errors import BadRequest, Tally


@dataclass(frozen=True, slots=True, eq=False)
class FileRows:
    """``columns`` by name in file order; ``line`` of each row (CSV: physical line from 1, the header
    is usually 1; Parquet: row from 1). ``typed``: the file itself says which columns are text.
    ``tally`` holds the rows that could not be read at all."""

    columns: dict[str, pa.Array[Any]]
    line: NDArray[np.int64]
    typed: bool
    tally: Tally = field(default_factory=Tally)

    def __len__(self) -> int:
        return len(self.line)


def read_parquet(path: str) -> FileRows:
    """Raises BadRequest if the file is damaged or names a column twice."""
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
        table.validate()
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise BadRequest(f"{path}: not a readable Parquet file: {str(error)[:200]}") from None
    if len(set(table.column_names)) < table.num_columns:
        raise BadRequest(f"{path}: a column occurs twice")
    columns = {name: whole(table.column(name)) for name in table.column_names}
    return FileRows(columns, np.arange(1, table.num_rows + 1), typed=True)


def whole(column: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """One array of a column in pieces."""
    chunks: list[pa.Array[Any]] = column.unify_dictionaries().chunks
    if len(chunks) == 1:
        return chunks[0]
    return pa.concat_arrays(chunks) if chunks else pa.array([], column.type)
