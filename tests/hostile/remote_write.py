"""Hostile remote-write requests and their answers."""

from __future__ import annotations

import gzip
import struct
from typing import Any

import cramjam

from tests.fakes import NOW_MS
from tests.hostile.case import Case
from tests.reference.remote_write import Request, Series, WriteRequest, version_1, version_2

PATH = "/api/v1/write"
_TYPE, _VERSION = "application/x-protobuf", "X-Prometheus-Remote-Write-Version"
V1 = {"Content-Type": _TYPE, "Content-Encoding": "snappy", _VERSION: "0.1.0"}
V2 = V1 | {"Content-Type": f"{_TYPE};proto=io.prometheus.write.v2.Request", _VERSION: "2.0.0"}
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
NAN = float("nan")
INFINITE = float("inf")


def packed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))


def named(name: str = "m", *samples: tuple[int, float], **labels: str) -> Series:
    return [("__name__", name), *labels.items()], list(samples or ((NOW_MS, 1.0),))


GOOD = named()


def both(name: str, series: list[Series], status: int, kept: int, **reasons: int) -> list[Case]:
    return [
        Case(f"1.0 {name}", packed(version_1(series)), status, kept, reasons, V1),
        Case(f"2.0 {name}", packed(version_2(series)), status, kept, reasons, V2),
    ]


def with_histogram(request: Any, body: bytes) -> bytes:
    request.ParseFromString(body)
    request.timeseries[0].histograms.add(count_int=1, timestamp=NOW_MS)
    request.timeseries[0].exemplars.add(value=1.0, timestamp=NOW_MS)
    return packed(bytes(request.SerializeToString()))


def renumbered(*refs: int) -> bytes:
    """A good series, and one with these references."""
    request = Request()
    request.ParseFromString(version_2([GOOD, GOOD]))
    del request.timeseries[1].labels_refs[:]
    request.timeseries[1].labels_refs.extend(refs)
    return packed(bytes(request.SerializeToString()))


def cases() -> list[Case]:
    good, second = version_1([GOOD]), version_2([GOOD])
    long_series = named(**{f"k{i}": "v" for i in range(41)})
    told = [*both("nothing in it", [], 204, 0), *both("good", [GOOD], 204, 1)]
    told += both("no __name__", [GOOD, ([("job", "a")], [(NOW_MS, 1.0)])], 400, 1, bad_name=1)
    told += both("no __name__ at all", [([("job", "a")], [(NOW_MS, 1.0)])], 400, 0, bad_name=1)
    told += both("unsorted labels", [([("z", "1"), ("__name__", "m"), ("a", "2")], [(NOW_MS, 1.0)])], 204, 1)
    told += both("label twice", [GOOD, ([*GOOD[0], ("a", "1"), ("a", "2")], GOOD[1])], 400, 1, bad_name=1)
    told += both("__name__ twice", [([*GOOD[0], *GOOD[0]], GOOD[1])], 400, 0, bad_name=1)
    told += both("empty label name", [GOOD, ([*GOOD[0], ("", "1")], GOOD[1])], 400, 1, bad_name=1)
    told += both("empty label value is no label", [named(a="")], 204, 1)
    told += both("control character", [GOOD, named(a="\x00")], 400, 1, bad_name=1)
    told += both("reserved name", [GOOD, named("watchkeeper.up")], 400, 1, bad_name=1)
    told += both("too many labels", [GOOD, long_series], 400, 1, bad_name=1)
    told += both("label too long", [GOOD, named(a="v" * 2049)], 400, 1, bad_name=1)
    told += both("stale marker", [named("m", (NOW_MS, 1.0), (NOW_MS + 1, STALE))], 204, 1)
    told += both("only stale markers", [named("m", (NOW_MS, STALE))], 204, 0)
    told += both("NaN", [named("m", (NOW_MS, NAN)), GOOD], 204, 1)
    told += both("infinite", [named("m", (NOW_MS, INFINITE)), GOOD], 400, 1, not_finite=1)
    told += both("before 1970", [named("m", (-1, 1.0)), GOOD], 400, 1, bad_timestamp=1)
    told += both("nanoseconds", [named("m", (NOW_MS * 10**6, 1.0)), GOOD], 400, 1, bad_timestamp=1)
    told += [
        Case("1.0 histogram", with_histogram(WriteRequest(), good), 400, 1, {"native_histogram": 1}, V1),
        Case("2.0 histogram", with_histogram(Request(), second), 400, 1, {"native_histogram": 1}, V2),
        Case("2.0 reference beyond the symbols", renumbered(1, 99), 400, 1, {"bad_name": 1}, V2),
        Case("2.0 odd references", renumbered(1), 400, 1, {"bad_name": 1}, V2),
        Case("2.0 no references", renumbered(), 400, 1, {"bad_name": 1}, V2),
        Case("1.0 invalid UTF-8", packed(good.replace(b"\x01m", b"\x01\xff")), 400, 0, {"bad_name": 1}, V1),
        Case("1.0 cut short", packed(good[:-3]), 400, 0, {}, V1),
        Case("2.0 cut short", packed(second[:-3]), 400, 0, {}, V2),
        Case("a group", packed(b"\x0b\x0c"), 400, 0, {}, V1),
        Case("field number 0", packed(b"\x00\x00"), 400, 0, {}, V1),
        Case("a varint without end", packed(b"\x0a" + b"\xff" * 11), 400, 0, {}, V1),
        Case("a length of 2^63", packed(b"\x0a" + b"\xff" * 8 + b"\x7f"), 400, 0, {}, V1),
        Case("text", packed(b"hello, world"), 400, 0, {}, V1),
        Case("1.0 sent as 2.0", packed(good), 400, 0, {}, V2),
        Case("2.0 sent as 1.0", packed(second), 400, 0, {}, V1),
        Case("not compressed", good, 400, 0, {}, V1),
        Case("snappy cut short", packed(good * 9)[:-3], 400, 0, {}, V1),
        Case("empty body is no snappy", b"", 400, 0, {}, V1),
        Case("seven bytes declare 4 GiB", b"\xff\xff\xff\xff\x0f\x00\x00", 413, 0, {}, V1),
        Case("bomb of snappy", packed(bytes(80 << 20)), 413, 0, {}, V1),
        Case("gzip", gzip.compress(good), 204, 1, {}, V1 | {"Content-Encoding": "gzip"}),
        Case("two encodings", packed(good), 415, 0, {}, V1 | {"Content-Encoding": "snappy, gzip"}),
        Case("unknown encoding", packed(good), 415, 0, {}, V1 | {"Content-Encoding": "br"}),
        Case("wrong type", packed(good), 415, 0, {}, V1 | {"Content-Type": "application/json"}),
        Case("wrong proto", packed(good), 415, 0, {}, V1 | {"Content-Type": _TYPE + ";proto=x.Y"}),
        Case("version against type", packed(good), 415, 0, {}, V2 | {_VERSION: "0.1.0"}),
        Case("unknown version", packed(good), 415, 0, {}, V1 | {_VERSION: "3"}),
        Case("bad mode", packed(good), 400, 0, {}, V1, "?mode=later"),
    ]  # fmt: skip
    return told
