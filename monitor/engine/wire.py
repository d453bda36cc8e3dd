"""Messages between a server and its shard processes: MessagePack, NumPy columns as raw bytes; no pickle."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.domain import errors
from monitor.domain.anomaly import AnomalyEvent
from monitor.engine.base import Events, Told

READY = 0
"""The number of a shard's first answer, to no question: it has recovered."""
EVENTS = -1

_ARRAY = 1
_ERRORS = {
    kind.__name__: kind
    for kind in (
        errors.WatchkeeperError,
        errors.BadRequest,
        errors.UnknownSeries,
        errors.IntakeUnavailable,
        errors.NotFound,
        errors.CorruptLog,
    )
}


def _to_wire(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        kind = value.dtype.str.encode()
        return msgspec.msgpack.Ext(_ARRAY, bytes([len(kind)]) + kind + np.ascontiguousarray(value).tobytes())
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} does not go over the wire")


def _from_wire(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise ValueError(f"unknown extension {code}")
    length = data[0]
    dtype = np.dtype(bytes(data[1 : 1 + length]).decode())
    column: NDArray[Any] = np.frombuffer(data[1 + length :], dtype)
    return column.copy()  # aligned, and writable as the kernels' signatures want


_encoder = msgspec.msgpack.Encoder(enc_hook=_to_wire)
_decoder = msgspec.msgpack.Decoder(ext_hook=_from_wire, strict=False)


def pack(message: Any) -> bytes:
    """Plain values and one-dimensional NumPy columns as bytes.

    >>> unpack(pack(["a", {"ts_ms": np.arange(3)}, {7: b"x"}]))
    ['a', {'ts_ms': array([0, 1, 2])}, {7: b'x'}]
    """
    return _encoder.encode(message)


def unpack(data: bytes) -> Any:
    return _decoder.decode(data)


def events_out(events: Events) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(events, builtin_types=(bytes,))
    return plain


def events_in(plain: dict[str, Any]) -> Events:
    found = [msgspec.convert(event, AnomalyEvent) for event in plain["events"]]
    told = [Told(**one) for one in plain["told"]]
    return Events(plain["shard"], plain["position"], plain["clock_ms"], found, plain["counts"], told)


def error_out(error: BaseException) -> dict[str, Any]:
    if isinstance(error, errors.Overloaded):
        more = {"retry_after_s": error.retry_after_s, "limit": error.limit}
        return {"kind": "Overloaded", "text": str(error), **more}
    kind = type(error).__name__ if type(error).__name__ in _ERRORS else "WatchkeeperError"
    return {"kind": kind, "text": str(error) or type(error).__name__}


def error_in(plain: dict[str, Any]) -> errors.WatchkeeperError:
    if plain["kind"] == "Overloaded":
        return errors.Overloaded(plain["text"], plain["retry_after_s"], plain["limit"])
    return _ERRORS[plain["kind"]](plain["text"])
