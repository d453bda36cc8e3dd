"""Request bodies, built before anything is measured: each holds one sample of every series of a group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CADENCE_MS = 60_000
FIRST_MS = 1_700_000_040_000
_SLOTS = 24

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"


@dataclass(frozen=True, slots=True)
class Format:
    """A content type and how a body of it is made."""

    name: str
    content_type: str
    build: Callable[[Series, NDArray[np.int64], int, NDArray[np.float64]], bytes]


@dataclass(frozen=True, slots=True)
class Series:
    """Names by series: one metric and two tags of it, at most 2,500 values a tag."""

    metric: list[str]
    host: list[str]
    zone: list[str]

    @staticmethod
    def of(count: int) -> Series:
        return Series(
            [f"http_requests_{i % 10}" for i in range(count)],
            [f"host-{i // 10 % 2_500:05}.example" for i in range(count)],
            [f"zone-{i // 25_000}" for i in range(count)],
        )

    def __len__(self) -> int:
        return len(self.metric)


class Bodies:
    """Bodies of ``series`` series in groups of ``batch``: fixed members in varying order."""

    def __init__(self, series: int, batch: int, *, seed: int = 8_321) -> None:
        if series % batch:
            raise ValueError(f"{series} series do not make groups of {batch}")
        self._random = np.random.default_rng(seed)
        self.series = Series.of(series)
        self.batch = batch
        self.groups = self._random.permutation(series).reshape(-1, batch)
        self._level = self._random.uniform(10.0, 1000.0, series)

    def sweep(self, number: int, form: Format) -> list[bytes]:
        """One body a group: the samples of sweep ``number``, a season of 24 and noise."""
        ts_ms = FIRST_MS + number * CADENCE_MS
        season = 1.0 + 0.2 * np.sin(2.0 * np.pi * (number % _SLOTS) / _SLOTS)
        made = []
        for group in self.groups:
            order = self._random.permutation(group)
            noise = 1.0 + 0.03 * self._random.standard_normal(len(order))
            value = np.round(self._level[order] * season * noise, 4)
            made.append(form.build(self.series, order, ts_ms, value))
        return made


def _samples(series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64]) -> list[str]:
    return [
        f'{{"metric":"{series.metric[i]}","tags":{{"host":"{series.host[i]}","zone":"{series.zone[i]}"}},'
        f'"timestamp":{ts_ms},"value":{v!r}}}'
        for i, v in zip(order.tolist(), value.tolist(), strict=True)
    ]


def build_json(series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64]) -> bytes:
    return ('{"samples":[' + ",".join(_samples(series, order, ts_ms, value)) + "]}").encode()


def build_ndjson(series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64]) -> bytes:
    return ("\n".join(_samples(series, order, ts_ms, value)) + "\n").encode()


def build_arrow(series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64]) -> bytes:
    return _stream(series, order, ts_ms, value, dictionary=False)


def build_dictionary(
    series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64]
) -> bytes:
    return _stream(series, order, ts_ms, value, dictionary=True)


def _stream(
    series: Series, order: NDArray[np.int64], ts_ms: int, value: NDArray[np.float64], *, dictionary: bool
) -> bytes:
    names = [pa.array([texts[i] for i in order]) for texts in (series.metric, series.host, series.zone)]
    if dictionary:
        names = [name.dictionary_encode() for name in names]
    time = pa.array(np.full(len(order), ts_ms))
    batch = pa.record_batch(
        [names[0], time, pa.array(value), *names[1:]], names=["metric", "timestamp", "value", "host", "zone"]
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue().to_pybytes()


FORMATS = (
    Format("Arrow", ARROW, build_arrow),
    Format("Arrow, dictionaries", ARROW, build_dictionary),
    Format("NDJSON", NDJSON, build_ndjson),
    Format("JSON", JSON, build_json),
)
