"""Hostile predictions and outcomes of served models, in all three forms, and their answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tests.fakes import NOW_MS
from tests.hostile.arrow import ARROW, stream
from tests.hostile.case import Case

PREDICTIONS = "/api/v1/predictions"
OUTCOMES = "/api/v1/outcomes"
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
HUGE = 10**400
INFINITE = float("inf")
ASKED: dict[str, Any] = {"id": 1, "model": "m", "timestamp": NOW_MS - 5, "score": 0.5}
CAME: dict[str, Any] = {"id": 1, "model": "m", "outcome": True}


def whole(field: str, *rows: Any) -> bytes:
    return json.dumps({field: list(rows)}).encode()


def text(name: str, body: bytes, status: int, kept: int = 0, **reasons: int) -> Case:
    return Case(name, body, status, kept, reasons, JSON)


def lines(name: str, body: bytes, status: int, kept: int = 0, **reasons: int) -> Case:
    return Case(name, body, status, kept, reasons, NDJSON)


def rows(name: str, columns: Mapping[str, Any], status: int, kept: int = 0, **reasons: int) -> Case:
    told = {key: column for key, column in columns.items() if column is not None}
    return Case(f"Arrow, {name}", stream(**told), status, kept, reasons, ARROW)


def unreadable(field: str) -> list[Case]:
    """What is as wrong for either."""
    body = whole(field)
    return [
        text("nothing", body, 200),
        text("empty", b"", 400),
        text("cut short", body[:-2], 400),
        text("a list", b"[]", 400),
        text("no rows", f'{{"{field}": 3}}'.encode(), 400),
        text("another object", b'{"mode": "live"}', 400),
        text("unknown mode", f'{{"{field}": [], "mode": "later"}}'.encode(), 400),
        text("NaN as a token", f'{{"{field}": [NaN]}}'.encode(), 400),
        text("invalid UTF-8", b"\xff", 400),
        text("a hundred thousand brackets", f'{{"{field}": '.encode() + b"[" * 100_000, 400),
        text("too many rows", whole(field, *[0] * 50_001), 413),
        lines("no lines", b"\n\r\n", 200),
        lines("only a bad line", b"nothing", 400, bad_line=1),
        lines("longer than 64 KiB", b'"' + b"x" * 70_000 + b'"', 400, bad_line=1),
        Case("Arrow, no stream", b"hello, world", 400, 0, {}, ARROW),
        Case("wrong type", body, 415, 0, {}, {"Content-Type": "text/csv"}),
        Case("a time up to which that is none", body, 400, 0, {}, JSON, "?complete=now"),
    ]


def asked(name: str, changed: dict[str, Any], **reasons: int) -> Case:
    """One prediction between two good ones, of which it takes nothing away."""
    body = whole("predictions", ASKED, ASKED | changed, ASKED | {"id": 3})
    return text(name, body, 200, 2 if reasons else 3, **reasons)


def came(name: str, changed: dict[str, Any], **reasons: int) -> Case:
    body = whole("outcomes", CAME, CAME | changed, CAME | {"id": 3})
    return text(name, body, 200, 2 if reasons else 3, **reasons)


def with_(**changed: Any) -> bytes:
    return whole("predictions", ASKED | changed)


def predictions() -> list[Case]:
    line = json.dumps(ASKED).encode()
    two: dict[str, Any] = {"id": [1, 2], "model": ["m", "m"], "timestamp": [NOW_MS, NOW_MS]}
    return [
        *unreadable("predictions"),
        text("a depth of a hundred", with_(features={"a": nested(100)}), 400, bad_line=1),
        text("too many features", with_(features={f"f{i}": 1 for i in range(201)}), 400),
        text("too many segments", with_(segments={f"s{i}": 1 for i in range(9)}), 400),
        text("a feature without a name", with_(features={"": 1}), 400),
        text("a segment with NUL in its name", with_(segments={"\0": 1}), 400),
        text("no object", whole("predictions", ASKED, 7), 200, 1, bad_line=1),
        asked("no id", {"id": ""}, bad_name=1),
        asked("an id of 4,000 bytes", {"id": "x" * 4_000}),
        asked("an id of 401 digits", {"id": HUGE}),
        asked("no model", {"model": ""}, bad_name=1),
        asked("NUL", {"model": "\0"}, bad_name=1),
        asked("a model too long", {"model": "x" * 257}, bad_name=1),
        asked("a version of two lines", {"version": "a\nb"}, bad_name=1),
        asked("a segment of two lines", {"segments": {"country": "a\nb"}}, bad_name=1),
        asked("a time in words", {"timestamp": "yesterday"}, bad_timestamp=1),
        asked("before 1970", {"timestamp": -5}, bad_timestamp=1),
        asked("nanoseconds", {"timestamp": NOW_MS * 10**6}, bad_timestamp=1),
        asked("a time of 401 digits", {"timestamp": HUGE}, bad_timestamp=1),
        asked("a text for a score", {"score": "0.5"}, bad_line=1),
        asked("a score of 401 digits", {"score": HUGE}, bad_line=1),
        asked("a prediction of 401 digits", {"prediction": HUGE}, not_finite=1),
        asked("a feature of 401 digits", {"features": {"age": HUGE}}),
        asked("a feature of 401 digits among words", {"features": {"a": HUGE, "b": "x"}}),
        asked("a segment of 401 digits", {"segments": {"country": HUGE}}),
        lines("a bad line between", line + b"\nnothing\n" + line, 200, 2, bad_line=1),
        rows("good", two, 200, 2),
        rows("no id", two | {"id": None}, 400),
        rows("a null id", two | {"id": pa.array([None, 2])}, 200, 1, bad_name=1),
        rows("numbers for a model", two | {"model": [1, 2]}, 400),
        rows("a time of another type", two | {"timestamp": [1.0, 2.0]}, 400),
        rows("no time", two | {"timestamp": pa.array([None, NOW_MS], pa.int64())}, 200, 1, bad_timestamp=1),
        rows("infinite", two | {"prediction": [INFINITE, 1.0]}, 200, 1, not_finite=1),
        rows("an infinite feature", two | {"feature.age": [INFINITE, 1.0]}, 200, 2),
        rows("lists for a feature", two | {"feature.age": [[1], [2]]}, 400),
        Case("strict", whole("predictions", ASKED, 7), 422, 0, {}, JSON, "?strict=1"),
    ]


def outcomes() -> list[Case]:
    two: dict[str, Any] = {"id": [1, 2], "model": ["m", "m"], "outcome": [1.0, 0.0]}
    return [
        *unreadable("outcomes"),
        text("no object", whole("outcomes", CAME, 7), 200, 1, bad_line=1),
        came("no outcome", {"outcome": None}, missing_value=1),
        came("an object for an outcome", {"outcome": {}}, bad_line=1),
        came("an outcome of 401 digits", {"outcome": HUGE}, not_finite=1),
        came("an outcome of two lines", {"outcome": "a\nb"}, bad_name=1),
        came("no id", {"id": ""}, bad_name=1),
        came("of a model that is not known", {"model": "nobody"}),
        came("a time in words", {"timestamp": "soon"}, bad_timestamp=1),
        came("a time of 401 digits", {"timestamp": HUGE}, bad_timestamp=1),
        rows("good", two, 200, 2),
        rows("no outcome", two | {"outcome": None}, 400),
        rows("a null outcome", two | {"outcome": pa.array([None, 1.0])}, 200, 1, missing_value=1),
        rows("infinite", two | {"outcome": [INFINITE, 1.0]}, 200, 1, not_finite=1),
        Case("strict", whole("outcomes", CAME, 7), 422, 0, {}, JSON, "?strict=1"),
    ]


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 0
