"""Generated JSON and NDJSON bodies: good, odd, broken, and good ones damaged by a few bytes."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NAMES = st.one_of(
    st.sampled_from(
        ["m", "cpu", "a.b", "käse", "x" * 512, "x" * 513, "", "watchkeeper.x", "\u0000", "\x85", 'q"\\']
    ),
    st.text(max_size=6),
)
TAGS = st.dictionaries(NAMES, NAMES, max_size=3)
RAW_NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True),
    st.sampled_from(
        [
            "1e999",
            "-1e999",
            "NaN",
            "Infinity",
            "-0",
            "-0.0",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "0x1",
            "1_0",
            "1" * 64,
            "1" * 65,
            "0." + "0" * 40 + "12345678901234567",
            "5e-324",
            "2e-308",
            "9007199254740993",
            "1e23",
            "--1",
        ]
    ),
)
TIMES = st.one_of(
    st.integers(0, 2 * 10**12).map(str),
    st.datetimes().map(lambda t: f'"{t.isoformat()}Z"'),
    st.sampled_from(
        [
            "-1",
            "-0",
            "41024448000000",
            "41024448000001",
            "1e3",
            "1.0",
            "00",
            "1" * 40,
            "null",
            "true",
            '""',
            '"2013-02-08T19:00:00-05:00"',
            '"2013-02-08 19:00:00.123456789+23:59"',
            '"2016-12-31T23:59:60Z"',
            '"2013-02-29T00:00:00Z"',
            '"2012-02-29T00:00:00z"',
            '"2013-02-08T19:00:00"',
            '"1970-01-01T00:00:00+01:00"',
            '"2013-02-08T24:00:00Z"',
            '"2013-13-01T00:00:00Z"',
            '"2013-02-08T19:00:00.Z"',
            '"0000-01-01T00:00:00Z"',
            '"2013-02-08T19:00:00.1234567890Z"',
            '"\\u0032013-02-08T19:00:00Z"',
            '"2013-02-08T19:00:00Zx"',
        ]
    ),
)
ODD = st.sampled_from(
    [
        "null",
        "true",
        "false",
        '"5"',
        "[]",
        "{}",
        "[1,[2]]",
        '{"a":{"b":[null]}}',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        "[" * 12 + "]" * 12,
        "[" * 13 + "]" * 13,
        "[" * 16 + "]" * 16,
        "[" * 17 + "]" * 17,
        "tru",
        "nul",
        '"\\x"',
        '"\\u00e9"',
        '"\\u12"',
        '{"a":1,"a":2}',
        '{"a":"1","a":"2"}',
        '{"a":1,}',
        "[1,]",
        '"a\tb"',
        '"\x7f"',
    ]
)
SPACE = st.sampled_from(["", "", "", " ", "  ", "\t", "\r", "\n"])


@st.composite
def samples(draw: st.DrawFn) -> str:
    """Mostly a good sample, now and then with an odd member, key, order or spacing."""
    if draw(st.integers(0, 20)) == 0:
        return draw(st.one_of(ODD, RAW_NUMBERS))
    odd = draw(st.integers(0, 3)) == 0
    tags = json.dumps(draw(TAGS), ensure_ascii=draw(st.booleans()))
    members = [
        ('"metric"', json.dumps(draw(NAMES), ensure_ascii=draw(st.booleans()))),
        ('"tags"', tags),
        ('"timestamp"', draw(TIMES)),
        ('"value"', draw(RAW_NUMBERS)),
    ]
    if draw(st.booleans()):
        members.append(('"n"', draw(RAW_NUMBERS)))
    if odd:
        key = draw(
            st.sampled_from(
                ['"metric"', '"tags"', '"timestamp"', '"value"', '"n"', '"note"', '"valu\\u0065"']
            )
        )
        members = [
            m for m in members if draw(st.integers(0, 8)) and not (m[0] == key and draw(st.booleans()))
        ]
        members.append((key, draw(ODD)))
    members = draw(st.permutations(members))
    s = draw(SPACE)
    return "{" + s + ("," + s).join(f"{key}{s}:{s}{value}" for key, value in members) + s + "}"


@st.composite
def damaged(draw: st.DrawFn, bodies: st.SearchStrategy[bytes]) -> bytes:
    """A body with at most three bytes cut, doubled or replaced."""
    body = bytearray(draw(bodies))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(body)))
        with_ = draw(
            st.sampled_from(
                [b"", b'"', b"\\", b"{", b"}", b"[", b",", b":", b"\n", b"\x00", b"\xff", b"7", b"e"]
            )
        )
        body[at : at + draw(st.integers(0, 2))] = with_
    return bytes(body)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    listed = "[" + ",".join(draw(st.lists(samples(), max_size=4))) + "]"
    form = draw(st.integers(0, 9))
    if form == 0:
        return listed.encode("utf-8", "surrogatepass")
    members = [f'"samples":{listed}']
    if form < 4:
        mode = draw(st.sampled_from(['"live"', '"backfill"', "null", '"x"', "1", '"liv\\u0065"']))
        members.append(f'"mode": {mode}')
    if form < 3:
        members.append(f'"zz": {draw(ODD)}')
    text = "{" + ", ".join(draw(st.permutations(members))) + "}" + draw(SPACE)
    return text.encode("utf-8", "surrogatepass")


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = draw(st.lists(st.one_of(samples(), samples(), SPACE), max_size=5))
    return (end.join(rows) + draw(st.sampled_from(["", end]))).encode("utf-8", "surrogatepass")
