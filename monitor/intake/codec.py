"""An entry of the log as bytes and back: samples as Arrow, everything else as MessagePack.

A payload of kind SAMPLES is a complete Arrow IPC stream of one batch (lz4), so any Arrow reader
opens it; what is not a column stands as MessagePack in the schema's metadata. At 10,000 samples a
batch, encoding and decoding cost some 6 and 4 ns a sample, 11 bytes each; one sample alone costs
30 µs and 680 bytes.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.ipc
from numpy.typing import NDArray

from monitor.domain.batch import Mode
from monitor.domain.errors import BadRequest, CorruptLog
from monitor.domain.records import Control, Entry, Kind, Samples, Tick

_HEAD = b"watchkeeper"
_COLUMNS: dict[str, tuple[pa.DataType, type[np.generic]]] = {
    "row": (pa.int32(), np.int32),
    "ts_ms": (pa.int64(), np.int64),
    "value": (pa.float64(), np.float64),
    "n": (pa.float64(), np.float64),
}
_WITH_N = pa.schema([pa.field(name, kind, nullable=False) for name, (kind, _) in _COLUMNS.items()])
_WITHOUT_N = _WITH_N.remove(3)
_LZ4 = pyarrow.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
_SAMPLES = int(Kind.SAMPLES)


class _SamplesHead(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    mode: str
    arrival_ms: int
    clock_ms: int
    request_id: bytes
    new_series: tuple[tuple[int, bytes], ...]


class _TickBody(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    ts_ms: int
    complete: bool
    request_id: bytes


_samples_head = msgspec.msgpack.Decoder(_SamplesHead)
_tick_body = msgspec.msgpack.Decoder(_TickBody)
_control_body = msgspec.msgpack.Decoder(dict[str, Any])


def encode(entry: Entry) -> tuple[int, bytes]:
    """The kind byte and the payload of an entry.

    Raises TypeError for a column of another dtype and ValueError for columns of unequal length
    (both are mistakes in our code), and BadRequest for a control body that MessagePack cannot hold.

    >>> decode(*encode(Tick(ts_ms=60_000)))
    Tick(ts_ms=60000, complete=False, request_id=b'')
    """
    if isinstance(entry, Samples):
        return _SAMPLES, _encode_samples(entry)
    try:
        if isinstance(entry, Tick):
            body = _TickBody(entry.ts_ms, entry.complete, entry.request_id)
            return int(Kind.TICK), msgspec.msgpack.encode(body)
        if entry.kind in (Kind.SAMPLES, Kind.TICK):
            raise BadRequest(f"a control record cannot be of kind {entry.kind.name}")
        return int(entry.kind), msgspec.msgpack.encode(entry.body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadRequest(f"cannot be stored in the log: {error}") from error


def decode(kind: int, payload: bytes | memoryview) -> Entry:
    """The entry that `encode` was given; columns are new, writable, C-contiguous and bit-identical.

    Raises CorruptLog, and nothing else, for any bytes that `encode` did not make.
    """
    try:
        if kind == Kind.SAMPLES:
            return _decode_samples(payload)
        if kind == Kind.TICK:
            tick = _tick_body.decode(payload)
            return Tick(tick.ts_ms, tick.complete, tick.request_id)
        return Control(Kind(kind), _control_body.decode(payload))
    except CorruptLog:
        raise
    # Arrow and MessagePack each have many errors for bad bytes, MemoryError among them.
    except Exception as error:
        raise CorruptLog(f"payload of kind {kind} cannot be read: {error}") from error


def _encode_samples(entry: Samples) -> bytes:
    count = len(entry.ts_ms)
    schema = _WITHOUT_N if entry.n is None else _WITH_N
    arrays = [_to_arrow(name, getattr(entry, name), count) for name in schema.names]
    head = _SamplesHead(
        entry.mode.value, entry.arrival_ms, entry.clock_ms, entry.request_id, entry.new_series
    )
    schema = schema.with_metadata({_HEAD: msgspec.msgpack.encode(head)})
    sink = pa.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, schema, options=_LZ4) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def _to_arrow(name: str, column: NDArray[Any], count: int) -> pa.Array[Any]:
    kind, dtype = _COLUMNS[name]
    if column.dtype != dtype:
        raise TypeError(f"column {name} is {column.dtype}, not {np.dtype(dtype)}")
    if column.shape != (count,):
        raise ValueError(f"column {name} has shape {column.shape}, not ({count},)")
    whole: Any = np.ascontiguousarray(column)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(memoryview(whole))])


def _decode_samples(payload: bytes | memoryview) -> Samples:
    with pyarrow.ipc.open_stream(pa.py_buffer(payload)) as reader:
        schema = reader.schema
        if not (schema.equals(_WITH_N) or schema.equals(_WITHOUT_N)):
            raise CorruptLog("payload of kind 1 has other columns than samples have")
        head = _samples_head.decode(schema.metadata[_HEAD])
        batch = reader.read_next_batch()
    columns = {name: _to_numpy(batch.column(i), name) for i, name in enumerate(schema.names)}
    return Samples(
        row=columns["row"],
        ts_ms=columns["ts_ms"],
        value=columns["value"],
        n=columns.get("n"),
        mode=Mode(head.mode),
        arrival_ms=head.arrival_ms,
        clock_ms=head.clock_ms,
        new_series=head.new_series,
        request_id=head.request_id,
    )


def _to_numpy(array: pa.Array[Any], name: str) -> NDArray[Any]:
    """By way of the buffers: `to_numpy` would import pandas, seconds at a cold start."""
    dtype = _COLUMNS[name][1]
    count = len(array)
    validity, data = array.buffers()
    if count == 0:
        return np.empty(0, dtype)
    if validity is not None or array.offset or data is None or data.size < count * np.dtype(dtype).itemsize:
        raise CorruptLog(f"column {name} is not {count} plain values")
    column: NDArray[Any] = np.frombuffer(memoryview(data), dtype, count).copy()
    return column
