"""Hostile Arrow streams of samples and their answers."""

from __future__ import annotations

import struct
from typing import Any, Literal

import pyarrow as pa

from tests.fakes import NOW_MS
from tests.hostile.case import Case

PATH = "/api/v1/samples"
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


def stream(compression: Literal["zstd", "lz4"] | None = None, /, **columns: Any) -> bytes:
    rows = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_batch(rows)
    return bytes(sink.getvalue().to_pybytes())


def of(**changed: Any) -> bytes:
    """Two samples; None leaves a column out."""
    columns = {"metric": ["m", "m"], "timestamp": [NOW_MS, NOW_MS - 1], "value": [1.0, 2.0]} | changed
    return stream(**{name: column for name, column in columns.items() if column is not None})


def rows(name: str, body: bytes, status: int, kept: int = 0, **reasons: int) -> Case:
    return Case(name, body, status, kept, reasons, ARROW)


def twice(name: str) -> bytes:
    rows = pa.table({"metric": ["m"], "first": [1], "second": [2]}).rename_columns(["metric", name, name])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue().to_pybytes())


def declaring(size: int) -> bytes:
    """A compressed buffer that says it unpacks to ``size`` bytes."""
    count = 1_000
    body = stream("zstd", metric=["m"] * count, timestamp=[NOW_MS] * count, value=[1.0] * count)
    told = struct.pack("<q", 8 * count)
    assert told in body
    return body.replace(told, struct.pack("<q", size))


def cases() -> list[Case]:
    good = of()
    nothing = {"metric": pa.array([], pa.string()), "timestamp": pa.array([], pa.int64())}
    infinite = [float("inf"), 2.0]
    flood = stream(metric=["m"] * 50_001, timestamp=[1] * 50_001, value=[1.0] * 50_001)
    return [
        rows("good", good, 200, 2),
        rows("no rows", stream(**nothing, value=pa.array([], pa.float64())), 200),
        rows("a null tag is none", of(host=["a", None]), 200, 2),
        rows("other columns", of(flag=[True, False]), 200, 2),
        rows("a dictionary", of(metric=pa.array(["m", "m"]).dictionary_encode()), 200, 2),
        rows("empty", b"", 400),
        rows("text", b"hello, world", 400),
        *(rows(f"cut at {at}", good[:at], 400) for at in (3, 40, 200, len(good) - 60)),
        rows("a file, not a stream", b"ARROW1\0\0" + good, 400),
        rows("no metric", of(metric=None), 400),
        rows("no time", of(timestamp=None), 400),
        rows("no value", of(value=None), 400),
        rows("a column twice", twice("value"), 400),
        rows("numbers for a name", of(metric=[1, 2]), 400),
        rows("texts for a value", of(value=["1", "2"]), 400),
        rows("texts for a time", of(timestamp=["now", "then"]), 400),
        rows("a buffer that declares 4 TiB", declaring(1 << 42), 400),
        rows("a buffer of negative length", declaring(-5), 400),
        rows("null for a value", of(value=[None, 2.0]), 200, 1, missing_value=1),
        rows("NaN", of(value=[float("nan"), 2.0]), 200, 1, not_finite=1),
        rows("infinite", of(value=infinite), 200, 1, not_finite=1),
        rows("infinite n", of(n=infinite), 200, 1, bad_value=1),
        rows("null for a name", of(metric=[None, "m"]), 200, 1, bad_name=1),
        rows("NUL", of(metric=["\0", "m"]), 200, 1, bad_name=1),
        rows("a name too long", of(metric=["x" * 513, "m"]), 200, 1, bad_name=1),
        rows("reserved", of(metric=["watchkeeper.up", "m"]), 200, 1, bad_name=1),
        rows("null for a time", of(timestamp=[None, NOW_MS]), 200, 1, bad_timestamp=1),
        rows("before 1970", of(timestamp=[-1, NOW_MS]), 200, 1, bad_timestamp=1),
        rows("nanoseconds as milliseconds", of(timestamp=[NOW_MS * 10**6, NOW_MS]), 200, 1, bad_timestamp=1),
        rows("all refused", of(metric=["", ""]), 400, 0, bad_name=2),
        rows("too many rows", flood, 413),
        Case("strict", of(value=infinite), 422, 0, {}, ARROW, "?strict=1"),
    ]
