"""What other systems send, to columns: the shipped decoders beside the usual library path.

The usual path parses with the format's own library, builds a key of each series' sorted labels and looks it
up in a dict, and fills the same columns; both end with a series number, a time and a value a sample, names
known beforehand, and must find the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cramjam
import numpy as np
from line_protocol_parser import parse_line

from benchmarks.bodies import FIRST_MS
from benchmarks.figure import Figure
from benchmarks.timing import in_turns
from collectors.base import Decoder
from collectors.influx import InfluxDecoder
from collectors.keys import WireKeys
from collectors.otlp import OtlpDecoder
from collectors.remote_write import RemoteWrite2Decoder, RemoteWriteDecoder
from tests.reference.otlp import ExportMetricsServiceRequest, attribute, pb
from tests.reference.remote_write import Request, WriteRequest, version_1, version_2

TITLE = "bodies of other systems to columns of samples, names known; one thread; remote-write with its snappy"

Found = tuple[list[int], list[float], list[int]]
"""Times, values and numbers of series, of one body."""


@dataclass(frozen=True, slots=True)
class Size:
    samples: int
    repeats: int


FULL = Size(10_000, 15)
TOY = Size(200, 2)


@dataclass(frozen=True, slots=True)
class Format:
    """One protocol: a body as it is sent, ours, theirs, and what is asked of the ratio."""

    name: str
    body: bytes
    decoder: Decoder
    usual: Callable[[bytes, dict[Any, int]], Found]
    goal: float
    packed: bool = False

    def ours(self) -> Any:
        body = bytes(cramjam.snappy.decompress_raw(self.body)) if self.packed else self.body
        return self.decoder.decode(body)

    def theirs(self, known: dict[Any, int]) -> tuple[Any, ...]:
        body = bytes(cramjam.snappy.decompress_raw(self.body)) if self.packed else self.body
        times, values, rows = self.usual(body, known)
        return np.array(times, np.int64), np.array(values, np.float64), np.array(rows, np.int64)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    figures = []
    for form in _formats(size.samples):
        _check(form, size.samples)
        known: dict[Any, int] = {}
        form.theirs(known)
        cost = in_turns(
            {"ours": lambda _, f=form: f.ours(), "theirs": lambda _, f=form, k=known: f.theirs(k)},
            size.repeats,
        )
        ours, theirs = cost["ours"], cost["theirs"]
        bytes_each = len(form.body) / size.samples
        note = f"{bytes_each:.0f} bytes a sample; theirs {theirs.cpu_ns(size.samples):,.0f} ns"
        figures.append(Figure(form.name, theirs.cpu_s / ours.cpu_s, "×", goal=form.goal, note=note))
        rate = size.samples / ours.cpu_s / 1e6
        figures.append(
            Figure(f"{form.name}, ours", ours.cpu_ns(size.samples), "ns CPU a sample", note=f"{rate:.1f} M/s")
        )
    return figures


def _formats(count: int) -> list[Format]:
    keys = WireKeys(seed=1)
    labels = [_labels(i) for i in range(count)]
    values = (np.arange(count) % 997 + 0.25).tolist()
    series = [(one, [(FIRST_MS, value)]) for one, value in zip(labels, values, strict=True)]
    pack = lambda body: bytes(cramjam.snappy.compress_raw(body))  # noqa: E731
    lines = "\n".join(_line(one, value) for one, value in zip(labels, values, strict=True))
    return [
        Format("remote-write 1.0", pack(version_1(series)), RemoteWriteDecoder(keys), _usual_1, 10.0, True),
        Format("remote-write 2.0", pack(version_2(series)), RemoteWrite2Decoder(keys), _usual_2, 10.0, True),
        Format("Influx lines", lines.encode(), InfluxDecoder(keys, "ms", 0), _usual_influx, 5.0),
        Format("OTLP", _otlp(labels, values), OtlpDecoder(keys), _usual_otlp, 5.0),
    ]


def _labels(i: int) -> list[tuple[str, str]]:
    return [
        ("__name__", f"http_requests_{i % 10}"),
        ("code", "200"),
        ("env", "prod"),
        ("handler", "/api/v1/query"),
        ("instance", f"host-{i // 10:05}.example:9090"),
        ("job", "web"),
        ("method", "GET"),
        ("region", "eu-west-1"),
    ]


def _line(labels: list[tuple[str, str]], value: float) -> str:
    (_, metric), *tags = labels
    return f"{metric},{','.join(f'{k}={v}' for k, v in tags)} total={value!r} {FIRST_MS}"


def _otlp(labels: list[list[tuple[str, str]]], values: list[float]) -> bytes:
    request = ExportMetricsServiceRequest()
    scope = request.resource_metrics.add().scope_metrics.add()
    metrics: dict[str, Any] = {}
    for ((_, name), *tags), value in zip(labels, values, strict=True):
        if name not in metrics:
            metrics[name] = scope.metrics.add(name=name)
        metrics[name].gauge.data_points.append(
            pb.NumberDataPoint(
                as_double=value,
                time_unix_nano=FIRST_MS * 10**6,
                attributes=[attribute(k, v) for k, v in tags],
            )
        )
    return bytes(request.SerializeToString())


def _usual_1(body: bytes, known: dict[Any, int]) -> Found:
    request = WriteRequest.FromString(body)
    times, values, rows = [], [], []
    for series in request.timeseries:
        key = tuple(sorted((label.name, label.value) for label in series.labels))
        row = known.setdefault(key, len(known))
        for sample in series.samples:
            times.append(sample.timestamp)
            values.append(sample.value)
            rows.append(row)
    return times, values, rows


def _usual_2(body: bytes, known: dict[Any, int]) -> Found:
    request = Request.FromString(body)
    symbols = list(request.symbols)
    times, values, rows = [], [], []
    for series in request.timeseries:
        texts = [symbols[ref] for ref in series.labels_refs]
        row = known.setdefault(tuple(sorted(zip(texts[::2], texts[1::2], strict=True))), len(known))
        for sample in series.samples:
            times.append(sample.timestamp)
            values.append(sample.value)
            rows.append(row)
    return times, values, rows


def _usual_influx(body: bytes, known: dict[Any, int]) -> Found:
    times, values, rows = [], [], []
    for line in body.decode().split("\n"):
        found = parse_line(line)
        tags = tuple(sorted(found["tags"].items()))
        for key, value in found["fields"].items():
            times.append(found["time"])
            values.append(value)
            rows.append(known.setdefault((found["measurement"], key, tags), len(known)))
    return times, values, rows


def _usual_otlp(body: bytes, known: dict[Any, int]) -> Found:
    request = ExportMetricsServiceRequest.FromString(body)
    times, values, rows = [], [], []
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.gauge.data_points:
                    tags = tuple(sorted((one.key, one.value.string_value) for one in point.attributes))
                    times.append(point.time_unix_nano // 10**6)
                    values.append(point.as_double)
                    rows.append(known.setdefault((metric.name, tags), len(known)))
    return times, values, rows


def _check(form: Format, count: int) -> None:
    """Both find the same samples of the same number of series; afterwards all names are known."""
    decoded = form.ours()
    times, values, rows = form.theirs({})
    assert not decoded.rejects
    assert len(decoded.batch) == len(times) == count
    assert np.array_equal(decoded.batch.ts_ms, times)
    assert np.array_equal(decoded.batch.value, values)
    first = np.unique(decoded.batch.fingerprint, return_index=True, return_inverse=True)
    assert np.array_equal(np.unique(rows, return_inverse=True)[1], np.argsort(np.argsort(first[1]))[first[2]])
