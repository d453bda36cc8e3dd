"""OTLP metrics, protobuf and JSON, to columns.

| data | becomes |
|---|---|
| gauge, sum (delta, cumulative or not said) | ``name`` |
| histogram, exponential histogram | ``name.count``, and where sent ``name.sum``, ``name.min``, ``name.max`` |
| summary | ``name.count``, ``name.sum``, and ``name`` with a tag ``quantile`` for each |

Attributes of the data point are tags, and so are those of the resource that `RESOURCE_TAGS` lists; the
point's own win. A number or truth is written out, an empty value is no tag, a list, a map or bytes is
``bad_name``. A point that says it recorded no value, and NaN, is set aside and no fault.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from collectors.base import SAMPLES_MAX, Decoded
from collectors.errors import BadRequest, Fault, TooManySamples
from collectors.keys import WireKeys
from collectors.names import canonical
from collectors.otlp_json import to_wire
from collectors.otlp_points import CONTEXT, QUANTILE, SERIES
from collectors.otlp_scan import DONE, FULL, scan_metrics
from collectors.points import POINT, batch_of
from collectors.protobuf import fields, text_of
from collectors.raw_bytes import padded
from monitor.domain.batch import Reason

RESOURCE_TAGS = frozenset(
    {
        "service.name",
        "service.namespace",
        "service.instance.id",
        "deployment.environment",
        "deployment.environment.name",
        "host.name",
        "k8s.cluster.name",
        "k8s.namespace.name",
        "k8s.pod.name",
        "cloud.region",
    }
)
"""What tells senders apart. The rest of a resource (process numbers, versions of SDKs) would begin every
series anew with each release."""

_SUFFIXES = ("", ".count", ".sum", ".min", ".max", "")
_NUMBERS_BYTES_MIN = 2
_ATTRIBUTE = 0x0A
_KEY, _VALUE = 0x0A, 0x12
_STRING, _BOOL, _INT, _DOUBLE = 0x0A, 0x10, 0x18, 0x21


class OtlpDecoder:
    """``ExportMetricsServiceRequest`` in protobuf; places in rejects are numbers of data points, from 0.

    Some 0.5 µs a data point of seven attributes with a warm memory; a series met first costs some 20 µs.
    """

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no protobuf; TooManySamples."""
        raw = memoryview(body)
        most = min(self._samples_max, len(raw) // _NUMBERS_BYTES_MIN + 1)
        series, points = np.empty(most, SERIES), np.empty(most, POINT)
        context = np.zeros(1, CONTEXT)
        status = scan_metrics(padded(raw), len(raw), self._keys.seed, context, series, points)
        if status == FULL:
            raise TooManySamples(f"more than {self._samples_max} numbers in one request")
        if status != DONE:
            raise BadRequest("no ExportMetricsServiceRequest: the protobuf message is broken")
        count = int(context["count"][0])
        series, points = series[:count], points[:count]
        return batch_of(
            points,
            np.ascontiguousarray(series["key"]),
            self._keys,
            lambda row: _identity(raw, series[row]),
            all_identities=all_identities,
            places=series["place"],
        )


class OtlpJsonDecoder:
    """The same request in JSON, which is written as protobuf first; some 20 µs a data point."""

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._decoder = OtlpDecoder(keys, samples_max=samples_max)

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no JSON, or not in the shape of the request; TooManySamples."""
        return self._decoder.decode(to_wire(bytes(body)), all_identities=all_identities)


def _identity(raw: memoryview, row: Any) -> bytes:
    metric = text_of(bytes(raw[row["name_begin"] : row["name_end"]]))
    tags: dict[str, str] = {}
    for key, value in _attributes(raw[row["resource_begin"] : row["resource_end"]], _ATTRIBUTE):
        if key in RESOURCE_TAGS and (text := _written(value)):
            tags[key] = text
    own: set[str] = set()
    for key, value in _attributes(raw[row["begin"] : row["end"]], int(row["attributes"])):
        if key in own:
            raise Fault(Reason.BAD_NAME, key)
        own.add(key)
        if text := _written(value):
            tags[key] = text
        else:
            tags.pop(key, None)
    part = int(row["part"])
    if part == QUANTILE:
        tags["quantile"] = repr(float(row["quantile"]))
    return canonical(metric + _SUFFIXES[part] if metric else metric, tags.items())


def _attributes(message: memoryview, wanted: int) -> list[tuple[str, bytes]]:
    """Keys and values (messages) of the attributes in a message."""
    found = []
    for field, one in fields(message):
        if field == wanted:
            key = value = b""
            for inner, part in fields(one):
                if inner == _KEY:
                    key = part
                elif inner == _VALUE:
                    value = part
            found.append((text_of(key), value))
    return found


def _written(value: bytes) -> str:
    """A value of an attribute as text; empty for none. Raises Fault for lists, maps and bytes."""
    text = ""
    for field, part in fields(value):
        if field == _STRING:
            text = text_of(part)
        elif field == _BOOL:
            text = "true" if part else "false"
        elif field == _INT:
            text = str(part - (1 << 64) if part >= 1 << 63 else part)
        elif field == _DOUBLE:
            text = repr(struct.unpack("<d", part)[0])
        else:
            raise Fault(Reason.BAD_NAME, "a list, a map or bytes as an attribute")
    return text
