"""Influx line protocol against the reference parser and a slow twin."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from line_protocol_parser import parse_line

from collectors.errors import TooManySamples
from collectors.influx import PRECISIONS, InfluxDecoder
from collectors.keys import WireKeys
from monitor.domain.series import Identity, fingerprint
from tests.collectors.wire import assert_same, damaged, faults
from tests.naive import influx as naive

NOW_MS = 1_700_000_000_000

NAMES = st.sampled_from(
    ["m", "cpu", "a b", "a,b", "a=b", "ü", "value", "a\\b", "#x", '"q"', "watchkeeper.x", "x" * 300, "a\\"]
)
ODD = (
    """t F true FALSE False tRUE truE .5 5. -.5e3 007 1e999 - 1i 1_000 nan inf +1 1.5i --1 1e 0x1 "a" " "" """
)
NUMBERS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-(2**63), 2**63).map(lambda i: f"{i}i"),
    st.integers(-1, 2**64).map(lambda i: f"{i}u"),
    st.sampled_from([*ODD.split(), "1" * 70, '"a\\"b\n c"', '"a\\\\"', ""]),
)
TIMES = st.one_of(st.just(""), st.integers(-5, 2**63).map(str), st.sampled_from(["x", "1.5", "9" * 20, "-0"]))
DAMAGE = st.sampled_from(
    [b"", b"\n", b" ", b",", b"=", b"\\", b'"', b"#", b"\r", b"\x00", b"\xff", b"7", b"\t"]
)


def escaped(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


@st.composite
def lines(draw: st.DrawFn) -> str:
    tags = draw(st.lists(st.tuples(NAMES, NAMES), max_size=3))
    fields = draw(st.lists(st.tuples(NAMES, NUMBERS), min_size=1, max_size=3))
    head = ",".join([escaped(draw(NAMES)), *(f"{escaped(k)}={escaped(v)}" for k, v in tags)])
    time = draw(TIMES)
    return f"{head} {','.join(f'{escaped(k)}={v}' for k, v in fields)}{' ' if time else ''}{time}"


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\r\n", "\n\n", " \n"]))
    rows = draw(st.lists(st.one_of(lines(), st.sampled_from(["", "# m f=1", " ", "m", "\r"])), max_size=4))
    return (end.join(rows) + draw(st.sampled_from(["", end]))).encode()


@settings(max_examples=150)
@given(damaged(bodies(), DAMAGE), st.sampled_from(sorted(PRECISIONS)))
@example(b'm f="a\nb",g=1 5\nm g=2 6', "ms")
@example(b'm f="' + b"x" * 65_535 + b'" 5\nm g=2 6', "ms")
@example(b'm f="' + b"x" * 65_536 + b'" 5\nm g=2 6', "ms")
def test_any_bytes_are_answered_as_by_the_naive_twin(body: bytes, precision: str) -> None:
    expected = naive.decode(body, precision, NOW_MS)
    decoder = InfluxDecoder(WireKeys(seed=3), precision, NOW_MS)
    for _ in range(2):  # the second time its memory is warm
        assert_same(decoder.decode(body, all_identities=True), expected)


@settings(max_examples=100)
@given(
    st.sampled_from(["cpu", "a b", "ü"]),
    st.dictionaries(
        st.sampled_from(["host", "a b", "c,d"]), st.sampled_from(["x", "y z", "v=w"]), max_size=3
    ),
    st.dictionaries(
        st.sampled_from(["usage", "f g"]),
        st.one_of(st.floats(-1e9, 1e9, allow_subnormal=False), st.integers(-(2**53), 2**53), st.booleans()),
        min_size=1,
    ),
    st.integers(0, 2 * 10**18),
)
def test_the_reference_parser_reads_the_same(
    measurement: str, tags: dict[str, str], fields: dict[str, float], time: int
) -> None:
    written = {k: f"{v}i" if type(v) is int else repr(v) for k, v in fields.items()}
    head = ",".join([escaped(measurement), *(f"{escaped(k)}={escaped(v)}" for k, v in tags.items())])
    line = f"{head} {','.join(f'{escaped(k)}={v}' for k, v in written.items())} {time}"
    found = parse_line(line)
    batch = InfluxDecoder(WireKeys(seed=3), "ns", 0).decode(line.encode()).batch
    expected = {
        Identity.of(f"{found['measurement']}_{key}", found["tags"]).fingerprint(): float(value)
        for key, value in found["fields"].items()
    }
    assert dict(zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True)) == expected
    assert set(batch.ts_ms.tolist()) == {found["time"] // 10**6}


@pytest.mark.parametrize(
    ("precision", "time", "ts_ms"),
    [
        ("s", 1_700_000_000, NOW_MS),
        ("ms", NOW_MS, NOW_MS),
        ("us", NOW_MS * 1000 + 999, NOW_MS),
        ("ns", NOW_MS * 10**6 + 999_999, NOW_MS),
    ],
)
def test_precisions(precision: str, time: int, ts_ms: int) -> None:
    decoder = InfluxDecoder(WireKeys(seed=1), precision, 77)
    assert decoder.decode(f"m f=1 {time}\nm f=1".encode()).batch.ts_ms.tolist() == [ts_ms, 77]


def test_good_lines_are_kept_and_bad_ones_named() -> None:
    body = b"a f=1 1\nb\n# c\n\nd,t= f=1 1\ne f=x 1\ng f=1,g=2 1\nh f=1 -5\n"
    decoded = InfluxDecoder(WireKeys(seed=1), "ms", 0).decode(body)
    assert len(decoded.batch) == 3
    assert faults(decoded) == [("bad_line", 2), ("bad_line", 5), ("bad_timestamp", 8), ("bad_value", 6)]
    assert [text for r in decoded.rejects for _, text in r.examples] == ["x", "-5", "b", "d,t= f=1 1"]


def test_the_field_value_is_the_measurement_itself() -> None:
    decoded = InfluxDecoder(WireKeys(seed=1), "ms", 0).decode(b"m,a=b value=1,other=2 1")
    names = [Identity.of("m", {"a": "b"}), Identity.of("m_other", {"a": "b"})]
    assert decoded.batch.fingerprint.tolist() == [fingerprint(one.canonical()) for one in names]


def test_too_many_fields_or_bad_lines_are_refused_whole() -> None:
    decoder = InfluxDecoder(WireKeys(seed=1), "ms", 0, samples_max=3)
    assert len(decoder.decode(b"m a=1,b=2,c=3 1").batch) == 3
    assert len(decoder.decode(b"x\ny\nz\n").rejects) == 1
    for body in (b"m a=1,b=2,c=3,d=4 1", b"m a=1 1\n" * 4, b"x\n" * 4):
        with pytest.raises(TooManySamples):
            decoder.decode(body)
