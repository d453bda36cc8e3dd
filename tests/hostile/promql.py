"""Hostile answers of a server that is asked in PromQL. What cannot be trusted is dropped as a whole."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes import NOW_MS
from tests.hostile.case import Page

JSON = {"Content-Type": "application/json"}
AT_S = NOW_MS / 1_000 - 60


def answer(*values: Any, **labels: Any) -> bytes:
    line = {"metric": {"__name__": "m"} | labels, "values": list(values)}
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [line]}}).encode()


def page(name: str, body: bytes, kept: int, **reasons: int) -> Page:
    return Page(name, body, kept, reasons, headers=JSON)


def fails(name: str, body: bytes, told: str, status: int = 200, **headers: str) -> Page:
    named = {key.replace("_", "-"): text for key, text in headers.items()}
    return Page(name, body, fails=told, headers=JSON | named, status=status)


def cases() -> list[Page]:
    good = answer([AT_S, "1"])
    many = json.dumps({"status": "success", "data": {"result": [{}] * 11}}).encode()
    unknown = "nothing that a Prometheus says"
    return [
        page("good", good, 1),
        page("no series", b'{"status": "success", "data": {"result": []}}', 0),
        page("NaN and infinity", answer([AT_S, "NaN"], [AT_S, "+Inf"], [AT_S, "1e999"]), 0),
        page("an empty label is none", answer([AT_S, "1"], job=""), 1),
        page("NUL in a label", answer([AT_S, "1"], job="\0"), 0, bad_name=1),
        page("a label too long", answer([AT_S, "1"], job="v" * 2_049), 0, bad_name=1),
        page("no name", answer([AT_S, "1"], __name__=""), 0, bad_name=1),
        page("a reserved name", answer([AT_S, "1"], __name__="watchkeeper.up"), 0, bad_name=1),
        fails("empty", b"", unknown),
        fails("HTML", b"<!doctype html>", unknown),
        fails("cut short", good[:-3], unknown),
        fails("invalid UTF-8", good.replace(b'"m"', b'"\xff"'), unknown),
        fails("fifty thousand brackets", b'{"data": ' + b"[" * 50_000, unknown),
        fails("a number for a value", answer([AT_S, 1]), unknown),
        fails("a value of three parts", answer([AT_S, "1", "2"]), unknown),
        fails("a word for a value", answer([AT_S, "one"]), "no number: one"),
        fails("1_000", answer([AT_S, "1_000"]), "no number"),
        fails("digits of another script", answer([AT_S, "١٢"]), "no number"),
        fails("before 1970", answer([-1, "1"]), "the time -1"),
        fails("milliseconds as seconds", answer([NOW_MS, "1"]), "the time"),
        fails("a time beyond the largest number", answer([1e308, "1"]), "the time"),
        fails("too many series", many, "11 series"),
        fails("an error", b'{"status": "error", "error": "bad query"}', "bad query", status=422),
        fails("longer than it may be", b" " * 70_000, "longer than"),
        fails("compressed unasked", good, "compressed", Content_Encoding="gzip"),
        fails("a redirect", b"", unknown, status=302, Location="http://elsewhere/"),
    ]
