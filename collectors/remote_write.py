"""Prometheus remote-write, 1.0 and 2.0, already decompressed, to columns.

The metric is the label ``__name__``, the other labels are tags; a label with an empty value is none, and
their order says nothing. NaN is no value: a stale marker, or a summary without observations; such samples
are set aside and no fault. Native histograms are refused by that name; exemplars and metadata are left
out. A label that names no symbol, or an odd number of them, is ``bad_name`` for its series.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from collectors.base import SAMPLES_MAX, Decoded
from collectors.errors import BadRequest, Fault, TooManySamples
from collectors.keys import WireKeys
from collectors.names import canonical
from collectors.points import POINT, batch_of
from collectors.protobuf import fields, text_of, varints
from collectors.raw_bytes import PADDING, padded
from collectors.remote_write_scan import (
    DONE,
    FULL,
    OTHER,
    SERIES,
    SYMBOL,
    scan_symbols,
    scan_write,
)
from monitor.domain.batch import Reason

SYMBOLS_MAX = 1 << 20
"""Texts in one message of version 2.0."""

_NAME = "__name__"
_LABEL, _KEY, _VALUE = 0x0A, 0x0A, 0x12
_REFS, _REF = 0x0A, 0x08
_NO_SYMBOLS = np.zeros(0, SYMBOL)


class RemoteWriteDecoder:
    """``prometheus.WriteRequest``; places in rejects are numbers of samples and histograms, from 0.

    Some 0.5 µs a sample of eight labels with a warm memory; a series met first costs some 20 µs.
    """

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no protobuf; TooManySamples: that many samples, or series."""
        raw = memoryview(body)
        series, points = _scanned(padded(body), self._keys, _NO_SYMBOLS, -1, self._samples_max)

        def identity_of(row: int) -> bytes:
            message = raw[series[row]["begin"] : series[row]["end"]]
            return _identity([_label(value) for key, value in fields(message) if key == _LABEL])

        return batch_of(
            points,
            np.ascontiguousarray(series["key"]),
            self._keys,
            identity_of,
            all_identities=all_identities,
        )


class RemoteWrite2Decoder:
    """``io.prometheus.write.v2.Request``; as `RemoteWriteDecoder`, and cheaper by the shared symbols."""

    def __init__(self, keys: WireKeys, *, samples_max: int = SAMPLES_MAX) -> None:
        self._keys = keys
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises BadRequest: no protobuf, more than a million symbols; TooManySamples."""
        raw = memoryview(body)
        buffer = padded(body)
        symbols = np.empty(min(SYMBOLS_MAX, len(raw) // 2 + 1), SYMBOL)
        status, count = scan_symbols(buffer, len(raw), self._keys.seed, symbols)
        if status != DONE:
            raise BadRequest("more than a million symbols" if status == FULL else "no protobuf message")
        series, points = _scanned(buffer, self._keys, symbols, count, self._samples_max)

        def text(ref: int) -> str:
            if ref >= count:
                raise Fault(Reason.BAD_NAME, f"no symbol {ref}")
            return text_of(raw[symbols[ref]["begin"] : symbols[ref]["end"]])

        def identity_of(row: int) -> bytes:
            refs: list[int] = []
            for key, value in fields(raw[series[row]["begin"] : series[row]["end"]]):
                if key == _REFS:
                    refs += varints(value)
                elif key == _REF:
                    refs.append(value)
            if len(refs) % 2:
                raise Fault(Reason.BAD_NAME, f"{len(refs)} label references")
            return _identity([(text(a), text(b)) for a, b in zip(refs[::2], refs[1::2], strict=True)])

        return batch_of(
            points,
            np.ascontiguousarray(series["key"]),
            self._keys,
            identity_of,
            all_identities=all_identities,
        )


def _scanned(
    buffer: Any, keys: WireKeys, symbols: Any, symbol_count: int, samples_max: int
) -> tuple[Any, Any]:
    length = len(buffer) - PADDING
    most = min(samples_max, length // 2 + 1)
    series, points = np.empty(most, SERIES), np.empty(most, POINT)
    status, at, rows, count = scan_write(buffer, length, keys.seed, symbols, symbol_count, series, points)
    if status == FULL:
        raise TooManySamples(f"more than {samples_max} samples or series in one request")
    if status == OTHER:
        raise BadRequest("the message is of the other version of remote-write than its Content-Type")
    if status != DONE:
        raise BadRequest(f"no protobuf message: broken in the field at byte {at}")
    return series[:rows], points[:count]


def _label(message: bytes) -> tuple[str, str]:
    name = value = b""
    for key, text in fields(message):
        if key == _KEY:
            name = text
        elif key == _VALUE:
            value = text
    return text_of(name), text_of(value)


def _identity(labels: list[tuple[str, str]]) -> bytes:
    metrics = [value for name, value in labels if name == _NAME]
    if len(metrics) != 1:
        raise Fault(Reason.BAD_NAME, f"{_NAME} repeated" if metrics else f"no {_NAME}")
    return canonical(metrics[0], [(name, value) for name, value in labels if name != _NAME and value])
