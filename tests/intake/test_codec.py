"""Laws of the codec: what goes in comes out to the bit, and garbage is one kind of error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.errors import BadRequest, CorruptLog
from monitor.domain.records import Control, Entry, Kind, Samples, Tick
from monitor.intake.codec import decode, encode
from tests.intake.entries import any_entries, same, samples


@given(any_entries)
def test_any_entry_comes_back_to_the_bit(entry: Entry) -> None:
    assert same(decode(*encode(entry)), entry)


@given(any_entries)
def test_decoded_columns_are_plain_owned_arrays(entry: Entry) -> None:
    back = decode(*encode(entry))
    if isinstance(back, Samples):
        columns: list[np.ndarray[Any, Any]] = [back.row, back.ts_ms, back.value]
        for column in columns if back.n is None else [*columns, back.n]:
            assert column.flags.c_contiguous
            assert column.flags.writeable
            assert column.flags.aligned


def test_a_strided_column_is_stored_by_value() -> None:
    entry = samples(4, value=np.arange(8.0)[::2])
    back = decode(*encode(entry))
    assert isinstance(back, Samples)
    assert back.value.tolist() == [0.0, 2.0, 4.0, 6.0]


def test_payload_is_a_plain_arrow_stream() -> None:
    entry = samples(5)
    _, payload = encode(entry)
    table = pa.ipc.open_stream(payload).read_all()
    assert table.column_names == ["row", "ts_ms", "value"]
    assert table["value"].to_pylist() == entry.value.tolist()


def test_repetitive_samples_are_compressed() -> None:
    entry = samples(10_000, value=np.zeros(10_000), row=np.zeros(10_000, np.int32))
    assert len(encode(entry)[1]) < 10_000 * 9


@settings(max_examples=300)
@given(st.integers(0, 255), st.binary(max_size=300))
def test_garbage_is_a_corrupt_log(kind: int, payload: bytes) -> None:
    try:
        entry = decode(kind, payload)
    except CorruptLog:
        return
    assert isinstance(entry, Tick | Control)  # a few bytes may be MessagePack by chance


@settings(max_examples=300)
@given(any_entries, st.data())
def test_a_damaged_payload_never_raises_anything_else(entry: Entry, data: st.DataObject) -> None:
    kind, payload = encode(entry)
    at = data.draw(st.integers(0, len(payload) - 1))
    broken = payload[:at] + bytes([payload[at] ^ data.draw(st.integers(1, 255))]) + payload[at + 1 :]
    for bad in (broken, payload[:at]):
        try:
            decode(kind, bad)
        except CorruptLog:
            continue


def test_every_single_byte_flip_of_a_samples_payload_is_survived() -> None:
    kind, payload = encode(samples(3, new_series=((1, b"m\x1fa\x1eb"),)))
    for at in range(len(payload)):
        for flip in (0x01, 0x80, 0xFF):
            bad = bytearray(payload)
            bad[at] ^= flip
            try:
                decode(kind, bytes(bad))
            except CorruptLog:
                continue


@pytest.mark.parametrize("kind", [0, max(Kind) + 1, 255])
def test_an_unknown_kind_is_a_corrupt_log(kind: int) -> None:
    with pytest.raises(CorruptLog):
        decode(kind, encode(Control(Kind.LABEL, {"a": 1}))[1])


@pytest.mark.parametrize("value", [2**64, object(), {"a": {1, 2}, "b": object()}, "\ud800"])
def test_a_body_that_cannot_be_stored_is_refused(value: object) -> None:
    with pytest.raises(BadRequest):
        encode(Control(Kind.SETTING, {"x": value}))


@pytest.mark.parametrize("kind", [Kind.SAMPLES, Kind.TICK])
def test_a_control_cannot_pose_as_another_kind(kind: Kind) -> None:
    with pytest.raises(BadRequest):
        encode(Control(kind, {}))


def test_wrong_columns_are_our_mistake() -> None:
    with pytest.raises(TypeError, match="row is int64"):
        encode(samples(3, row=np.zeros(3, np.int64)))
    with pytest.raises(ValueError, match="shape"):
        encode(samples(3, value=np.zeros(2)))
