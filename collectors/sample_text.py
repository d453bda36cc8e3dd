"""One sample as JSON text, read exactly and slowly: the answer where the fast scan is not sure.

The text has passed `collectors.json_scan`, so it is strict JSON within the limits; what is left to
decide is what its values mean. Keys other than metric, tags, timestamp, value and n are ignored. The
first fault counts, in the order name, timestamp, value, n.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from collectors.base import TS_MS_MAX
from collectors.errors import Fault
from collectors.names import canonical
from collectors.times import rfc3339_ms
from monitor.domain.batch import Reason


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written: repeated keys kept."""

    __slots__ = ()


_read = json.JSONDecoder(parse_int=_Number, parse_float=_Number, object_pairs_hook=_Pairs).decode


@dataclass(frozen=True, slots=True)
class Sample:
    """``n`` is NaN if absent."""

    identity: bytes
    ts_ms: int
    value: float
    n: float


def read_sample(text: bytes) -> Sample:
    """Raises Fault if the sample is to be refused.

    >>> read_sample(b'{"metric": "m", "timestamp": 5, "value": 1e2, "tags": {"a": "b"}}')
    Sample(identity=b'm\\x1fa\\x1eb', ts_ms=5, value=100.0, n=nan)
    """
    members = _members(text)
    identity = _identity(members)
    return Sample(identity, _ts_ms(members), _value(members), _n(members))


def read_identity(text: bytes) -> bytes:
    """Canonical identity of the sample's series, whatever its other members are; raises Fault."""
    return _identity(_members(text))


def _members(text: bytes) -> dict[str, list[Any]]:
    parsed = _read(text.decode())
    if not isinstance(parsed, _Pairs):
        raise Fault(Reason.BAD_LINE, text.decode())
    members: dict[str, list[Any]] = {}
    for key, value in parsed:
        members.setdefault(key, []).append(value)
    return members


def _identity(members: dict[str, list[Any]]) -> bytes:
    metric = _only(members, "metric", Reason.BAD_NAME)
    if isinstance(metric, _Number):
        raise Fault(Reason.BAD_NAME, metric)
    tags = _only(members, "tags", Reason.BAD_NAME) if "tags" in members else _Pairs()
    if tags is None:
        tags = _Pairs()
    if not isinstance(tags, _Pairs):
        raise Fault(Reason.BAD_NAME, json.dumps(tags))
    for _, value in tags:
        if isinstance(value, _Number):
            raise Fault(Reason.BAD_NAME, value)
    return canonical(metric, tags)


def _ts_ms(members: dict[str, list[Any]]) -> int:
    written = _only(members, "timestamp", Reason.BAD_TIMESTAMP)
    ts_ms: int | None = None
    if isinstance(written, _Number):
        digits = written.removeprefix("-")
        if digits.isdigit():
            ts_ms = int(written)
    elif isinstance(written, str):
        ts_ms = rfc3339_ms(written)
    if ts_ms is None or not 0 <= ts_ms <= TS_MS_MAX:
        raise Fault(Reason.BAD_TIMESTAMP, _shown(written))
    return ts_ms


def _value(members: dict[str, list[Any]]) -> float:
    written = _only(members, "value", Reason.BAD_VALUE)
    if written is None:
        raise Fault(Reason.MISSING_VALUE, "null")
    if not isinstance(written, _Number):
        raise Fault(Reason.BAD_VALUE, _shown(written))
    value = float(written)
    if not math.isfinite(value):
        raise Fault(Reason.NOT_FINITE, written)
    return value


def _n(members: dict[str, list[Any]]) -> float:
    if "n" not in members:
        return math.nan
    written = _only(members, "n", Reason.BAD_VALUE)
    if written is None:
        return math.nan
    n = float(written) if isinstance(written, _Number) else math.nan
    if not (math.isfinite(n) and n >= 0):
        raise Fault(Reason.BAD_VALUE, f"n: {_shown(written)}")
    return n


def _only(members: dict[str, list[Any]], key: str, reason: Reason) -> Any:
    values = members.get(key, ())
    if len(values) != 1:
        raise Fault(reason, f"{key} repeated" if values else f"no {key}")
    return values[0]


def _shown(written: Any) -> str:
    return written if isinstance(written, str) else json.dumps(written)
