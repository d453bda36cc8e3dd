"""Hostile CSV bodies and their answers."""

from __future__ import annotations

import gzip

from tests.fakes import NOW_MS
from tests.hostile.case import Case

PATH = "/api/v1/samples"
CSV = {"Content-Type": "text/csv"}
HEAD = "timestamp,metric,host,value\n"
GOOD = f"{NOW_MS},m,a,1.5\n"


def text(name: str, body: str | bytes, status: int, kept: int, **reasons: int) -> Case:
    return Case(name, body if isinstance(body, bytes) else body.encode(), status, kept, reasons, CSV)


def beside(name: str, row: str | bytes, **reasons: int) -> Case:
    """One row between two good ones, of which it takes nothing away."""
    raw = row if isinstance(row, bytes) else row.encode()
    return text(name, HEAD.encode() + GOOD.encode() + raw + b"\n" + GOOD.encode(), 200, 2, **reasons)


def cases() -> list[Case]:
    wide = "".join(f",c{i}" for i in range(1_001))
    return [
        text("good", HEAD + GOOD, 200, 1),
        text("only a header", HEAD, 200, 0),
        text("empty", "", 400, 0),
        text("byte order mark", b"\xef\xbb\xbf" + (HEAD + GOOD).encode(), 200, 1),
        text("UTF-16", (HEAD + GOOD).encode("utf-16"), 400, 0),
        text("header that is no UTF-8", b"time,\xff\n1,2\n", 400, 0),
        text("header with a column twice", "time,a,a\n1,2,3\n", 400, 0),
        text("no metric", "time,name\n1,x\n", 400, 0),
        beside("ragged row", f"{NOW_MS},m,a", bad_line=1),
        beside("field of more than 128 KiB", f"{NOW_MS},m,{'x' * 131_073},1", bad_line=1),
        beside("NUL", f"{NOW_MS},m,\x00,1", bad_line=1),
        beside("row that is no UTF-8", f"{NOW_MS},m,X,1".encode().replace(b"X", b"\xff"), bad_line=1),
        beside("header once more", HEAD.strip(), repeated_header=1),
        beside("decimal comma", f'{NOW_MS},m,a,"1,5"', bad_value=1),
        beside("1_000", f"{NOW_MS},m,a,1_000", bad_value=1),
        beside("digits of another script", f"{NOW_MS},m,a,١٢", bad_value=1),
        beside("formula", f"{NOW_MS},m,a,=1+1", bad_value=1),
        beside("no value", f"{NOW_MS},m,a,", missing_value=1),
        beside("NaN", f"{NOW_MS},m,a,NaN", not_finite=1),
        beside("no time", "yesterday,m,a,1", bad_timestamp=1),
        beside("no name", f"{NOW_MS},,a,1", bad_name=1),
        text("all refused", HEAD + "yesterday,m,a,1\n", 400, 0),
        text("wide", f"time,a,b,host\n{NOW_MS},1,2,x\n", 200, 2),
        text("too many lines", HEAD + GOOD * 50_001, 413, 0),
        text("too many columns", "t" + wide + "\n1" + ",1" * 1_001, 413, 0),
        Case("gzip", gzip.compress((HEAD + GOOD).encode()), 200, 1, {}, CSV | {"Content-Encoding": "gzip"}),
        Case("strict", (HEAD + GOOD + "x,m,a,1\n").encode(), 422, 0, {}, CSV, "?strict=1"),
    ]
