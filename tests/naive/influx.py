"""A slow, obvious twin of the Influx decoder: a line at a time, a character at a time."""

from __future__ import annotations

import math
import re

from monitor.domain.series import Identity
from tests.naive.json_samples import TS_MS_MAX, Refused, name
from tests.naive.remote_write import Outcome

NUMBER = re.compile(r"(-?)([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
INTEGER = re.compile(r"(-?[0-9]+)i|([0-9]+)u")
TRUE, FALSE = ("t", "T", "true", "True", "TRUE"), ("f", "F", "false", "False", "FALSE")
WORDS = dict.fromkeys(TRUE, 1.0) | dict.fromkeys(FALSE, 0.0)
LINE_MAX = 65_536


class BadLine(Exception):
    """Where the search for the end of the line goes on."""

    def __init__(self, at: int) -> None:
        self.at = at


def decode(body: bytes, precision: str, now_ms: int) -> Outcome:
    text = body.decode("latin-1")  # a character a byte; names are read as UTF-8 in the end
    outcome = Outcome()
    at, line = 0, 0
    while at < len(text):
        line += 1
        while text[at : at + 1] in (" ", "\t"):
            at += 1
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if text[at:end] in ("", "\r") or text[at] == "#":
            at = end + 1
            continue
        begin = at
        try:
            at = read_line(text, at, line, precision, now_ms, outcome)
        except BadLine as bad:
            outcome.faults.append(("bad_line", line))
            end = text.find("\n", bad.at)
            at = len(text) if end < 0 else end
        line += text.count("\n", begin, at)
        at += 1
    return outcome


def read_text(text: str, at: int, stops: str) -> tuple[str, int]:
    """With its backslashes, up to a character of ``stops`` or the line's end."""
    begin = at
    while at < len(text) and text[at] != "\n" and text[at] not in stops:
        at += 2 if text[at] == "\\" and text[at + 1 : at + 2] in (",", "=", " ") else 1
    return text[begin:at], at


def plain(text: str) -> str:
    try:
        return re.sub(r"\\([,= ])", r"\1", text).encode("latin-1").decode()
    except UnicodeDecodeError:
        raise Refused("bad_name") from None


def read_line(text: str, begin: int, line: int, precision: str, now_ms: int, outcome: Outcome) -> int:
    measurement, at = read_text(text, begin, ", ")
    if not measurement:
        raise BadLine(begin)
    tags = []
    while text[at : at + 1] == ",":
        key, at = read_text(text, at + 1, "=, ")
        if not key or text[at : at + 1] != "=":
            raise BadLine(begin)
        value, at = read_text(text, at + 1, "=, ")
        if not value:
            raise BadLine(begin)
        tags.append((key, value))
    if text[at : at + 1] != " ":
        raise BadLine(begin)
    while text[at : at + 1] in (" ", "\t"):
        at += 1
    fields: list[tuple[str, str]] = []
    while True:
        key, at = read_text(text, at, "=, ")
        if not key or text[at : at + 1] != "=":
            raise BadLine(at)
        at += 1
        if text[at : at + 1] == '"':
            value, at = read_string(text, at, begin)
        else:
            found = re.compile(r"[^, \n\r]*").match(text, at)
            assert found
            value, at = found[0], found.end()
        fields.append((key, value))
        if text[at : at + 1] != ",":
            break
        at += 1
    ts_ms: int | None = now_ms
    if text[at : at + 1] == " ":
        while text[at : at + 1] in (" ", "\t"):
            at += 1
        found = re.compile(r"-?[0-9]+").match(text, at)
        if found:
            ts_ms, at = in_ms(found[0], precision), found.end()
        while text[at : at + 1] in (" ", "\t"):
            at += 1
    if text[at : at + 1] == "\r":
        at += 1
    if text[at : at + 1] not in ("", "\n"):
        raise BadLine(at)
    for key, value in fields:
        try:
            identity = identity_of(measurement, tags, key)
            if value.startswith('"'):
                outcome.aside["text_value"] += 1
                continue
            if ts_ms is None:
                raise Refused("bad_timestamp")
            outcome.samples.append((identity, ts_ms, number(value)))
        except Refused as refused:
            outcome.faults.append((str(refused), line))
    return at


def read_string(text: str, at: int, begin: int) -> tuple[str, int]:
    first = at
    at += 1
    end = min(len(text), at + LINE_MAX)
    while at < end:
        if text[at] == '"':
            return text[first : at + 1], at + 1
        at += 2 if text[at] == "\\" else 1
    raise BadLine(begin)


def in_ms(written: str, precision: str) -> int | None:
    time = int(written)
    if abs(time) >= 2**63 or len(written.removeprefix("-")) > 19:
        return None
    ts_ms = time * 1000 if precision == "s" else time // {"ns": 10**6, "us": 1000, "ms": 1}[precision]
    return ts_ms if 0 <= ts_ms <= TS_MS_MAX else None


def number(written: str) -> float:
    if written in WORDS:
        return WORDS[written]
    if sum(c in "0123456789" for c in written) > 64:
        raise Refused("bad_value")
    found = INTEGER.fullmatch(written)
    if found:
        if found[1] and -(2**63) <= int(found[1]) < 2**63:
            return float(int(found[1]))
        if found[2] and int(found[2]) < 2**64:
            return float(int(found[2]))
    elif NUMBER.fullmatch(written):
        value = float(written)
        if not math.isfinite(value):
            raise Refused("not_finite")
        return value
    raise Refused("bad_value")


def identity_of(measurement: str, pairs: list[tuple[str, str]], key: str) -> bytes:
    tags = [(plain(k), plain(v)) for k, v in pairs]
    metric, field = plain(measurement), plain(key)
    metric = metric if field == "value" else f"{metric}_{field}"
    name(metric, 512, True)
    for tag, value in tags:
        name(tag, 256, True)
        name(value, 2048, False)
    if len(tags) > 40 or len(dict(tags)) < len(tags):
        raise Refused("bad_name")
    return Identity.of(metric, dict(tags)).canonical()
