"""OTLP metrics in JSON written as protobuf, as far as a decoder asks for them.

The JSON mapping of OTLP: names in lowerCamelCase, 64-bit numbers as numbers or texts, enumerations as
numbers, NaN and infinities as texts; what is not known is ignored, and null is absent.
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from collectors.errors import BadRequest
from collectors.protobuf import FIXED64, VARINT, write_bytes, write_key, write_varint

_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)
_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)


def to_wire(body: bytes) -> bytes:
    """Raises BadRequest: no strict JSON, or not in the shape of the request.

    >>> to_wire(b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m"}]}]}]}')
    b'\\n\\x07\\x12\\x05\\x12\\x03\\n\\x01m'
    """
    try:
        request = msgspec.json.decode(body)
        return _all(1, request, "resourceMetrics", _resource_metrics)
    except (
        msgspec.DecodeError,
        RecursionError,
        UnicodeDecodeError,
        ValueError,
        TypeError,
        OverflowError,
    ) as error:
        raise BadRequest(f"no ExportMetricsServiceRequest in JSON: {str(error)[:200]}") from None


def _resource_metrics(one: Any) -> bytes:
    resource = _get(one, "resource")
    head = b"" if resource is None else write_bytes(1, _all(1, resource, "attributes", _attribute))
    return head + _all(2, one, "scopeMetrics", lambda scope: _all(2, scope, "metrics", _metric))


def _metric(one: Any) -> bytes:
    written = _text(1, one, "name")
    for number, name, point in (
        (5, "gauge", _number_point),
        (7, "sum", _number_point),
        (9, "histogram", _histogram_point),
        (10, "exponentialHistogram", _exponential_point),
        (11, "summary", _summary_point),
    ):
        if (data := _get(one, name)) is not None:
            written += write_bytes(number, _all(1, data, "dataPoints", point))
    return written


def _number_point(one: Any) -> bytes:
    return b"".join(
        [
            _fixed(3, one, "timeUnixNano"),
            _double(4, one, "asDouble"),
            _fixed(6, one, "asInt", signed=True),
            _varint_of(8, one, "flags"),
            _all(7, one, "attributes", _attribute),
        ]
    )


def _distribution(one: Any, least: int, most: int, attributes: int) -> bytes:
    return b"".join(
        [
            _fixed(3, one, "timeUnixNano"),
            _fixed(4, one, "count"),
            _double(5, one, "sum"),
            _double(least, one, "min"),
            _double(most, one, "max"),
            _varint_of(10, one, "flags"),
            _all(attributes, one, "attributes", _attribute),
        ]
    )


def _histogram_point(one: Any) -> bytes:
    return _distribution(one, 11, 12, 9)


def _exponential_point(one: Any) -> bytes:
    return _distribution(one, 12, 13, 1)


def _summary_point(one: Any) -> bytes:
    return b"".join(
        [
            _fixed(3, one, "timeUnixNano"),
            _fixed(4, one, "count"),
            _double(5, one, "sum"),
            _varint_of(8, one, "flags"),
            _all(6, one, "quantileValues", lambda q: _double(1, q, "quantile") + _double(2, q, "value")),
            _all(7, one, "attributes", _attribute),
        ]
    )


def _attribute(one: Any) -> bytes:
    value = _get(one, "value")
    return _text(1, one, "key") + (b"" if value is None else write_bytes(2, _any_value(value)))


def _any_value(one: Any) -> bytes:
    written = _text(1, one, "stringValue")
    truth = _get(one, "boolValue")
    if truth is not None:
        if not isinstance(truth, bool):
            raise ValueError("boolValue is neither true nor false")
        written += write_key(2, VARINT) + bytes([truth])
    written += _varint_of(3, one, "intValue", _INT64)
    written += _double(4, one, "doubleValue")
    for number, name in ((5, "arrayValue"), (6, "kvlistValue")):
        if _get(one, name) is not None:
            written += write_bytes(number, b"")
    raw = _get(one, "bytesValue")
    return written if raw is None else written + write_bytes(7, base64.b64decode(raw, validate=True))


def _get(one: Any, name: str) -> Any:
    if not isinstance(one, dict):
        raise ValueError(f"an object with {name} was expected")
    return one.get(name)


def _all(number: int, one: Any, name: str, write: Callable[[Any], bytes]) -> bytes:
    """Every item of a list as a message of this field."""
    items = _get(one, name)
    if items is not None and not isinstance(items, list):
        raise ValueError(f"{name} is no list")
    return b"".join(write_bytes(number, write(item)) for item in items or ())


def _text(number: int, one: Any, name: str) -> bytes:
    text = _get(one, name)
    if text is None:
        return b""
    if not isinstance(text, str):
        raise ValueError(f"{name} is no text")
    return write_bytes(number, text.encode())


def _double(number: int, one: Any, name: str) -> bytes:
    value = _get(one, name)
    if value is None:
        return b""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{name} is no number")
    return write_key(number, FIXED64) + struct.pack(
        "<d", float(_strict(value) if isinstance(value, str) else value)
    )


def _strict(text: str) -> str:
    if text not in ("NaN", "Infinity", "-Infinity") and not set(text) <= set("0123456789+-.eE"):
        raise ValueError(f"{text[:64]!r} is no number")
    return text


def _fixed(number: int, one: Any, name: str, *, signed: bool = False) -> bytes:
    value = _whole(one, name, _INT64 if signed else _UINT64)
    return b"" if value is None else write_key(number, FIXED64) + (value % 2**64).to_bytes(8, "little")


def _varint_of(number: int, one: Any, name: str, allowed: range = range(2**32)) -> bytes:
    value = _whole(one, name, allowed)
    return b"" if value is None else write_key(number, VARINT) + write_varint(value % 2**64)


def _whole(one: Any, name: str, allowed: range) -> int | None:
    value = _get(one, name)
    if value is None:
        return None
    if (
        isinstance(value, str)
        and value.removeprefix("-").isdecimal()
        and value.isascii()
        and len(value) <= 20
    ):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise ValueError(f"{name} is no whole number in range")
    return value
