"""Hostile JSON samples and their answers."""

from __future__ import annotations

import gzip
import json
from typing import Any

import cramjam

from tests.fakes import NOW_MS
from tests.hostile.case import Case

PATH = "/api/v1/samples"
JSON = {"Content-Type": "application/json"}
GOOD: dict[str, Any] = {"metric": "m", "tags": {"host": "a"}, "timestamp": NOW_MS, "value": 1.5}


def text(name: str, body: str | bytes, status: int, kept: int = 0, **reasons: int) -> Case:
    return Case(name, body if isinstance(body, bytes) else body.encode(), status, kept, reasons, JSON)


def of(*rows: Any, **more: Any) -> bytes:
    return json.dumps({"samples": list(rows), **more}).encode()


def beside(name: str, changed: dict[str, Any] | bytes, **reasons: int) -> Case:
    """One sample between two good ones, of which it takes nothing away; bytes are its JSON."""
    row = changed if isinstance(changed, bytes) else json.dumps(GOOD | changed).encode()
    good = json.dumps(GOOD).encode()
    return text(name, b'{"samples": [' + b", ".join((good, row, good)) + b"]}", 200, 2, **reasons)


def valued(written: str) -> bytes:
    return json.dumps(GOOD | {"value": 0}).replace('"value": 0', f'"value": {written}').encode()


def cases() -> list[Case]:
    good = of(GOOD)
    return [
        text("good", good, 200, 1),
        text("no samples", '{"samples": []}', 200),
        text("no samples in a list", "[]", 200),
        text("a list of samples", json.dumps([GOOD]), 200, 1),
        text("empty", "", 400),
        text("cut short", good[:-3], 400),
        text("text behind the end", good + b"x", 400),
        text("NaN as a token", of(GOOD | {"value": float("nan")}), 400),
        text("Infinity as a token", of(GOOD | {"value": float("inf")}), 400),
        text("a hundred thousand brackets", "[" * 100_000, 400),
        text("a depth of 17", '{"samples": ' + "[" * 17 + "]" * 17 + "}", 400),
        text("a lone surrogate", good.replace(b'"m"', b'"\\ud800"'), 400),
        text("5,000 digits", b'{"samples": [' + valued("1" * 5_000) + b"]}", 400),
        text("65 digits", b'{"samples": [' + valued("1" * 65) + b"]}", 400),
        text("byte order mark", b"\xef\xbb\xbf" + good, 400),
        text("UTF-16", good.decode().encode("utf-16"), 400),
        text("invalid UTF-8", good.replace(b'"m"', b'"\xff"'), 400),
        text("a number", "17", 400),
        text("null", "null", 400),
        text("no samples in the object", "{}", 400),
        text("samples are an object", '{"samples": {}}', 400),
        text("samples twice", '{"samples": [], "samples": []}', 400),
        text("unknown mode", of(GOOD, mode="replay"), 400),
        beside("a text for a value", {"value": "12"}, bad_value=1),
        beside("a truth value for a value", {"value": True}, bad_value=1),
        beside("null for a value", {"value": None}, missing_value=1),
        beside("1e999", valued("1e999"), not_finite=1),
        beside("a value twice", valued('1, "value": 2'), bad_value=1),
        beside("no object", b"7", bad_line=1),
        beside("n below 0", {"n": -1}, bad_value=1),
        beside("no name", {"metric": ""}, bad_name=1),
        beside("a number for a name", {"metric": 3}, bad_name=1),
        beside("NUL", {"metric": "a\x00b"}, bad_name=1),
        beside("a name too long", {"metric": "x" * 513}, bad_name=1),
        beside("a tag too long", {"tags": {"a": "v" * 2_049}}, bad_name=1),
        beside("too many tags", {"tags": {f"k{i}": "v" for i in range(41)}}, bad_name=1),
        beside("a tag twice", b'{"metric": "m", "tags": {"a": "1", "a": "2"}}', bad_name=1),
        beside("reserved", {"metric": "watchkeeper.up"}, bad_name=1),
        beside("no time", {"timestamp": None}, bad_timestamp=1),
        beside("a time in words", {"timestamp": "yesterday"}, bad_timestamp=1),
        beside("a time without a zone", {"timestamp": "2026-01-01T00:00:00"}, bad_timestamp=1),
        beside("before 1970", {"timestamp": -1}, bad_timestamp=1),
        beside("nanoseconds", {"timestamp": NOW_MS * 10**6}, bad_timestamp=1),
        beside("the 30th of February", {"timestamp": "2026-02-30T00:00:00Z"}, bad_timestamp=1),
        text("all refused", of(GOOD | {"metric": ""}), 400, bad_name=1),
        text("too many samples", of(*[GOOD] * 50_001), 413),
        Case("strict", of(GOOD, GOOD | {"value": "x"}), 422, 0, {}, JSON, "?strict=1"),
        Case("a mode of the query that is none", good, 400, 0, {}, JSON, "?mode=later"),
        Case("gzip", gzip.compress(good), 200, 1, {}, JSON | {"Content-Encoding": "gzip"}),
        Case("gzip cut short", gzip.compress(good)[:-9], 400, 0, {}, JSON | {"Content-Encoding": "gzip"}),
        Case("gzip bomb", gzip.compress(bytes(80 << 20), 1), 413, 0, {}, JSON | {"Content-Encoding": "gzip"}),
        Case("zstd bomb", _zstd(bytes(80 << 20)), 413, 0, {}, JSON | {"Content-Encoding": "zstd"}),
        Case("zstd cut short", _zstd(good)[:-3], 400, 0, {}, JSON | {"Content-Encoding": "zstd"}),
        Case("two encodings", good, 415, 0, {}, JSON | {"Content-Encoding": "gzip, zstd"}),
        Case("unknown encoding", good, 415, 0, {}, JSON | {"Content-Encoding": "br"}),
        Case("wrong type", good, 415, 0, {}, {"Content-Type": "text/html"}),
        Case("wrong charset", good, 415, 0, {}, {"Content-Type": "application/json; charset=utf-16"}),
    ]


def _zstd(body: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(body))
