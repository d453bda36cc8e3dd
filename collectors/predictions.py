"""Predictions and outcomes of served models, as columns: what both forms of a body have in common.

A prediction has ``id``, ``model``, ``timestamp``, and, as far as there are any, ``version``, ``prediction``
(number, text or truth value), ``score``, ``latency_ms``, segments and features. An outcome has the same
``id`` and ``model``, ``outcome``, and when it was known (``timestamp``; else when it came). Here rows that
cannot be kept are told apart, and ids become hashes: 64 bits of model and id, by which the two find each
other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
from numpy.typing import NDArray

from collectors.arrow_text import text_column
from collectors.base import TS_MS_MAX
from collectors.errors import Fault, Tally
from collectors.names import TAG_KEY_BYTES_MAX, TAG_VALUE_BYTES_MAX, checked
from monitor.domain.batch import Mode, Reason, Reject
from monitor.domain.served import FEATURE, SEGMENT

KEY_SEED = np.uint64(0x5EED_0F_1D5)
"""Of the hashes of ids: part of what is stored, so it never changes."""
NOW = -1
"""Time of an outcome that says none."""
SEGMENTS_MAX = 8
FEATURES_MAX = 200
NAME_BYTES_MAX = 256

Flags = NDArray[np.bool_]
Column: TypeAlias = "pa.Array[Any]"

PREDICTION_NUMBERS = ("prediction", "score", "latency_ms")


@dataclass(frozen=True, slots=True, eq=False)
class DecodedRows:
    """``batch``: the columns of `monitor.served.columns`. Places in rejects as in `collectors.base`."""

    batch: pa.RecordBatch
    rejects: tuple[Reject, ...] = ()
    mode: Mode | None = None

    @property
    def rejected(self) -> int:
        return sum(reject.count for reject in self.rejects)


class RowDecoder(Protocol):
    """A body of one content type to columns. Raises BadRequest where it cannot be read as a whole."""

    def decode(self, body: bytes | memoryview) -> DecodedRows: ...


def predictions(columns: Mapping[str, Column], places: Sequence[int], tally: Tally) -> pa.RecordBatch:
    """The rows that can be kept; what is refused is told to ``tally`` at its place.

    ``columns``: ``id`` (string), ``ts_ms`` (int64), ``model`` and, if any, ``version``, ``label``,
    ``segment.…`` and text features (dictionaries of string), ``prediction``, ``score``, ``latency_ms`` and
    other features (float64)."""
    faults = _checked(columns)
    for name in ("version", "label", *(name for name in columns if name.startswith(SEGMENT))):
        if name in columns:
            faults.add(Reason.BAD_NAME, _misnamed(columns[name], TAG_VALUE_BYTES_MAX))
    times = _times(columns["ts_ms"])
    faults.add(Reason.BAD_TIMESTAMP, (times < 0) | (times > TS_MS_MAX))
    for name in PREDICTION_NUMBERS:
        if name in columns:
            faults.add(Reason.NOT_FINITE, _infinite(columns[name]))
    return _kept(columns, times, faults, places, tally)


def outcomes(columns: Mapping[str, Column], places: Sequence[int], tally: Tally) -> pa.RecordBatch:
    """As `predictions`; ``columns``: ``id``, ``ts_ms`` (null: when it came), ``model``, ``label`` and
    ``outcome``."""
    faults = _checked(columns)
    faults.add(Reason.BAD_NAME, _misnamed(columns["label"], TAG_VALUE_BYTES_MAX))
    times = _times(columns["ts_ms"])
    faults.add(Reason.BAD_TIMESTAMP, (times < NOW) | (times > TS_MS_MAX))
    faults.add(Reason.NOT_FINITE, _infinite(columns["outcome"]))
    faults.add(Reason.MISSING_VALUE, _null(columns["outcome"]) & _null(columns["label"]))
    return _kept(columns, times, faults, places, tally)


def check_columns(names: Sequence[str]) -> None:
    """Raises Fault for a name of a segment or feature that cannot be, or too many of either."""
    for prefix, most in ((SEGMENT, SEGMENTS_MAX), (FEATURE, FEATURES_MAX)):
        mine = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        if len(mine) > most:
            raise Fault(Reason.BAD_NAME, f"{len(mine)} names of {prefix}…, at most {most} are taken")
        for name in mine:
            checked(name, TAG_KEY_BYTES_MAX)


def coded(words: Sequence[str | None]) -> Column:
    """A text column as all are here."""
    return pa.array(words, pa.string()).dictionary_encode()


class _Faults:
    """The first fault of each row, by the order in which they are asked about."""

    def __init__(self, rows: int) -> None:
        self.code = np.zeros(rows, np.int8)
        self.reasons: list[Reason] = []

    def add(self, reason: Reason, where: Flags) -> None:
        self.reasons.append(reason)
        self.code[where & (self.code == 0)] = len(self.reasons)


def _checked(columns: Mapping[str, Column]) -> _Faults:
    faults = _Faults(len(columns["id"]))
    ids: Any = columns["id"]
    length = pa_compute.binary_length(ids)
    faults.add(Reason.BAD_NAME, np.asarray(length.fill_null(0).to_numpy(zero_copy_only=False)) == 0)
    faults.add(Reason.BAD_NAME, _null(columns["model"]) | _misnamed(columns["model"], NAME_BYTES_MAX))
    return faults


def _kept(
    columns: Mapping[str, Column],
    times: NDArray[np.int64],
    faults: _Faults,
    places: Sequence[int],
    tally: Tally,
) -> pa.RecordBatch:
    for code, reason in enumerate(faults.reasons, 1):
        rows = np.flatnonzero(faults.code == code)
        tally.add_many(reason, [(int(places[row]), "") for row in rows[:100]], len(rows))
    told = {name: column for name, column in columns.items() if name != "id"}
    told |= {"key": pa.array(_keys(columns)), "ts_ms": pa.array(times)}
    batch = pa.RecordBatch.from_pydict(told)
    return batch if not faults.code.any() else batch.filter(pa.array(faults.code == 0))


def _keys(columns: Mapping[str, Column]) -> NDArray[np.uint64]:
    """A hash of model and id; rows without either are refused anyway."""
    hashes = np.full(len(columns["id"]), KEY_SEED, np.uint64)
    for salt, name in enumerate(("model", "id"), 1):
        text_column(name, columns[name]).hash_rows(hashes, np.uint64(salt))
    return hashes


def _misnamed(column: Column, bytes_max: int) -> Flags:
    """Where a word cannot be a name; nothing is no word."""

    def bad(word: str | None) -> bool:
        try:
            checked(word, bytes_max)
        except Fault:
            return True
        return False

    words: Any = column
    flags = np.array([*(bad(word) for word in words.dictionary.to_pylist()), False], np.bool_)
    codes = words.indices.fill_null(-1) if words.null_count else words.indices
    return np.asarray(flags[np.asarray(codes.to_numpy(zero_copy_only=False), np.int64)], np.bool_)


def _times(column: Column) -> NDArray[np.int64]:
    return np.array(column.fill_null(NOW).to_numpy(zero_copy_only=False), np.int64)


def _infinite(column: Column) -> Flags:
    values = column.fill_null(0.0).to_numpy(zero_copy_only=False)
    return np.asarray(np.isinf(np.asarray(values, np.float64)), np.bool_)


def _null(column: Column) -> Flags:
    return np.asarray(column.is_null(nan_is_null=True).to_numpy(zero_copy_only=False), np.bool_)
