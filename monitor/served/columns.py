"""Predictions and outcomes as they come from the log: Arrow batches to columns, nothing per row in Python.

Columns of predictions: ``key`` uint64 (hash of model and id), ``ts_ms`` int64, ``model``, ``version``,
``label`` dictionaries of text, ``prediction``, ``score``, ``latency_ms`` float64, and one column for each
``segment.NAME`` (text) and ``feature.NAME`` (text or float64). Of outcomes: ``key``, ``ts_ms`` (−1: when it
came), ``model``, ``label`` and ``outcome``. Anything but the key may be null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from monitor.domain.served import FEATURE, SEGMENT

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A text column: ``codes`` into ``words``, −1 for null."""

    codes: Integers
    words: list[str]


@dataclass(frozen=True, slots=True)
class Combination:
    """Model, version and segments that rows have in common; segments as key and value, sorted."""

    model: str
    version: str
    segments: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """``combination`` of each row, into ``combinations``."""

    key: Words
    ts_ms: Integers
    combination: Integers
    combinations: list[Combination]
    label: Text
    number: Floats
    score: Floats
    latency_ms: Floats
    features: dict[str, Floats | Text]

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    key: Words
    ts_ms: Integers
    model: Text
    label: Text
    number: Floats

    def __len__(self) -> int:
        return len(self.key)


def predictions(batch: pa.RecordBatch) -> Predictions:
    names = batch.schema.names
    segments = [name for name in names if name.startswith(SEGMENT)]
    texts = [_text(batch, name) for name in ("model", "version", *segments)]
    rows, inverse = np.unique(np.stack([text.codes for text in texts]), axis=1, return_inverse=True)
    combinations = [_combination(row, texts, segments) for row in rows.T.tolist()]
    features = {
        name.removeprefix(FEATURE): _feature(batch, name) for name in names if name.startswith(FEATURE)
    }
    return Predictions(
        _words(batch, "key"),
        _integers(batch, "ts_ms"),
        inverse.reshape(-1),
        combinations,
        _text(batch, "label"),
        _floats(batch, "prediction"),
        _floats(batch, "score"),
        _floats(batch, "latency_ms"),
        features,
    )


def outcomes(batch: pa.RecordBatch) -> Outcomes:
    return Outcomes(
        _words(batch, "key"),
        _integers(batch, "ts_ms"),
        _text(batch, "model"),
        _text(batch, "label"),
        _floats(batch, "outcome"),
    )


def _combination(codes: list[int], texts: list[Text], segments: list[str]) -> Combination:
    said = [None if code < 0 else text.words[code] for code, text in zip(codes, texts, strict=True)]
    pairs = zip(segments, said[2:], strict=True)
    told = tuple(sorted((name.removeprefix(SEGMENT), word) for name, word in pairs if word is not None))
    return Combination(said[0] or "", said[1] or "", told)


def _feature(batch: pa.RecordBatch, name: str) -> Floats | Text:
    if pa.types.is_floating(batch.column(name).type):
        return _floats(batch, name)
    return _text(batch, name)


def _words(batch: pa.RecordBatch, name: str) -> Words:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False), np.uint64)


def _integers(batch: pa.RecordBatch, name: str) -> Integers:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False), np.int64)


def _floats(batch: pa.RecordBatch, name: str) -> Floats:
    if name not in batch.schema.names:
        return np.full(batch.num_rows, np.nan)
    column: pa.Array[Any] = batch.column(name)
    filled = column.fill_null(np.nan) if column.null_count else column
    return np.asarray(filled.to_numpy(zero_copy_only=False), np.float64)


def _text(batch: pa.RecordBatch, name: str) -> Text:
    if name not in batch.schema.names:
        return Text(np.full(batch.num_rows, -1, np.int64), [])
    column: Any = batch.column(name)
    if not isinstance(column, pa.DictionaryArray):
        column = column.dictionary_encode()
    codes = column.indices.fill_null(-1) if column.null_count else column.indices
    return Text(np.asarray(codes.to_numpy(zero_copy_only=False), np.int64), column.dictionary.to_pylist())
