from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.arrow_stream import ArrowDecoder
from collectors.base import Decoded
from collectors.errors import BadRequest, TooManySamples
from collectors.keys import WireKeys
from monitor.domain.series import Identity, fingerprint


def stream(table: pa.Table, rows: int | None = None, compression: Any = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue().to_pybytes()


def table_of(**columns: Any) -> pa.Table:
    rows = len(next(iter(columns.values()))) if columns else 1
    base: dict[str, Any] = {
        "metric": pa.array(["m"] * rows),
        "timestamp": pa.array(range(rows), pa.int64()),
        "value": pa.array([1.0] * rows),
    }
    return pa.table(base | {k: v for k, v in columns.items() if v is not None})


def decode(table: pa.Table, **kwargs: Any) -> Decoded:
    return ArrowDecoder(WireKeys(seed=9)).decode(stream(table, **kwargs))


def faults(decoded: Decoded) -> list[tuple[str, int]]:
    return sorted((r.reason, place) for r in decoded.rejects for place, _ in r.examples)


NAMES = st.sampled_from(["m", "cpu", "käse", "x" * 40, "", "a\x00b", None])
ROWS = st.lists(
    st.tuples(
        NAMES,
        NAMES,
        st.integers(-5, 2**45),
        st.one_of(st.none(), st.floats()),
        st.one_of(st.none(), st.floats()),
    ),
    max_size=30,
)


def reason_of(metric: Any, tag: Any, ts_ms: int, value: Any, n: Any) -> str | None:
    if not metric or "\x00" in metric or tag == "" or (tag and "\x00" in tag):
        return "bad_name"
    if not 0 <= ts_ms <= 41_024_448_000_000:
        return "bad_timestamp"
    if value is None:
        return "missing_value"
    if not np.isfinite(value):
        return "not_finite"
    return "bad_value" if n is not None and not np.isnan(n) and not 0 <= n < np.inf else None


@settings(max_examples=100, deadline=None)
@given(
    ROWS,
    st.sampled_from(
        [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
    ),
    st.sampled_from([None, 3]),
    st.sampled_from([None, "zstd", "lz4"]),
)
def test_rows_are_kept_or_refused_one_by_one(
    rows: list[tuple[Any, ...]], kind: pa.DataType, chunk: int | None, compression: str | None
) -> None:
    metric, tag, ts_ms, value, n = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 5
    table = pa.table(
        {
            "tag": _text(tag, kind),
            "metric": _text(metric, kind),
            "n": pa.array(n, pa.float64()),
            "timestamp": pa.array(ts_ms, pa.int64()),
            "value": pa.array(value, pa.float64()),
        }
    )
    decoded = decode(table, rows=chunk, compression=compression)
    reasons = [reason_of(*row) for row in rows]
    good = [row for row, reason in zip(rows, reasons, strict=True) if reason is None]
    identities = [Identity.of(m, {} if t is None else {"tag": t}).canonical() for m, t, *_ in good]
    batch = decoded.batch
    assert batch.fingerprint.tolist() == [fingerprint(i) for i in identities]
    assert {fingerprint(i): i for i in identities}.items() <= batch.identities.items()
    assert batch.ts_ms.tolist() == [row[2] for row in good]
    assert batch.value.tolist() == [row[3] for row in good]
    expected_n = [np.nan if row[4] is None else row[4] for row in good]
    if batch.n is None:
        assert np.isnan(expected_n).all()
    else:
        np.testing.assert_array_equal(batch.n, expected_n)
    assert faults(decoded) == sorted((reason, place) for place, reason in enumerate(reasons) if reason)
    for column in (batch.fingerprint, batch.ts_ms, batch.value):
        assert column.flags.c_contiguous
        assert column.flags.writeable


def _text(values: list[Any], kind: pa.DataType) -> pa.Array[Any]:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode().cast(kind)
    return pa.array(values, pa.string()).cast(kind)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (pa.array([1, 2], pa.timestamp("s")), [1000, 2000]),
        (pa.array([1500, 2999], pa.timestamp("us", tz="UTC")), [1, 2]),
        (pa.array([1_999_999, 0], pa.timestamp("ns", tz="America/New_York")), [1, 0]),
        (pa.array([7, 8], pa.timestamp("ms")), [7, 8]),
    ],
)
def test_every_unit_becomes_milliseconds(moment: pa.Array[Any], expected: list[int]) -> None:
    assert decode(table_of(timestamp=moment)).batch.ts_ms.tolist() == expected


