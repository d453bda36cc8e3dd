"""Hostile OTLP requests and their answers."""

from __future__ import annotations

import gzip
from typing import Any

from tests.fakes import NOW_MS
from tests.hostile.case import Case
from tests.reference.otlp import as_json, attribute, pb, request_of

PATH = "/v1/metrics"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
GZIP = PROTOBUF | {"Content-Encoding": "gzip"}
JSON = {"Content-Type": "application/json"}
NOW_NS = NOW_MS * 10**6


def number(value: float = 1.0, *attributes: Any, at_ns: int = NOW_NS, flags: int = 0) -> Any:
    return pb.NumberDataPoint(as_double=value, time_unix_nano=at_ns, attributes=attributes, flags=flags)


def gauge(*points: Any, name: str = "m") -> Any:
    return pb.Metric(name=name, gauge=pb.Gauge(data_points=points))


def histogram(**more: Any) -> Any:
    points = [pb.HistogramDataPoint(count=3, time_unix_nano=NOW_NS, **more)]
    return pb.Metric(name="h", histogram=pb.Histogram(data_points=points, aggregation_temporality=2))


def exponential() -> Any:
    points = [pb.ExponentialHistogramDataPoint(count=3, sum=6.0, scale=2, time_unix_nano=NOW_NS)]
    return pb.Metric(name="e", exponential_histogram=pb.ExponentialHistogram(data_points=points))


def total(temporality: int) -> Any:
    data = pb.Sum(data_points=[number()], aggregation_temporality=temporality, is_monotonic=True)
    return pb.Metric(name="s", sum=data)


def both(name: str, metrics: list[Any], status: int, kept: int, **reasons: int) -> list[Case]:
    request = request_of(metrics, {"service.name": "shop", "process.pid": 1})
    return [
        Case(name, request.SerializeToString(), status, kept, reasons, PROTOBUF),
        Case(f"{name}, JSON", as_json(request), status, kept, reasons, JSON),
    ]


def cases() -> list[Case]:
    good = gauge(number())
    body = request_of([good]).SerializeToString()
    flood = request_of([gauge(*[number()] * 50_001)]).SerializeToString()
    many = [attribute(f"k{i}", "v") for i in range(41)]
    told = [*both("no metrics", [], 200, 0), *both("good", [good], 200, 1)]
    told += both("delta", [total(1)], 200, 1)
    told += both("cumulative", [total(2)], 200, 1)
    told += both("no temporality", [total(0)], 200, 1)
    told += both("time 0", [gauge(number(at_ns=0), number())], 200, 1, bad_timestamp=1)
    told += both("last time there is", [gauge(number(at_ns=2**64 - 1))], 200, 1)
    told += both("histogram", [histogram(sum=6.0, min=1.0, max=3.0, bucket_counts=[1, 2])], 200, 4)
    told += both("histogram without a sum", [histogram()], 200, 1)
    told += both("exponential histogram", [exponential()], 200, 2)
    told += both("no recorded value", [gauge(number(flags=1), number())], 200, 1)
    told += both("NaN", [gauge(number(float("nan")))], 200, 0)
    told += both("infinite", [gauge(number(float("inf")), number())], 200, 1, not_finite=1)
    told += both(
        "array as an attribute", [gauge(number(1.0, attribute("a", ["x"])), number())], 200, 1, bad_name=1
    )
    told += both(
        "bytes as an attribute", [gauge(number(1.0, attribute("a", b"x")), number())], 200, 1, bad_name=1
    )
    told += both("no value of an attribute", [gauge(number(1.0, attribute("a", None)))], 200, 1)
    twice = [attribute("a", "1"), attribute("a", "2")]
    told += both("attribute twice", [gauge(number(1.0, *twice), number())], 200, 1, bad_name=1)
    told += both("too many attributes", [gauge(number(1.0, *many), number())], 200, 1, bad_name=1)
    told += both("attribute too long", [gauge(number(1.0, attribute("a", "v" * 2049)))], 200, 0, bad_name=1)
    told += both("NUL", [gauge(number(1.0, attribute("a", "\x00")))], 200, 0, bad_name=1)
    told += both("no name", [gauge(number(), name="")], 200, 0, bad_name=1)
    told += both("reserved name", [gauge(number(), name="watchkeeper.up")], 200, 0, bad_name=1)
    told += [
        Case("empty body", b"", 200, 0, {}, PROTOBUF),
        Case("empty object", b"{}", 200, 0, {}, JSON),
        Case("empty JSON", b"", 400, 0, {}, JSON),
        Case("cut short", body[:-3], 400, 0, {}, PROTOBUF),
        Case("text", b"hello, world", 400, 0, {}, PROTOBUF),
        Case("a length of 2^63", b"\x0a" + b"\xff" * 8 + b"\x7f", 400, 0, {}, PROTOBUF),
        Case("a group", b"\x0b\x0c", 400, 0, {}, PROTOBUF),
        Case("NaN as a token", b'{"resourceMetrics": NaN}', 400, 0, {}, JSON),
        Case("deep JSON", b"[" * 100_000, 400, 0, {}, JSON),
        Case("JSON of another shape", b'{"resourceMetrics": [[]]}', 400, 0, {}, JSON),
        Case("gzip", gzip.compress(body), 200, 1, {}, GZIP),
        Case("gzip cut short", gzip.compress(body)[:-9], 400, 0, {}, GZIP),
        Case("gzip bomb", gzip.compress(bytes(80 << 20), 1), 413, 0, {}, GZIP),
        Case("two encodings", body, 415, 0, {}, PROTOBUF | {"Content-Encoding": "gzip, gzip"}),
        Case("wrong type", body, 415, 0, {}, {"Content-Type": "text/plain"}),
        Case("too many points", flood, 413, 0, {}, PROTOBUF),
    ]  # fmt: skip
    return told
