"""Hostile StatsD datagrams. Nobody is answered: bad lines are counted, and the good ones around them kept."""

from __future__ import annotations

from tests.hostile.case import Case

GOOD = b"good:1|c"


def heard(name: str, lines: bytes, kept: int, **reasons: int) -> Case:
    """``kept``: samples that an interval tells."""
    return Case(name, lines, 0, kept, reasons)


def beside(name: str, line: bytes, **reasons: int) -> Case:
    """One line between two good ones, of which it takes nothing away."""
    return heard(name, GOOD + b"\n" + line + b"\n" + GOOD, 1, **reasons)


def cases() -> list[Case]:
    many = ",".join(f"k{i}:v" for i in range(41)).encode()
    largest = b"1.7976931348623157e308"
    return [
        heard("nothing", b"", 0),
        heard("blank lines, CRLF", b"\r\n\n\r\n", 0),
        heard("good, CRLF", GOOD + b"\r\n" + GOOD + b"\r\n", 1),
        heard("events and service checks", b"_e{5,4}:title|text\n_sc|name|0", 0),
        heard("container and time of one line", b"a:1|c|#k:v|c:container|T1656581400", 1),
        beside("no value", b"a", bad_line=1),
        beside("no type", b"a:1", bad_line=1),
        beside("unknown type", b"a:1|x", bad_line=1),
        beside("no name", b":1|c", bad_line=1),
        beside("a space in the name", b"a b:1|c", bad_line=1),
        beside("NUL in the name", b"a\x00:1|c", bad_line=1),
        beside("longer than 8 KiB", b"a:1|c" + b"|#k:v" * 3_000, bad_line=1),
        beside("a word for a value", b"a:one|c", bad_value=1),
        beside("an empty value", b"a:1::2|c", bad_value=1),
        beside("1_000", b"a:1_000|c", bad_value=1),
        beside("NaN", b"a:nan|g", bad_value=1),
        beside("infinity in words", b"a:inf|g", bad_value=1),
        beside("1e999", b"a:1e999|g", not_finite=1),
        beside("65 digits", b"a:" + b"1" * 65 + b"|g", bad_value=1),
        beside("digits of another script", "a:١٢|g".encode(), bad_value=1),
        beside("rate 0", b"a:1|c|@0", bad_value=1),
        beside("rate above 1", b"a:1|c|@2", bad_value=1),
        beside("negative rate", b"a:1|c|@-0.5", bad_value=1),
        beside("rate in words", b"a:1|c|@x", bad_value=1),
        beside("invalid UTF-8", b"\xff:1|c", bad_name=1),
        beside("a tag twice", b"a:1|c|#k:v,k:w", bad_name=1),
        beside("a tag without a name", b"a:1|c|#:v", bad_name=1),
        beside("a tag too long", b"a:1|c|#k:" + b"v" * 2_049, bad_name=1),
        beside("too many tags", b"a:1|c|#" + many, bad_name=1),
        beside("NUL in a tag", b"a:1|c|#k:\x00", bad_name=1),
        beside("reserved", b"watchkeeper.a:1|c", bad_name=1),
        heard("a counter beyond the largest number", b"a:" + largest + b"|c\na:" + largest + b"|c", 0),
        heard("a counter of the smallest rate", b"a:1|c|@5e-324", 0),
        heard("a gauge moved beyond the largest number", b"a:%b|g\na:+%b|g" % (largest, largest), 0),
        # Of quantiles between the ends of what there is none is a number.
        heard("a timer from end to end", b"a:-%b:%b|ms" % (largest, largest), 4),
        heard("a timer of the smallest rate", b"a:1|ms|@5e-324", 5),
    ]