@pytest.mark.parametrize("kind", [pa.float32(), pa.int8(), pa.uint64(), pa.int64(), pa.float16()])
def test_any_number_is_a_value(kind: pa.DataType) -> None:
    values = pa.array(np.array([1, 2], np.float16)) if kind == pa.float16() else pa.array([1, 2], kind)
    assert decode(table_of(value=values)).batch.value.tolist() == [1.0, 2.0]


def test_a_time_out_of_range_or_missing_is_bad() -> None:
    moment = pa.array([None, 2**60, -1, 5], pa.timestamp("s"))
    decoded = decode(table_of(timestamp=moment))
    assert decoded.batch.ts_ms.tolist() == [5000]
    assert faults(decoded) == [("bad_timestamp", 0), ("bad_timestamp", 1), ("bad_timestamp", 2)]


@pytest.mark.parametrize(
    "table",
    [
        pa.table({"metric": ["m"], "value": [1.0]}),
        table_of().drop_columns(["value"]),
        table_of(value=pa.array(["1"])),
        table_of(value=pa.array([True])),
        table_of(n=pa.array(["1"])),
        table_of(metric=pa.array([5])),
        table_of(timestamp=pa.array([5.0])),
        table_of(timestamp=pa.array(["2013-02-08"])),
        table_of().append_column("value", pa.array([1.0])),
    ],
)
def test_wrong_columns_are_refused_whole(table: pa.Table) -> None:
    with pytest.raises(BadRequest, match="column"):
        decode(table)


@pytest.mark.parametrize("body", [b"", b"junk", b"ARROW1\x00\x00" + b"x" * 100, b"\xff" * 64, b"\x00" * 64])
def test_garbage_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        ArrowDecoder(WireKeys(seed=9)).decode(body)


GOOD = stream(
    pa.table(
        {
            "metric": pa.array(["a", "b", "a"]).dictionary_encode(),
            "host": ["x", None, "yy"],
            "timestamp": pa.array([1, 2, 3], pa.int64()),
            "value": [1.0, 2.0, 3.0],
        }
    ),
    compression="zstd",
)
PLAIN = stream(table_of(host=pa.array(["x", None, "yy"]), tag=pa.array(["p", "q", "p"]).dictionary_encode()))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([GOOD, PLAIN]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4),
    st.integers(0, 2000),
)
def test_a_damaged_stream_is_read_or_refused_and_nothing_worse(
    good: bytes, damage: list[tuple[int, int]], cut: int
) -> None:
    body = bytearray(good)
    for at, byte in damage:
        body[at % len(body)] = byte
    if cut < len(body) // 4:
        del body[-cut:]
    try:
        decoded = ArrowDecoder(WireKeys(seed=9), samples_max=1000).decode(bytes(body))
    except BadRequest:
        return
    assert np.isfinite(decoded.batch.value).all()
    assert set(decoded.batch.fingerprint.tolist()) <= set(decoded.batch.identities)


def test_a_small_body_that_unpacks_to_gigabytes_is_refused_before_it_is() -> None:
    rows = 10_000_000
    table = pa.table(
        {
            "metric": pa.array([], pa.string()),
            "timestamp": pa.array([], pa.int64()),
            "value": pa.array([], pa.float64()),
        }
    )
    zeros = np.zeros(rows)
    bomb = pa.table(
        {
            "metric": pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array(["m"])),
            "timestamp": pa.array(zeros.astype(np.int64)),
            "value": pa.array(zeros),
        }
    )
    body = stream(bomb, compression="zstd")
    assert len(body) < 200_000
    with pytest.raises(BadRequest, match="64 MiB"):
        ArrowDecoder(WireKeys(seed=9)).decode(body)
    assert len(decode(table).batch) == 0


def test_too_many_rows_are_refused_whole() -> None:
    decoder = ArrowDecoder(WireKeys(seed=9), samples_max=3)
    assert len(decoder.decode(stream(table_of(value=pa.array([1.0] * 3)))).batch) == 3
    with pytest.raises(TooManySamples):
        decoder.decode(stream(table_of(value=pa.array([1.0] * 4)), rows=2))


def test_columns_that_are_no_text_are_no_tags() -> None:
    decoded = decode(table_of(host=pa.array(["h"]), count=pa.array([1])))
    assert list(decoded.batch.identities.values()) == [Identity.of("m", {"host": "h"}).canonical()]


def test_identities_come_once_and_again_when_asked() -> None:
    decoder = ArrowDecoder(WireKeys(seed=9))
    body = stream(table_of(host=pa.array(["h", "h"])))
    first = decoder.decode(body).batch.identities
    assert len(first) == 1
    assert decoder.decode(body).batch.identities == {}
    assert decoder.decode(memoryview(body), all_identities=True).batch.identities == first
