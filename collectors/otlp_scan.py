"""One pass over the bytes of an OTLP metrics request, down to its data points.

``ExportMetricsServiceRequest`` of opentelemetry-proto 1: resources hold scopes, scopes metrics, metrics data
points. A data point carries one number, or (histograms, summaries) several, each a series of its own. A
series is known by a hash of its resource, metric name and attributes as they are written. Where a message
that may stand once stands twice, the last one counts.
"""

from __future__ import annotations

from typing import Any

from collectors.otlp_points import (
    EXPONENTIAL,
    HISTOGRAM,
    NO_PLACE,
    NUMBER,
    SUMMARY,
    check_attribute,
    scan_data_point,
)
from collectors.protobuf import BROKEN, next_field, read_key, read_length, skip_value
from collectors.raw_bytes import hash_bytes
from learners.compiled import inlined, kernel

DONE, BAD_MESSAGE, FULL = 0, 1, 2
"""How a scan ended: whole message read; no protobuf; more numbers than places."""

# Keys of fields: number × 8 + wire type.
_RESOURCE_METRICS, _RESOURCE, _SCOPE_METRICS, _METRICS, _DATA_POINTS = 0x0A, 0x0A, 0x12, 0x12, 0x0A
_NAME, _GAUGE, _SUM, _HISTOGRAMS, _EXPONENTIALS, _SUMMARIES = 0x0A, 0x2A, 0x3A, 0x4A, 0x52, 0x5A
_KEY_VALUE = 0x0A


@kernel
def _check_resource(address: int, at: int, end: int) -> int:
    begin, stop = next_field(address, at, end, _KEY_VALUE)
    while stop >= 0:
        if check_attribute(address, begin, stop) < 0:
            return BROKEN
        begin, stop = next_field(address, stop, end, _KEY_VALUE)
    return begin


@inlined
def _last(address: int, at: int, end: int, wanted: int) -> tuple[int, int, int]:
    """Span of the last field with this key, empty at the end without one; -1 first if broken."""
    last_begin = last_stop = end
    begin, stop = next_field(address, at, end, wanted)
    while stop >= 0:
        last_begin, last_stop = begin, stop
        begin, stop = next_field(address, stop, end, wanted)
    return begin, last_begin, last_stop


@kernel
def _scan_data(address: int, at: int, end: int, kind: int, here: Any, series: Any, points: Any) -> int:
    """All data points of a metric's data."""
    begin, stop = next_field(address, at, end, _DATA_POINTS)
    while stop >= 0:
        at = scan_data_point(address, begin, stop, kind, here, series, points)
        if at < 0:
            return at
        begin, stop = next_field(address, stop, end, _DATA_POINTS)
    return begin


@kernel
def _scan_metric(address: int, at: int, end: int, here: Any, series: Any, points: Any) -> int:
    sound, name_begin, name_end = _last(address, at, end, _NAME)
    if sound < 0:
        return BROKEN
    here.name_begin = name_begin
    here.name_end = name_end
    here.metric_key = hash_bytes(address + name_begin, name_end - name_begin, here.resource_key)
    while at < end:
        at, key = read_key(address, at, end)
        kind = -1
        if key in (_GAUGE, _SUM):
            kind = NUMBER
        elif key == _HISTOGRAMS:
            kind = HISTOGRAM
        elif key == _EXPONENTIALS:
            kind = EXPONENTIAL
        elif key == _SUMMARIES:
            kind = SUMMARY
        if kind < 0:
            at = skip_value(address, at, end, key)
            continue
        at, stop = read_length(address, at, end)
        at = _scan_data(address, at, stop, kind, here, series, points)
        if at < 0:
            return at
    return at


@kernel
def _scan_scope(address: int, at: int, end: int, here: Any, series: Any, points: Any) -> int:
    begin, stop = next_field(address, at, end, _METRICS)
    while stop >= 0:
        at = _scan_metric(address, begin, stop, here, series, points)
        if at < 0:
            return at
        begin, stop = next_field(address, stop, end, _METRICS)
    return begin


@kernel
def _scan_resource(address: int, at: int, end: int, seed: Any, here: Any, series: Any, points: Any) -> int:
    sound, begin, stop = _last(address, at, end, _RESOURCE)
    if sound < 0 or _check_resource(address, begin, stop) < 0:
        return BROKEN
    here.resource_begin = begin
    here.resource_end = stop
    here.resource_key = hash_bytes(address + begin, stop - begin, seed)
    begin, stop = next_field(address, at, end, _SCOPE_METRICS)
    while stop >= 0:
        at = _scan_scope(address, begin, stop, here, series, points)
        if at < 0:
            return at
        begin, stop = next_field(address, stop, end, _SCOPE_METRICS)
    return begin


@kernel
def scan_metrics(body: Any, length: int, seed: Any, context: Any, series: Any, points: Any) -> int:
    """Read a padded message into ``series`` and ``points``: how it ended. ``context[0]`` (`CONTEXT`, zero at
    first) then has the numbers of data points and of rows."""
    address = body.ctypes.data
    here = context[0]
    begin, stop = next_field(address, 0, length, _RESOURCE_METRICS)
    while stop >= 0:
        at = _scan_resource(address, begin, stop, seed, here, series, points)
        if at < 0:
            return FULL if at == NO_PLACE else BAD_MESSAGE
        begin, stop = next_field(address, stop, length, _RESOURCE_METRICS)
    return DONE if begin >= 0 else BAD_MESSAGE
