"""JSON and NDJSON bodies of ``POST /api/v1/predictions`` and ``/outcomes``.

A row that cannot be read is refused by itself. A prediction with 20 features costs some 36 µs, in Arrow
(`collectors.predictions_arrow`) a small part of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from collectors.base import SAMPLES_MAX
from collectors.errors import BadRequest, Fault, Tally, TooManySamples
from collectors.predictions import Column, DecodedRows, check_columns, coded, outcomes, predictions
from collectors.times import rfc3339_ms
from monitor.domain.batch import Mode, Reason
from monitor.domain.served import FEATURE, SEGMENT

LINE_BYTES_MAX = 64 << 10

Answer = float | int | bool | str | None


class PredictionIn(msgspec.Struct):
    id: str | int
    model: str
    timestamp: str | int
    version: str | int | None = None
    prediction: Answer = None
    score: float | None = None
    latency_ms: float | None = None
    segments: dict[str, Answer] | None = None
    features: dict[str, Answer] | None = None


class OutcomeIn(msgspec.Struct):
    id: str | int
    model: str
    outcome: Answer
    timestamp: str | int | None = None


class _Predictions(msgspec.Struct):
    predictions: list[msgspec.Raw]
    mode: Mode | None = None


class _Outcomes(msgspec.Struct):
    outcomes: list[msgspec.Raw]
    mode: Mode | None = None


class _Bodies:
    """Rows of bodies: one ``whole`` with its rows in ``field``, or with ``lines`` one ``row`` a line."""

    def __init__(self, whole: type, row: type, field: str, *, lines: bool, rows_max: int) -> None:
        self._whole: Callable[[Any], Any] = msgspec.json.Decoder(whole).decode
        self._row: Callable[[Any], Any] = msgspec.json.Decoder(row).decode
        self._field = field
        self._lines = lines
        self._rows_max = rows_max

    def read(self, body: bytes | memoryview, tally: Tally) -> tuple[list[Any], list[int], Mode | None]:
        """The rows that can be read, where each stood, and the mode if the body names one."""
        mode = None
        if self._lines:
            raw = _lines_of(bytes(body))
        else:
            whole = _read(self._whole, body)
            raw, mode = list(enumerate(getattr(whole, self._field))), whole.mode
        return *_rows(raw, self._row, self._rows_max, tally), mode


class PredictionsJson:
    """``{"predictions": […], "mode"?}``, or with ``lines`` one prediction a line.

    >>> body = b'{"predictions": [{"id": 1, "model": "m", "timestamp": 5, "score": 0.5}, {"id": 2}]}'
    >>> decoded = PredictionsJson().decode(body)
    >>> decoded.batch.num_rows, decoded.rejects[0].reason, decoded.rejects[0].examples[0][0]
    (1, 'bad_line', 1)
    """

    def __init__(self, *, lines: bool = False, rows_max: int = SAMPLES_MAX) -> None:
        self._bodies = _Bodies(_Predictions, PredictionIn, "predictions", lines=lines, rows_max=rows_max)

    def decode(self, body: bytes | memoryview) -> DecodedRows:
        tally = Tally()
        rows, places, mode = self._bodies.read(body, tally)
        return DecodedRows(predictions(_columns(rows), places, tally), tally.rejects(), mode)


class OutcomesJson:
    """``{"outcomes": […], "mode"?}``, or with ``lines`` one outcome a line."""

    def __init__(self, *, lines: bool = False, rows_max: int = SAMPLES_MAX) -> None:
        self._bodies = _Bodies(_Outcomes, OutcomeIn, "outcomes", lines=lines, rows_max=rows_max)

    def decode(self, body: bytes | memoryview) -> DecodedRows:
        tally = Tally()
        rows, places, mode = self._bodies.read(body, tally)
        number, label = _answers([row.outcome for row in rows])
        columns = {
            "id": pa.array([str(row.id) for row in rows], pa.string()),
            "model": coded([row.model for row in rows]),
            "ts_ms": pa.array(
                [None if row.timestamp is None else _ms(row.timestamp) for row in rows], pa.int64()
            ),
            "outcome": number,
            "label": label,
        }
        return DecodedRows(outcomes(columns, places, tally), tally.rejects(), mode)


def _read(decode: Callable[[bytes | memoryview], Any], body: bytes | memoryview) -> Any:
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"the body cannot be read: {error}") from None


def _lines_of(body: bytes) -> list[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers from 1."""
    lines = enumerate(body.split(b"\n"), 1)
    return [(number, line) for number, line in lines if line.strip()]


def _rows(
    raw: Sequence[tuple[int, Any]], decode: Callable[[Any], Any], rows_max: int, tally: Tally
) -> tuple[list[Any], list[int]]:
    """The rows that can be read, and where each stood."""
    if len(raw) > rows_max:
        raise TooManySamples(f"more than {rows_max} rows in one request")
    rows: list[Any] = []
    places: list[int] = []
    for place, text in raw:
        if len(memoryview(text)) > LINE_BYTES_MAX:
            tally.add(Reason.BAD_LINE, place, "longer than 64 KiB")
            continue
        try:
            row = decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            tally.add(Reason.BAD_LINE, place, str(error))
            continue
        rows.append(row)
        places.append(place)
    return rows, places


def _columns(rows: list[PredictionIn]) -> dict[str, Column]:
    number, label = _answers([row.prediction for row in rows])
    columns: dict[str, Column] = {
        "id": pa.array([str(row.id) for row in rows], pa.string()),
        "model": coded([row.model for row in rows]),
        "version": coded([None if row.version is None else str(row.version) for row in rows]),
        "ts_ms": pa.array([_ms(row.timestamp) for row in rows], pa.int64()),
        "prediction": number,
        "label": label,
        "score": pa.array([row.score for row in rows], pa.float64()),
        "latency_ms": pa.array([row.latency_ms for row in rows], pa.float64()),
    }
    for prefix, told in (
        (SEGMENT, [row.segments or {} for row in rows]),
        (FEATURE, [row.features or {} for row in rows]),
    ):
        for name in dict.fromkeys(name for one in told for name in one):
            values = [one.get(name) for one in told]
            columns[prefix + name] = _segment(values) if prefix == SEGMENT else _feature(values)
    try:
        check_columns(list(columns))
    except Fault as fault:
        raise BadRequest(fault.detail) from None
    return columns


def _answers(values: Sequence[Answer]) -> tuple[Column, Column]:
    """Numbers, truth values among them, and texts."""
    number = [None if isinstance(value, str) or value is None else _float(value) for value in values]
    label = [value if isinstance(value, str) else None for value in values]
    return pa.array(number, pa.float64()), coded(label)


def _segment(values: Sequence[Answer]) -> Column:
    return coded([None if value is None else _word(value) for value in values])


def _feature(values: Sequence[Answer]) -> Column:
    """Text where any is text or a truth value, else numbers."""
    if any(isinstance(value, str | bool) for value in values):
        return _segment(values)
    numbers = [None if value is None or isinstance(value, str) else _float(value) for value in values]
    return pa.array(numbers, pa.float64())


def _word(value: float | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{_float(value):g}"


def _float(value: float) -> float:
    """JSON's integers may have any number of digits; beyond the largest number all are infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _ms(moment: str | int) -> int:
    """Milliseconds; −2 where it is no time."""
    if isinstance(moment, str):
        found = rfc3339_ms(moment)
        return -2 if found is None else found
    return moment if 0 <= moment < 2**53 else -2
