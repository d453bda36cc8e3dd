"""Buckets against the slow twin, and what a declaration in mid-stream does to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.shard.rules import AGGREGATIONS
from tests.naive.shard import Sample, bucketed
from tests.shard.driving import START, Run

LATENESS = (None, 0, MINUTE_MS, 100_000, 10 * MINUTE_MS)
values = st.one_of(st.sampled_from([0.0, -0.0, 1.0, 2.0]), st.floats(-1e6, 1e6))
counts = st.one_of(st.just(math.nan), st.sampled_from([0.0, 1.0, 5.0]), st.floats(0.0, 1e6, width=32))


@st.composite
def arrivals(draw: st.DrawFn) -> list[Sample]:
    """Samples whose times go forward on the whole: with repetitions, gaps, and rows that come late."""
    step = MINUTE_MS // 4
    now, out = START, []
    for _ in range(draw(st.integers(1, 90))):
        now += step * draw(st.sampled_from([0, 0, 1, 1, 2, 4, 4, 5, 60]))
        ts = max(now - step * draw(st.sampled_from([0, 0, 0, 0, 1, 3, 7, 40])), START)
        out.append((ts, draw(values), draw(counts)))
    return out


def scored(run: Run, samples: list[Sample]) -> tuple[dict[int, tuple[float, float]], list[Sample]]:
    if samples:
        ts, value, n = zip(*samples, strict=True)
        run.send(ts, value, 0, n, Mode.BACKFILL)
        run.tick(max(ts), complete=True)
    seen = run.observations()
    found = {int(t): (float(v), float(n)) for t, v, n in zip(seen.ts_ms, seen.value, seen.n, strict=True)}
    assert len(found) == len(seen), "a bucket became final twice"
    assert (np.diff(seen.ts_ms) > 0).all(), "buckets became final out of order"
    return found, [(int(r["ts_ms"]), float(r["value"]), float(r["n"])) for r in run.revisions()]


@settings(max_examples=150)
@given(arrivals(), st.sampled_from(sorted(AGGREGATIONS)), st.sampled_from(LATENESS))
def test_as_the_slow_twin(samples: list[Sample], aggregation: str, lateness: int | None) -> None:
    run = Run()
    run.declare("orders", aggregation=aggregation, lateness_ms=lateness, cadence_ms=MINUTE_MS)
    found, late = scored(run, samples)
    expected, too_late = bucketed(samples, MINUTE_MS, lateness, aggregation)
    assert repr(found) == repr(expected).replace("(-0.0,", "(0.0,")
    assert [ts for ts, _, _ in late] == [ts for ts, _, _ in too_late]
    assert int(run.shard.directory["n_pending"][0]) == 0


def test_a_sample_before_the_first_that_came_is_not_late_within_the_lateness() -> None:
    """The cadence is declared, and the series has begun, when the oldest sample comes."""
    start = 1_767_225_600_000
    run = Run()
    run.declare("orders", aggregation="count", lateness_ms=600_000, cadence_ms=MINUTE_MS)
    times = [75, 90, 105, 120, 150, 225, 210, 285, 360, 0]
    found, late = scored(run, [(start + 1000 * t, 0.0, math.nan) for t in times])
    assert start in found
    assert late == []


def steady(run: Run, first: int, last: int, step: int = 1) -> None:
    bucket = np.arange(first, last, step)
    run.send(START + bucket * MINUTE_MS, bucket.astype(float), mode=Mode.BACKFILL)


Declared = dict[str, object]
DECLARATIONS: list[Declared] = [
    {},
    {"aggregation": "sum"},
    {"aggregation": "mean", "lateness_ms": 0},
    {"lateness_ms": 0},
    {"lateness_ms": 30 * MINUTE_MS},
    {"kind": "maturing"},
]


@pytest.mark.parametrize("before", DECLARATIONS)
@pytest.mark.parametrize("after", DECLARATIONS)
def test_a_declaration_in_mid_stream_loses_no_bucket(before: Declared, after: Declared) -> None:
    run = Run()
    run.declare("orders", cadence_ms=MINUTE_MS, **before)
    steady(run, 0, 100)
    run.declare("orders", **after)
    steady(run, 100, 200)
    run.tick(START + 199 * MINUTE_MS, complete=True)
    seen = run.observations()
    assert seen.value.tolist() == list(range(200))
    assert seen.ts_ms.tolist() == [START + i * MINUTE_MS for i in range(200)]
    assert len(run.revisions()) == 0


def test_what_was_final_stays_final_when_more_lateness_is_declared() -> None:
    run = Run()
    steady(run, 0, 100)
    run.declare("orders", lateness_ms=DAY_MS)
    run.send([START + 50 * MINUTE_MS], [-1.0], mode=Mode.BACKFILL)
    steady(run, 100, 120)
    run.tick(START + 119 * MINUTE_MS, complete=True)
    assert run.observations().value.tolist() == list(range(120))
    assert run.revisions()["ts_ms"].tolist() == [START + 50 * MINUTE_MS]


def test_the_sum_begins_with_the_next_bucket() -> None:
    run = Run()
    run.declare("orders", cadence_ms=MINUTE_MS)
    ts = START + np.arange(60) * (MINUTE_MS // 2)
    run.send(ts[:40], np.ones(40), mode=Mode.BACKFILL)
    run.declare("orders", aggregation="sum", cadence_ms=MINUTE_MS)
    run.send(ts[40:], np.ones(20), mode=Mode.BACKFILL)
    run.tick(int(ts[-1]), complete=True)
    assert run.observations().value.tolist() == [1.0] * 20 + [2.0] * 10


def test_a_month_as_cadence() -> None:
    """The place of a sample inside a bucket of thirty days takes more than 31 bits."""
    run = Run()
    ts = START + np.arange(24) * 30 * DAY_MS + 29 * DAY_MS
    run.send(ts, np.arange(24.0), mode=Mode.BACKFILL)
    run.tick(int(ts[-1]), complete=True)
    assert run.observations().value.tolist() == list(range(24))


@pytest.mark.parametrize("declared", [1, 365 * DAY_MS])
def test_a_declared_cadence_is_held_to_what_the_grid_can_carry(declared: int) -> None:
    run = Run()
    run.declare("orders", cadence_ms=declared)
    ts = START + np.arange(30) * 40 * DAY_MS
    run.send(ts, np.arange(30.0), mode=Mode.BACKFILL)
    run.tick(int(ts[-1]), complete=True)
    assert run.observations().value.tolist() == list(range(30))


def test_sums_beyond_all_numbers_stay_numbers() -> None:
    for how in ("sum", "mean"):
        run = Run()
        run.declare("orders", aggregation=how, cadence_ms=MINUTE_MS)
        ts = START + np.arange(80) * (MINUTE_MS // 2)
        run.send(ts, np.full(80, 1.7e308), 0, np.full(80, 1e308), Mode.BACKFILL)
        run.tick(int(ts[-1]), complete=True)
        assert np.isfinite(run.observations().value).all()
        assert run.finite()


def test_one_sample_becomes_one_observation_at_the_end_of_a_file() -> None:
    run = Run()
    run.send([START + 5], [7.0], mode=Mode.BACKFILL)
    assert len(run.observations()) == 0
    run.tick(START + HOUR_MS, complete=True)
    assert run.observations().value.tolist() == [7.0]
    assert run.observations().ts_ms.tolist() == [START]


def test_a_live_tick_leaves_back_filled_series_alone() -> None:
    run = Run()
    steady(run, 0, 40)
    before = run.digest()
    run.tick(START + DAY_MS)
    assert run.digest() == before
    run.send([START + 40 * MINUTE_MS], [40.0], mode=Mode.LIVE)
    run.tick(START + DAY_MS)
    assert run.told(0, "opened")[-1].kind == "no data"
