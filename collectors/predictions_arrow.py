"""Arrow IPC streams of ``POST /api/v1/predictions`` and ``/outcomes``: columns to columns.

``id`` text or integers, ``model`` and ``version`` text, ``timestamp`` (timestamps, or int64 ms), and
``prediction`` or ``outcome`` (numbers, truth values or text), ``score``, ``latency_ms``, a column for each
``segment.NAME`` and ``feature.NAME`` (text is a category, anything else a number). Other columns are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pa_compute

from collectors.arrow_guard import check_unpacked
from collectors.arrow_text import is_text
from collectors.arrow_values import timestamp_column
from collectors.base import SAMPLES_MAX
from collectors.errors import BadRequest, Fault, Tally, TooManySamples
from collectors.predictions import Column, DecodedRows, check_columns, outcomes, predictions
from monitor.domain.served import FEATURE, SEGMENT

_BROKEN = (pa.ArrowException, ValueError, OSError, MemoryError, KeyError, UnicodeDecodeError)
_TEXTS = ("model", "version")
_NUMBERS = ("score", "latency_ms")

Finish = Callable[[Mapping[str, Column], Sequence[int], Tally], pa.RecordBatch]


class ArrowRows:
    """``answer``: the column that holds what was predicted, or what came. Places are rows from 0."""

    def __init__(self, answer: str, finish: Finish, *, rows_max: int = SAMPLES_MAX) -> None:
        self._answer = answer
        self._finish = finish
        self._rows_max = rows_max

    def decode(self, body: bytes | memoryview) -> DecodedRows:
        """Raises BadRequest, TooManySamples."""
        check_unpacked(body)
        try:
            with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
                _check(reader.schema, self._answer)
                table = reader.read_all()
            table.validate(full=True)
            if table.num_rows > self._rows_max:
                raise TooManySamples(f"more than {self._rows_max} rows in one request")
            columns = _columns(table.unify_dictionaries().combine_chunks(), self._answer)
            tally = Tally()
            batch = self._finish(columns, range(table.num_rows), tally)
        except BadRequest:
            raise
        except Fault as fault:
            raise BadRequest(fault.detail) from None
        except _BROKEN as error:
            raise BadRequest(f"not an Arrow stream of {self._answer}s: {str(error)[:200]}") from None
        return DecodedRows(batch, tally.rejects())


def arrow_predictions(rows_max: int = SAMPLES_MAX) -> ArrowRows:
    return ArrowRows("prediction", predictions, rows_max=rows_max)


def arrow_outcomes(rows_max: int = SAMPLES_MAX) -> ArrowRows:
    return ArrowRows("outcome", outcomes, rows_max=rows_max)


def _check(schema: pa.Schema, answer: str) -> None:
    names = schema.names
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest(f"a column occurs twice: {repeated[0]!r}")
    needed = ("id", "model", "timestamp") if answer == "prediction" else ("id", "model", "outcome")
    for name in needed:
        if name not in names:
            raise BadRequest(f"no column {name!r}")
    for name in names:
        kind = schema.field(name).type
        if name in _TEXTS or name.startswith(SEGMENT):
            fits, what = is_text(kind), "text"
        elif name in _NUMBERS:
            fits, what = _is_number(kind), "numbers"
        elif name == "timestamp":
            fits, what = pa.types.is_timestamp(kind) or kind == pa.int64(), "timestamps or int64 ms"
        elif name == "id":
            fits, what = is_text(kind) or pa.types.is_integer(kind), "text or integers"
        elif name == answer or name.startswith(FEATURE):
            fits, what = is_text(kind) or _is_number(kind), "numbers, truth values or text"
        else:
            continue
        if not fits:
            raise BadRequest(f"column {name!r} holds {kind}, not {what}")
    check_columns(names)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def _columns(table: pa.Table, answer: str) -> dict[str, Column]:
    rows = table.num_rows
    found: dict[str, Column] = {}
    for name in table.schema.names:
        column: Any = table.column(name)
        column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
        if name == "id":
            found[name] = column.cast(pa.string())
        elif name == "timestamp":
            times, missing = timestamp_column(column)
            nulls = column.is_null().to_numpy(zero_copy_only=False)
            times[missing & ~nulls] = -2
            found["ts_ms"] = pa.array(times, mask=nulls)
        elif name == answer:
            text = is_text(column.type)
            found["label"] = _coded(column) if text else _coded(pa.nulls(rows, pa.string()))
            found[name] = pa.nulls(rows, pa.float64()) if text else column.cast(pa.float64(), safe=False)
        elif is_text(column.type) and (name in _TEXTS or name.startswith((SEGMENT, FEATURE))):
            found[name] = _coded(column)
        elif name in _NUMBERS or name.startswith(FEATURE):
            found[name] = column.cast(pa.float64(), safe=False)
    found.setdefault("ts_ms", pa.nulls(rows, pa.int64()))
    return found


def _coded(column: Any) -> Column:
    if isinstance(column, pa.DictionaryArray):
        if column.type == pa.dictionary(pa.int32(), pa.string()):
            return column
        column = column.cast(column.type.value_type)
    made: Column = pa_compute.dictionary_encode(column.cast(pa.string()))
    return made
