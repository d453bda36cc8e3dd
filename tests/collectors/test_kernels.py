"""The byte kernels against Python's own answers."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.json_grammar import skip_value, valid_utf8
from collectors.json_numbers import scan_number
from collectors.keys import WireKeys
from collectors.raw_bytes import hash_bytes, padded
from collectors.times import rfc3339_ms

DECIMALS = st.from_regex(r"-?(0|[1-9][0-9]{0,21})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
BITS = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("<d", struct.pack("<Q", bits))[0])


def scan(text: str) -> tuple[int, float, bool]:
    buffer = padded(text.encode())
    end, value, certain = scan_number(buffer.ctypes.data, 0)
    return end, value, certain


@settings(max_examples=400, deadline=None)
@given(st.one_of(DECIMALS, BITS.filter(np.isfinite).map(repr), st.floats(-1e6, 1e6).map(repr)))
def test_numbers_are_exact_or_handed_back(text: str) -> None:
    end, value, certain = scan(text)
    assert end == len(text)
    if certain:
        assert struct.pack("<d", value) == struct.pack("<d", float(text))


@settings(deadline=None)
@given(
    st.one_of(BITS, st.floats(1e-290, 1e290)).filter(lambda x: np.isfinite(x) and (x == 0 or abs(x) > 1e-300))
)
def test_every_normal_float_as_python_writes_it_is_read_in_place(value: float) -> None:
    assert scan(repr(value)) == (len(repr(value)), value, True)


@pytest.mark.parametrize(
    "text",
    # Ties and near-ties between two doubles, where a sloppy rounding shows.
    [
        "9007199254740993",
        "9007199254740993e1",
        "1.00000000000000011102230246251565",
        "5e-324",
        "1.7976931348623157e308",
        "8.98846567431158e307",
        "2.2250738585072014e-308",
        "6929495644600919.5",
        "3.7455744005952583e15",
        "1e23",
    ],
)
def test_hard_numbers(text: str) -> None:
    _, value, certain = scan(text)
    assert not certain or value == float(text)


@settings(deadline=None)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(3000, 1, 1)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_times_equal_datetime(moment: datetime, offset_minutes: int) -> None:
    sign = "-" if offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(offset_minutes), 60)
    text = f"{moment.isoformat()}{sign}{hours:02}:{minutes:02}"
    utc = moment.replace(tzinfo=UTC) - timedelta(minutes=offset_minutes)
    expected = (utc - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert rfc3339_ms(text) == (expected if expected >= 0 else None)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=6), st.text(max_size=4).map(lambda t: t.encode("utf-8", "surrogatepass")))
)
def test_utf8_is_what_python_says(raw: bytes) -> None:
    try:
        raw.decode()
        expected = True
    except UnicodeDecodeError:
        expected = False
    buffer = padded(raw)
    assert valid_utf8(buffer.ctypes.data, 0, len(raw)) == expected


def test_depth_is_counted_over_siblings() -> None:
    text = b"[" + b",".join([b"[[]]"] * 40) + b"]"
    buffer = padded(text)
    assert skip_value(buffer.ctypes.data, 0, 13, False) == len(text)
    assert skip_value(buffer.ctypes.data, 0, 14, False) == -1


def test_the_hash_depends_on_every_byte_length_and_key() -> None:
    seen = set()
    for length in range(70):
        base = bytearray(b"x" * length)
        for at in [None, *range(length)]:
            text = bytearray(base)
            if at is not None:
                text[at] = ord("y")
            buffer = padded(bytes(text))
            seen |= {int(hash_bytes(buffer.ctypes.data, length, np.uint64(key))) for key in (1, 2)}
    assert len(seen) == 2 * sum(length + 1 for length in range(70))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1)), max_size=200))
def test_the_memory_is_a_dictionary(pairs: list[tuple[int, int]]) -> None:
    keys = WireKeys(seed=1)
    expected: dict[int, int] = {}
    for key, value in pairs:
        keys.put(np.array([key], np.uint64), np.array([value], np.uint64))
        expected.setdefault(key, value)
    assert len(keys) == len(expected)
    asked = np.array([*expected, 0xDEAD], np.uint64)
    found, missing = keys.find(asked)
    assert found[: len(expected)].tolist() == list(expected.values())
    assert missing.tolist() == ([] if 0xDEAD in expected else [len(expected)])


def test_the_memory_grows_and_is_emptied_when_full() -> None:
    keys = WireKeys(seed=1, series_max=10_000)
    first = np.arange(1, 9_001, dtype=np.uint64)
    keys.put(first, first)
    assert (keys.find(first)[0] == first).all()
    more = np.arange(9_001, 10_002, dtype=np.uint64)
    keys.put(more, more)
    assert len(keys) == 1_001
    assert len(keys.find(first)[1]) == 9_000
