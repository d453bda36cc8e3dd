"""Hostile Influx requests and their answers."""

from __future__ import annotations

import gzip

from tests.fakes import NOW_MS
from tests.hostile.case import Case

PATH = "/api/v2/write"
TEXT = {"Content-Type": "text/plain; charset=utf-8"}
GOOD = f"m,a=b f=1.5 {NOW_MS}\n"
GZIP = TEXT | {"Content-Encoding": "gzip"}


def lines(name: str, text: str | bytes, status: int, kept: int, **reasons: int) -> Case:
    body = text if isinstance(text, bytes) else text.encode()
    return Case(name, body, status, kept, reasons, TEXT, "?precision=ms&org=o&bucket=b")


def beside(name: str, line: str | bytes, **reasons: int) -> Case:
    """One line between two good ones, of which it takes nothing away."""
    body = GOOD.encode() + (line if isinstance(line, bytes) else line.encode()) + b"\n" + GOOD.encode()
    return lines(name, body, 400 if reasons else 204, 2, **reasons)


def cases() -> list[Case]:
    many = ",".join(f"k{i}=v" for i in range(41))
    return [
        lines("nothing", "", 204, 0),
        lines("only comments and blank lines", "# a\n\n  \r\n", 204, 0),
        lines("good, no last newline", GOOD.strip(), 204, 1),
        lines("good, CRLF", GOOD.replace("\n", "\r\n") * 2, 204, 2),
        lines("no timestamp", "m f=1", 204, 1),
        lines("true and false are numbers", f"m f=t,g=false {NOW_MS}", 204, 2),
        lines("a text is left out", f'm f="a\\"b, c",g=1 {NOW_MS}', 204, 1),
        lines("only texts", f'm f="a",g="b" {NOW_MS}', 204, 0),
        lines("a text over two lines", f'm f="a\nb",g=1 {NOW_MS}\n{GOOD}', 204, 2),
        beside("i overflows", f"m f=9223372036854775808i {NOW_MS}", bad_value=1),
        beside("u overflows", f"m f=18446744073709551616u {NOW_MS}", bad_value=1),
        beside("negative u", f"m f=-1u {NOW_MS}", bad_value=1),
        beside("NaN", f"m f=NaN {NOW_MS}", bad_value=1),
        beside("infinite", f"m f=1e999 {NOW_MS}", not_finite=1),
        beside("1_000", f"m f=1_000 {NOW_MS}", bad_value=1),
        beside("digits of another script", f"m f=١٢ {NOW_MS}", bad_value=1),
        beside("65 digits", f"m f={'1' * 65} {NOW_MS}", bad_value=1),
        beside("no value", f"m f= {NOW_MS}", bad_value=1),
        beside("no field", f"m {NOW_MS}", bad_line=1),
        beside("only a measurement", "m", bad_line=1),
        beside("no measurement", f",a=b f=1 {NOW_MS}", bad_line=1),
        beside("tag without a value", f"m,a= f=1 {NOW_MS}", bad_line=1),
        beside("tag without an equals sign", f"m,a f=1 {NOW_MS}", bad_line=1),
        beside("trailing comma of the tags", f"m,a=b, f=1 {NOW_MS}", bad_line=1),
        beside("trailing comma of the fields", f"m f=1, {NOW_MS}", bad_line=1),
        beside("bad escape hides the end", "m\\ f=1", bad_line=1),
        beside("a string without an end", 'm f="abc', bad_line=1),
        beside("text behind the time", f"m f=1 {NOW_MS} x", bad_line=1),
        beside("a time that is none", "m f=1 yesterday", bad_line=1),
        beside("a time before 1970", "m f=1 -1", bad_timestamp=1),
        beside("a time of 20 digits", f"m f=1 {'9' * 20}", bad_timestamp=1),
        beside("microseconds as milliseconds", f"m f=1 {NOW_MS}000", bad_timestamp=1),
        beside("a tag twice", f"m,a=1,a=2 f=1 {NOW_MS}", bad_name=1),
        beside("too many tags", f"m,{many} f=1 {NOW_MS}", bad_name=1),
        beside("a tag too long", f"m,a={'v' * 2049} f=1 {NOW_MS}", bad_name=1),
        beside("reserved", f"watchkeeper.m f=1 {NOW_MS}", bad_name=1),
        beside("NUL", f"m,a=\x00 f=1 {NOW_MS}", bad_name=1),
        beside("invalid UTF-8", f"m,a=X f=1 {NOW_MS}".encode().replace(b"X", b"\xff"), bad_name=1),
        beside("two faults of one line", f"m f=x,g=y {NOW_MS}", bad_value=2),
        Case("unknown precision", GOOD.encode(), 400, 0, {}, TEXT, "?precision=minutes"),
        Case("nanoseconds by default", b"m f=1 1700000000000000000", 204, 1, {}, TEXT),
        Case("no content type", GOOD.encode(), 204, 1, {}, {}, "?precision=ms"),
        Case("wrong type", GOOD.encode(), 415, 0, {}, {"Content-Type": "application/json"}),
        Case("wrong charset", GOOD.encode(), 415, 0, {}, {"Content-Type": "text/plain; charset=utf-16"}),
        Case("gzip", gzip.compress(GOOD.encode()), 204, 1, {}, GZIP, "?precision=ms"),
        Case("gzip cut short", gzip.compress(GOOD.encode())[:-9], 400, 0, {}, GZIP),
        Case("gzip bomb", gzip.compress(bytes(80 << 20), 1), 413, 0, {}, GZIP),
        Case("snappy is not of this protocol", b"", 415, 0, {}, TEXT | {"Content-Encoding": "snappy"}),
        Case("a hundred thousand fields", b"m " + b",".join([b"f=1"] * 100_000), 413, 0, {}, TEXT),
        Case("a hundred thousand bad lines", b"x\n" * 100_000, 413, 0, {}, TEXT),
    ]
