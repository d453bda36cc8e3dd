"""A series that ended and came back, or whose buckets are declared anew, is as one never seen before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.domain.batch import Mode
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.observation import COLUMNS
from tests.shard.driving import START, Run, noise, play

DECLARATIONS: list[dict[str, Any]] = [{}, {"aggregation": "mean"}, {"lateness_ms": 3 * HOUR_MS}]
Samples = tuple[NDArray[np.int64], NDArray[np.float64]]


def life(start: int, count: int, seed: int) -> Samples:
    values = noise(count, seed)
    values[count // 2] += 30.0
    return start + HOUR_MS * np.arange(count), values


def declared(declaration: dict[str, Any]) -> Run:
    run = Run()
    run.declare("orders", **declaration)
    return run


@pytest.mark.parametrize("declaration", DECLARATIONS)
@pytest.mark.parametrize("ticked", [False, True])
def test_what_comes_after_the_end_is_as_if_nothing_had_been_before(
    declaration: dict[str, Any], ticked: bool
) -> None:
    back = START + 1_200 * HOUR_MS
    run, fresh = declared(declaration), declared(declaration)
    run.send(*life(START, 600, 1))
    if ticked:
        run.tick(START + 600 * HOUR_MS + 10 * DAY_MS)
        assert [t.kind for t in run.told(0, "closed")][-1] == "ended"
    for one in (run, fresh):
        one.send(*life(back, 300, 2), mode=Mode.BACKFILL)
        one.tick(back + 299 * HOUR_MS, complete=True)
    assert [t.kind for t in run.told()].count("ended") == 1
    seen, alone = run.observations(), fresh.observations()
    later = seen.ts_ms >= back
    assert later.sum() == len(alone) == 300
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(seen, name)[later], getattr(alone, name), name)
    assert int(run.shard.clocks["final_n"][0]) == 300


def test_a_straggler_from_before_the_end_is_a_revision_and_begins_nothing() -> None:
    run = Run()
    run.send(*life(START, 600, 1))
    run.tick(START + 600 * HOUR_MS + 20 * DAY_MS)
    before = run.digest()
    run.send([START + 10 * HOUR_MS], [5.0])
    assert run.revisions()["ts_ms"].tolist() == [START + 10 * HOUR_MS]
    assert run.digest() == before


@st.composite
def lives(draw: st.DrawFn) -> tuple[Samples, np.random.Generator]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    at, ts, values = START, [], []
    for _ in range(draw(st.integers(2, 4))):
        count = draw(st.sampled_from((3, 9, 40, 150)))
        one = life(at, count, int(rng.integers(1000)))
        ts.append(one[0])
        values.append(one[1])
        at += count * HOUR_MS + draw(st.sampled_from((6, 8, 40))) * DAY_MS + draw(st.integers(0, 3)) * HOUR_MS
    return (np.concatenate(ts), np.concatenate(values)), rng


@settings(max_examples=15, deadline=None)
@given(lives(), st.sampled_from(DECLARATIONS), st.booleans())
def test_neither_batches_nor_a_restart_change_what_comes_and_goes(
    made: tuple[Samples, np.random.Generator], declaration: dict[str, Any], resumes: bool
) -> None:
    (ts, values), rng = made
    one, many = declared(declaration), declared(declaration)
    one.send(ts, values)
    cuts = np.sort(rng.integers(0, len(ts), 25))
    for part in np.split(np.arange(len(ts)), cuts):
        many.send(ts[part], values[part])
        if resumes:
            many.resume()
    assert many.outcome() == one.outcome()
    assert many.digest() == one.digest()
    assert len(one.revisions()) == 0


@pytest.mark.parametrize(
    "after", [{"cadence_ms": HOUR_MS}, {"aggregation": "sum"}, {"kind": "cumulative"}, {"kind": "delta"}]
)
def test_buckets_that_are_declared_anew_begin_anew(after: dict[str, Any]) -> None:
    run = play(noise(400))
    assert run.shard.common["flags"][0] & 16
    run.declare("orders", **after)
    assert int(run.shard.clocks["final_n"][0]) == 0
    assert len(run.observations()) == 398
    run.send(START + MINUTE_MS * np.arange(400, 1_200), noise(800, 3))
    run.tick(START + 1_199 * MINUTE_MS, complete=True)
    seen = run.observations().ts_ms
    assert (np.diff(seen) > 0).all()
    assert seen[398] >= START + 398 * MINUTE_MS
    step = after.get("cadence_ms", MINUTE_MS)
    assert set(np.diff(seen[398:]).tolist()) == {step}
    assert int(run.shard.clocks["cadence"][0]) == step


def test_the_same_declared_again_changes_nothing() -> None:
    run = play(noise(400))
    before = run.digest()
    run.declare("orders", cadence_ms=MINUTE_MS, aggregation="last", polarity="up")
    assert run.digest() == before


def test_an_open_anomaly_ends_with_the_series_it_was_of() -> None:
    values = noise(400)
    values[-4:] += 50.0
    run = play(values)
    (opened,) = run.told(0, "opened")
    run.declare("orders", cadence_ms=HOUR_MS)
    (closed,) = run.told(0, "closed")
    assert (closed.onset_ms, closed.end_ms) == (opened.onset_ms, START + 398 * MINUTE_MS)
    assert int(run.shard.directory["n_episodes"][0]) == 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 400), st.integers(0, 2**32), st.booleans())
def test_a_new_declaration_at_one_place_of_the_log_gives_one_state(at: int, seed: int, resumes: bool) -> None:
    rng = np.random.default_rng(seed)
    ts, values = START + MINUTE_MS * np.arange(500), noise(500, 5)
    runs = []
    for cuts in (np.array([at]), np.sort(np.append(rng.integers(0, 500, 9), at))):
        run = Run()
        done = False
        for part in np.split(np.arange(500), cuts):
            if len(part) and part[0] >= at and not done:
                run.declare("orders", cadence_ms=5 * MINUTE_MS, aggregation="sum")
                done = True
            run.send(ts[part], values[part])
            if resumes:
                run.resume()
        runs.append(run)
    assert runs[0].outcome() == runs[1].outcome()
    assert runs[0].digest() == runs[1].digest()
