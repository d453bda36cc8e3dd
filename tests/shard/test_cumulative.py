"""Counters: of a metric declared cumulative the steps are seen, whatever became of the counter."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from tests.naive.counters import counted
from tests.naive.shard import Sample
from tests.shard.driving import START, Run, noise


@st.composite
def counters(draw: st.DrawFn) -> tuple[list[Sample], np.random.Generator]:
    """Up to three samples a bucket, gaps, resets to zero and to more, repeated times."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(12, 120))
    at = np.repeat(np.arange(count), rng.integers(0, 4, count))
    at = np.append(at, [count, count + 1, count + 2])
    ts = START + at * MINUTE_MS + rng.integers(0, 6, len(at)) * 10_000
    value, samples = 1_000.0, []
    for when in np.sort(ts).tolist():
        value = float(rng.integers(0, 9)) if rng.random() < 0.05 else value + float(rng.integers(0, 40))
        samples.append((when, value, math.nan))
    return samples, rng


def counter(run: Run | None = None) -> Run:
    run = run or Run()
    run.declare("orders", kind="cumulative", cadence_ms=MINUTE_MS)
    return run


def feed(run: Run, samples: list[Sample]) -> None:
    ts, value, _ = (np.array(column) for column in zip(*samples, strict=True))
    run.send(ts, value, mode=Mode.BACKFILL)


@settings(max_examples=60, deadline=None)
@given(counters())
def test_as_the_slow_twin_whatever_the_batches_restarts_and_order(
    made: tuple[list[Sample], np.random.Generator],
) -> None:
    samples, rng = made
    run, whole = counter(), counter()
    feed(whole, samples)
    delay = rng.random(len(samples)) * MINUTE_MS
    order = np.argsort(np.array([ts for ts, _, _ in samples]) + delay, kind="stable")
    for part in np.split(order, np.sort(rng.integers(0, len(order), 6))):
        if len(part):
            feed(run, [samples[i] for i in part])
            run.resume()
    end = max(ts for ts, _, _ in samples)
    for one in (run, whole):
        one.tick(end, complete=True)
    assert run.outcome() == whole.outcome()
    assert run.digest() == whole.digest()
    seen = run.observations()
    assert dict(zip(seen.ts_ms.tolist(), seen.value.tolist(), strict=True)) == counted(samples, MINUTE_MS)


def test_a_sample_beyond_the_bound_is_a_revision_and_moves_no_step() -> None:
    run, other = counter(), counter()
    rising = np.arange(60.0) * 5.0
    ts = START + MINUTE_MS * np.arange(60)
    for one in (run, other):
        one.send(ts[:40], rising[:40])
    other.send([ts[3] + 1], [1e6])
    for one in (run, other):
        one.send(ts[40:], rising[40:])
        one.tick(int(ts[-1]), complete=True)
    assert set(run.observations().value.tolist()) == {5.0}
    assert run.outcome() == other.outcome()
    assert other.revisions()["value"].tolist() == [1e6]


def test_a_reset_is_no_anomaly_and_a_faster_counter_is() -> None:
    steps = np.maximum(noise(600, 4, level=50.0), 0.0)
    steps[500] = 400.0
    value = np.cumsum(steps)
    value[300:] -= value[299]
    run = counter()
    run.send(START + MINUTE_MS * np.arange(600), value)
    run.tick(START + 599 * MINUTE_MS, complete=True)
    assert [t.onset_ms for t in run.told(0, "opened")] == [START + 500 * MINUTE_MS]


def test_what_nobody_declared_is_taken_as_it_is() -> None:
    run = Run()
    value = np.arange(60.0)
    run.send(START + MINUTE_MS * np.arange(60), value, mode=Mode.BACKFILL)
    run.tick(START + 59 * MINUTE_MS, complete=True)
    assert run.observations().value.tolist() == value.tolist()
