"""Remote-write 1.0 and 2.0 against the reference library and a slow twin."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.base import Decoded
from collectors.errors import BadRequest, TooManySamples
from collectors.keys import WireKeys
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from monitor.domain.series import Identity, fingerprint
from tests.collectors.wire import assert_same, damaged, faults
from tests.naive import remote_write as naive
from tests.naive.json_samples import TS_MS_MAX, Refused
from tests.reference.remote_write import Request, Series, WriteRequest, version_1, version_2

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
Decode = Callable[[bytes], Decoded]

TEXTS = st.sampled_from(["", "a", "b", "ü", "x" * 200, "a\x00", "watchkeeper.x", "le", "{}", "\U0001f680"])
LABELS = st.lists(
    st.one_of(
        st.tuples(st.just("__name__"), TEXTS), st.tuples(TEXTS, TEXTS), st.tuples(st.text(), st.text())
    ),
    max_size=5,
)
TIMES = st.one_of(st.just(0), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2_000_000_000_000))
VALUES = st.one_of(st.floats(), st.just(STALE), st.just(0.0), st.just(-0.0))
SERIES = st.lists(st.tuples(LABELS, st.lists(st.tuples(TIMES, VALUES), max_size=3)), max_size=5)
BYTES = st.one_of(
    st.sampled_from([b"", b"\x00", b"\x0a", b"\x12", b"\x80", b"\xff" * 9, b"\xff" * 10, b"\x08\x7f"]),
    st.binary(max_size=3),
)  # fmt: skip


@st.composite
def odd_messages(draw: st.DrawFn, version: int) -> bytes:
    """With histograms, exemplars, metadata and created timestamps among the series."""
    request = WriteRequest() if version == 1 else Request()
    request.ParseFromString((version_1 if version == 1 else version_2)(draw(SERIES)))
    for series in request.timeseries:
        if draw(st.booleans()):
            add_histogram(series, draw(TIMES))
        if draw(st.booleans()):
            series.exemplars.add(value=1.0, timestamp=5)
        if version == 2 and draw(st.booleans()):
            series.metadata.type = draw(st.integers(0, 7))
            series.metadata.help_ref = draw(st.integers(0, 9))
            series.metadata.unit_ref = draw(st.integers(0, 9))
        if version == 2 and draw(st.booleans()):
            series.created_timestamp = draw(TIMES)
            for sample in series.samples:
                sample.start_timestamp = draw(TIMES)
    if version == 1:
        request.metadata.add(metric_family_name="m", help="h")
    return bytes(request.SerializeToString())


def add_histogram(series: Any, ts_ms: int) -> None:
    """With something in every field that a native histogram may have."""
    one = series.histograms.add(count_int=9, sum=1.5, schema=-53, zero_threshold=0.1, timestamp=ts_ms)
    one.zero_count_int = 2
    one.negative_spans.add(offset=-3, length=2)
    one.negative_deltas.extend([1, -1])
    one.positive_spans.add(offset=0, length=2)
    one.positive_deltas.extend([2, 3])
    one.positive_counts.extend([2.0, 5.0])
    one.custom_values.extend([0.5, 1.0])
    one.reset_hint = 1


def expected_of(series: list[Series]) -> naive.Outcome:
    """By the words of the specification, without any wire."""
    outcome = naive.Outcome()
    place = 0
    for labels, samples in series:
        try:
            identity = naive.identity_of(labels)
        except Refused:
            identity = b""
        for ts_ms, value in samples:
            if not identity:
                outcome.faults.append(("bad_name", place))
            elif value != value:
                outcome.aside["missing_value"] += 1
            elif not 0 <= ts_ms <= TS_MS_MAX:
                outcome.faults.append(("bad_timestamp", place))
            elif value in (float("inf"), -float("inf")):
                outcome.faults.append(("not_finite", place))
            else:
                outcome.samples.append((identity, ts_ms, value))
            place += 1
    return outcome


@settings(max_examples=100)
@given(SERIES)
def test_what_the_reference_library_writes_is_read(series: list[Series]) -> None:
    expected = expected_of(series)
    assert_same(RemoteWriteDecoder(WireKeys(seed=3)).decode(version_1(series)), expected)
    assert_same(RemoteWrite2Decoder(WireKeys(seed=3)).decode(version_2(series)), expected)


@pytest.mark.parametrize("version", [1, 2])
@settings(max_examples=100)
@given(data=st.data())
def test_any_bytes_are_answered_as_by_the_naive_twin(version: int, data: st.DataObject) -> None:
    body = data.draw(damaged(odd_messages(version), BYTES))
    decoder = (RemoteWriteDecoder if version == 1 else RemoteWrite2Decoder)(WireKeys(seed=3))
    try:
        expected = (naive.decode_1 if version == 1 else naive.decode_2)(body)
    except Refused:
        with pytest.raises(BadRequest):
            decoder.decode(body)
        return
    for _ in range(2):  # the second time its memory is warm
        decoded = decoder.decode(body, all_identities=True)
        assert_same(decoded, expected)


def test_both_versions_share_their_memory_of_names_without_mixing_them() -> None:
    keys = WireKeys(seed=3)
    first = RemoteWriteDecoder(keys)
    second = RemoteWrite2Decoder(keys)
    bodies = [[([("__name__", f"m{i}"), ("a", f"{j}")], [(1, 1.0)])] for i in range(9) for j in range(9)]
    for _ in range(2):
        for series in bodies:
            identity = Identity.of(series[0][0][0][1], dict(series[0][0][1:])).fingerprint()
            assert first.decode(version_1(series)).batch.fingerprint.tolist() == [identity]
            assert second.decode(version_2(series)).batch.fingerprint.tolist() == [identity]


@pytest.mark.parametrize("seed", [0, 1, 2, 2**64 - 1])
def test_a_name_and_a_value_that_change_places_are_another_series(seed: int) -> None:
    """Whatever the seed, also while the first one is remembered."""
    decoder = RemoteWrite2Decoder(WireKeys(seed))
    named, swapped = ([([pair], [(1, 1.0)])] for pair in (("__name__", "m"), ("m", "__name__")))
    for series, rejected in ((named, 0), (swapped, 1), (named, 0)):
        assert decoder.decode(version_2(series), all_identities=True).rejected == rejected


def test_symbols_may_stand_behind_the_series_and_references_unpacked() -> None:
    symbols = b"".join(bytes([0x22, len(s)]) + s for s in (b"", b"__name__", b"m"))
    sample = bytes([0x12, 9, 0x09]) + struct.pack("<d", 2.5)
    one = bytes([0x08, 1, 0x08, 2]) + sample
    body = bytes([0x2A, len(one)]) + one + symbols
    decoded = RemoteWrite2Decoder(WireKeys(seed=1)).decode(body)
    assert decoded.batch.identities == {fingerprint(b"m"): b"m"}
    assert decoded.batch.value.tolist() == [2.5]


def test_too_many_samples_or_series_are_refused_whole() -> None:
    def series(count: int, samples: int) -> list[Series]:
        return [([("__name__", "m")], [(i, 1.0) for i in range(samples)])] * count

    for make, decoder in (
        (version_1, RemoteWriteDecoder(WireKeys(seed=1), samples_max=3)),
        (version_2, RemoteWrite2Decoder(WireKeys(seed=1), samples_max=3)),
    ):
        assert len(decoder.decode(make(series(1, 3))).batch) == 3
        assert len(decoder.decode(make(series(3, 1))).batch) == 3
        for count, samples in ((1, 4), (4, 1), (4, 0)):
            with pytest.raises(TooManySamples):
                decoder.decode(make(series(count, samples)))


def test_the_first_hundred_places_are_named() -> None:
    decoded = RemoteWriteDecoder(WireKeys(seed=1)).decode(version_1([([("a", "b")], [(1, 1.0)] * 300)]))
    assert [(r.reason, r.count, len(r.examples)) for r in decoded.rejects] == [("bad_name", 300, 100)]
    assert faults(decoded)[0] == ("bad_name", 0)
    assert decoded.rejects[0].examples[0][1] == "no __name__"
