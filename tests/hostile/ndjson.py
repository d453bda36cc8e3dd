"""Hostile NDJSON samples and their answers."""

from __future__ import annotations

import json
from typing import Any

from tests.hostile.case import Case
from tests.hostile.samples_json import GOOD, PATH

__all__ = ["PATH", "cases"]

NDJSON = {"Content-Type": "application/x-ndjson"}
LINE = json.dumps(GOOD).encode()


def lines(name: str, body: bytes, status: int, kept: int, **reasons: int) -> Case:
    return Case(name, body, status, kept, reasons, NDJSON)


def beside(name: str, line: bytes | dict[str, Any], **reasons: int) -> Case:
    """One line between two good ones, of which it takes nothing away."""
    raw = line if isinstance(line, bytes) else json.dumps(GOOD | line).encode()
    return lines(name, LINE + b"\n" + raw + b"\n" + LINE + b"\n", 200, 2, **reasons)


def cases() -> list[Case]:
    return [
        lines("nothing", b"", 200, 0),
        lines("only blank lines", b"\n\r\n  \n", 200, 0),
        lines("good, no last newline", LINE, 200, 1),
        lines("good, CRLF", (LINE + b"\r\n") * 2, 200, 2),
        lines("byte order mark", b"\xef\xbb\xbf" + LINE + b"\n" + LINE, 200, 1, bad_line=1),
        lines("only bad lines", b"nope\nno\n", 400, 0, bad_line=2),
        lines("more lines than samples may be", (LINE + b"\n") * 50_001, 413, 0),
        lines("a hundred thousand bad lines", b"x\n" * 100_000, 413, 0),
        beside("no JSON", b"{not json", bad_line=1),
        beside("cut short", LINE[:-2], bad_line=1),
        beside("two objects", LINE + LINE, bad_line=1),
        beside("a list", b"[1]", bad_line=1),
        beside("NaN as a token", b'{"metric": "m", "timestamp": 1, "value": NaN}', bad_line=1),
        beside("invalid UTF-8", b'{"metric": "\xff"}', bad_line=1),
        beside("a lone surrogate", b'{"metric": "\\ud800", "timestamp": 1, "value": 1}', bad_line=1),
        beside("a depth of 17", b"[" * 17 + b"]" * 17, bad_line=1),
        beside("longer than 64 KiB", b'"' + b"x" * 70_000 + b'"', bad_line=1),
        beside("5,000 digits", LINE.replace(b"1.5", b"1" * 5_000), bad_line=1),
        beside("a text for a value", {"value": "1"}, bad_value=1),
        beside("null for a value", {"value": None}, missing_value=1),
        beside("NUL", {"metric": "\x00"}, bad_name=1),
        beside("a time in words", {"timestamp": "now"}, bad_timestamp=1),
        Case("strict", LINE + b"\nx\n", 422, 0, {}, NDJSON, "?strict=1"),
    ]
