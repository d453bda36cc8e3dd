"""What a served model says of each flight of the demo, and what came of it, in the order of time.

The model learns in the first month and serves from the second on. It answers at the scheduled hour; the truth
is known when the flight has landed. A flight that was cancelled or diverted never has an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors import flights_model
from collectors.flights_table import Schedule, Weather
from monitor.domain.durations import DAY_MS, HOUR_MS

MODEL, VERSION = "delay-predictor", "1"
SETTINGS = {
    "task": "classification",
    "bucket_ms": DAY_MS,
    "maturity_ms": DAY_MS,
    "reference_buckets": 14,
}
"""Of the model: by the day, since hours differ in weather and flights; the truth is known within one."""
LATE_MINUTES = 15.0
ROWS_MAX = 20_000
_MILES_AN_HOUR = 450.0


@dataclass(frozen=True, slots=True, eq=False)
class ServedFlights:
    """One row a flight served, by time. ``known_ms``: when its outcome was, −1 for never."""

    id: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    score: NDArray[np.float64]
    late: NDArray[np.bool_]
    known_ms: NDArray[np.int64]
    origin: list[str]
    carrier: list[str]
    distance: NDArray[np.float64]
    wind: NDArray[np.float64]
    visibility: NDArray[np.float64]
    rain: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.id)

    def between(self, from_ms: int, until_ms: int) -> Iterator[tuple[str, bytes]]:
        """What was said and what was known in a span of time: route and Arrow stream, predictions first."""
        said = np.flatnonzero((self.ts_ms >= from_ms) & (self.ts_ms < until_ms))
        known = np.flatnonzero((self.known_ms >= from_ms) & (self.known_ms < until_ms))
        for start in range(0, len(said), ROWS_MAX):
            yield "predictions", self.predictions(said[start : start + ROWS_MAX])
        for start in range(0, len(known), ROWS_MAX):
            yield "outcomes", self.outcomes(known[start : start + ROWS_MAX])

    def predictions(self, rows: NDArray[np.intp]) -> bytes:
        return _stream(
            {
                "id": pa.array(self.id[rows]),
                "model": _same(MODEL, len(rows)),
                "version": _same(VERSION, len(rows)),
                "timestamp": pa.array(self.ts_ms[rows]),
                "score": pa.array(self.score[rows]),
                "segment.origin": _words(self.origin, rows),
                "feature.carrier": _words(self.carrier, rows),
                "feature.distance": pa.array(self.distance[rows]),
                "feature.wind": pa.array(self.wind[rows]),
                "feature.visibility": pa.array(self.visibility[rows]),
                "feature.rain": pa.array(self.rain[rows]),
            }
        )

    def outcomes(self, rows: NDArray[np.intp]) -> bytes:
        return _stream(
            {
                "id": pa.array(self.id[rows]),
                "model": _same(MODEL, len(rows)),
                "timestamp": pa.array(self.known_ms[rows]),
                "outcome": pa.array(self.late[rows]),
            }
        )


def served_flights(schedule: Schedule, weather: Weather) -> ServedFlights:
    """Train on the first month, and answer for the others; none where there is no month to serve."""
    known = ~np.isnan(schedule.arrival_delay)
    training = known & (schedule.month == schedule.month[schedule.hour.argmin()])
    served = np.flatnonzero(schedule.month != schedule.month[schedule.hour.argmin()])
    if not training.any():
        served = served[:0]
    served = served[np.argsort(schedule.hour[served], kind="stable")]
    if len(served):  # whole days only: the flights of a morning are not those of a day
        ends_ms = schedule.start_ms + (int(schedule.hour[served].max()) + 1) * HOUR_MS
        served = served[schedule.start_ms + schedule.hour[served] * HOUR_MS < ends_ms // DAY_MS * DAY_MS]
    late = schedule.arrival_delay >= LATE_MINUTES
    score = np.zeros(len(schedule))
    if len(served):
        features = _features(schedule, weather)
        model = flights_model.train([codes[training] for codes in features], late[training])
        score = np.round(1.0 / (1.0 + np.exp(-model.log_odds(features))), 6)
    ts_ms = schedule.start_ms + schedule.hour * HOUR_MS
    took_h = 0.5 + schedule.distance / _MILES_AN_HOUR
    landed = took_h + np.maximum(np.nan_to_num(schedule.arrival_delay), 0.0) / 60.0
    return ServedFlights(
        id=served.astype(np.int64),
        ts_ms=ts_ms[served],
        score=score[served],
        late=late[served],
        known_ms=np.where(known, ts_ms + (landed * HOUR_MS).astype(np.int64), -1)[served],
        origin=[schedule.origins[code] for code in schedule.origin[served].tolist()],
        carrier=[schedule.carriers[code] for code in schedule.carrier[served].tolist()],
        distance=schedule.distance[served],
        wind=weather.wind_mph[served],
        visibility=weather.visibility_miles[served],
        rain=weather.rain_inches[served],
    )


def _features(schedule: Schedule, weather: Weather) -> list[flights_model.Codes]:
    """What is known before departure, each as bins: the schedule, the route, the airport's weather."""
    return [
        schedule.clock.astype(np.intp),
        schedule.weekday.astype(np.intp),
        schedule.carrier.astype(np.intp),
        schedule.origin.astype(np.intp),
        flights_model.binned(schedule.distance, flights_model.DISTANCE_MILES),
        flights_model.binned(weather.wind_mph, flights_model.WIND_MPH),
        flights_model.binned(weather.visibility_miles, flights_model.VISIBILITY_MILES),
        flights_model.binned(weather.rain_inches, flights_model.RAIN_INCHES),
    ]


def _same(word: str, count: int) -> pa.Array[Any]:
    return _coded([word] * count)


def _words(words: Sequence[str], rows: NDArray[np.intp]) -> pa.Array[Any]:
    return _coded([words[row] for row in rows.tolist()])


def _coded(words: Sequence[str]) -> pa.Array[Any]:
    coded: pa.Array[Any] = pa.array(words, pa.string()).dictionary_encode()
    return coded


def _stream(columns: dict[str, pa.Array[Any]]) -> bytes:
    batch = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return sink.getvalue().to_pybytes()
