"""Influx line protocol to columns.

A metric is called ``measurement_field``, or like the measurement alone where the field is ``value``; tags are
tags. Numbers of all three kinds are values, true and false are 1 and 0; texts are left out and no fault. A
line without a timestamp happened when it arrived. What a backslash means: `collectors.influx_scan`.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from collectors.base import SAMPLES_MAX, Decoded
from collectors.errors import Fault, Tally, TooManySamples
from collectors.influx_scan import BAD_LINE, DONE, FIELD, scan_lines
from collectors.influx_values import SLOW
from collectors.json_numbers import DIGITS_MAX
from collectors.keys import WireKeys
from collectors.names import canonical
from collectors.points import GOOD, NOT_FINITE, POINT, VALUE, batch_of
from collectors.raw_bytes import padded
from monitor.domain.batch import Reason

PRECISIONS = {"ns": 1_000_000, "us": 1_000, "ms": 1, "s": -1_000}
"""Timestamps to a millisecond, by the word for their unit; negative: milliseconds in each."""

_FIELD_BYTES_MIN = 4
_NUMBER = re.compile(r"(-?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"-?\d+i|\d+u", re.ASCII)
_ESCAPED = re.compile(r"\\([,= ])")
_PARTS = re.compile(r"(?:\\[,= ]|[^,])+")
_KEY = re.compile(r"((?:\\[,= ]|[^=])+)=(.+)", re.DOTALL)


class InfluxDecoder:
    """Lines of one precision (a word of `PRECISIONS`); places in rejects are line numbers from 1.

    Some 0.5 µs a line of 150 bytes with a warm memory; a series met first costs some 10 µs.

    >>> decoder = InfluxDecoder(WireKeys(seed=1), "s", now_ms=5)
    >>> decoded = decoder.decode(b'cpu,host=a usage=0.5,value=2i 60\\ncpu text="hi"')
    >>> decoded.batch.value.tolist(), decoded.batch.ts_ms.tolist(), dict(decoded.aside)
    ([0.5, 2.0], [60000, 60000], {<Reason.TEXT_VALUE: 'text_value'>: 1})
    >>> sorted(decoded.batch.identities.values())
    [b'cpu\\x1fhost\\x1ea', b'cpu_usage\\x1fhost\\x1ea']
    """

    def __init__(
        self, keys: WireKeys, precision: str, now_ms: int, *, samples_max: int = SAMPLES_MAX
    ) -> None:
        self._keys = keys
        self._unit = PRECISIONS[precision]
        self._now_ms = now_ms
        self._samples_max = samples_max

    def decode(self, body: bytes | memoryview, *, all_identities: bool = False) -> Decoded:
        """Raises TooManySamples (fields, or bad lines)."""
        raw = memoryview(body)
        most = min(self._samples_max, len(raw) // _FIELD_BYTES_MIN + 1)
        fields, points = np.empty(most, FIELD), np.empty(most, POINT)
        bad = np.empty(min(self._samples_max, len(raw) + 1), BAD_LINE)
        status, count, bad_count = scan_lines(
            padded(raw), len(raw), self._unit, self._now_ms, self._keys.seed, fields, points, bad
        )
        if status != DONE:
            raise TooManySamples(f"more than {self._samples_max} fields or bad lines in one request")
        fields, points = fields[:count], points[:count]
        for row in np.flatnonzero(points["fault"] == SLOW).tolist():
            _read_slowly(_span(raw, fields[row], "value_begin", "value_end"), points[row])
        tally = Tally()
        shown = [(int(one["line"]), _shown(raw, one)) for one in bad[: min(bad_count, 100)]]
        tally.add_many(Reason.BAD_LINE, shown, bad_count)
        return batch_of(
            points,
            np.ascontiguousarray(fields["key"]),
            self._keys,
            lambda row: _identity(raw, fields[row]),
            all_identities=all_identities,
            places=fields["line"],
            tally=tally,
            detail=lambda row: _span(raw, fields[row], "value_begin", "value_end").decode("utf-8", "replace"),
        )


def _span(raw: memoryview, row: Any, begin: str, end: str) -> bytes:
    return bytes(raw[row[begin] : row[end]])


def _shown(raw: memoryview, line: Any) -> str:
    return bytes(raw[line["begin"] : min(line["end"], line["begin"] + 256)]).decode("utf-8", "replace")


def _read_slowly(written: bytes, point: Any) -> None:
    """A value that the scan was not sure of: odd but right, too long, or none."""
    text = written.decode("utf-8", "replace")
    point["fault"] = VALUE
    if sum(c.isdigit() for c in text) > DIGITS_MAX:
        return
    if _WHOLE.fullmatch(text):
        number = int(text[:-1])
        if -(2**63) <= number < (2**63 if text[-1] == "i" else 2**64):
            point["value"], point["fault"] = number, GOOD
    elif _NUMBER.fullmatch(text):
        point["value"] = float(text)
        point["fault"] = GOOD if math.isfinite(point["value"]) else NOT_FINITE


def _identity(raw: memoryview, field: Any) -> bytes:
    try:
        names = _span(raw, field, "begin", "names_end").decode()
        key = _ESCAPED.sub(r"\1", _span(raw, field, "field_begin", "field_end").decode())
    except UnicodeDecodeError:
        raise Fault(Reason.BAD_NAME, _span(raw, field, "begin", "field_end")) from None
    measurement, *parts = _PARTS.findall(names)
    metric = _ESCAPED.sub(r"\1", measurement)
    pairs = []
    for part in parts:
        found = _KEY.fullmatch(part)
        assert found is not None, part
        pairs.append((_ESCAPED.sub(r"\1", found[1]), _ESCAPED.sub(r"\1", found[2])))
    return canonical(metric if key == "value" else f"{metric}_{key}", pairs)
