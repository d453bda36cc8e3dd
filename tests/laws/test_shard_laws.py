"""Laws of the shard: what may not change its results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.series import Identity
from monitor.shard.snapshot import snapshot, state_bytes
from tests.shard.driving import START, Run

SLOW = Identity.of("slow", {"tz": "Europe/Berlin"})
NAMES = (Identity.of("last"), Identity.of("total"), SLOW, Identity.of("late"))
CADENCE = (MINUTE_MS, MINUTE_MS, HOUR_MS, 5 * MINUTE_MS)
LATENESS = (MINUTE_MS, MINUTE_MS, HOUR_MS, 30 * MINUTE_MS)
FEW = settings(max_examples=12)


@dataclass
class Stream:
    """Samples of all series in order of time."""

    row: NDArray[np.int64]
    ts: NDArray[np.int64]
    value: NDArray[np.float64]
    n: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ts)

    def at(self, index: NDArray[np.intp]) -> Stream:
        return Stream(self.row[index], self.ts[index], self.value[index], self.n[index])


def one_series(rng: np.random.Generator, row: int, count: int) -> Stream:
    """Noise with a daily touch, gaps, a silence, spikes and a shift; several samples in some buckets."""
    step = CADENCE[row]
    bucket = np.repeat(np.arange(count), rng.integers(0, 4, count).clip(0, 2))
    silence = rng.integers(count // 2, count)
    bucket = bucket[(bucket < silence) | (bucket > silence + rng.integers(0, 30))]
    ts = START + bucket * step + rng.integers(0, 4, len(bucket)) * (step // 4)
    value = np.round(100.0 + 5.0 * np.sin(bucket / 9.0) + rng.standard_normal(len(bucket)), 1)
    value[rng.random(len(bucket)) < 0.01] += 40.0
    value[bucket > rng.integers(count // 2, 2 * count)] -= 30.0
    n = np.where(rng.random(len(bucket)) < 0.3, np.nan, rng.integers(1, 90, len(bucket)).astype(np.float64))
    return Stream(np.full(len(bucket), row), ts, value, n)


@st.composite
def streams(draw: st.DrawFn, most: int = 700) -> tuple[Stream, np.random.Generator]:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(40, most))
    parts = [one_series(rng, row, count) for row in range(len(NAMES))]
    joined = [np.concatenate([getattr(p, f) for p in parts]) for f in ("row", "ts", "value", "n")]
    whole = Stream(*joined)
    return whole.at(np.argsort(whole.ts, kind="stable")), rng


def run_of(assigns: bool = True, declared: bool = False) -> Run:
    """``declared``: cadences too; learned ones are those of the samples, which may come more often."""
    run = Run(NAMES, assigns)
    step = CADENCE if declared else (None,) * len(NAMES)
    run.declare("last", cadence_ms=step[0])
    run.declare("total", aggregation="sum", cadence_ms=step[1])
    run.declare("slow", cadence_ms=step[2])
    run.declare("late", aggregation="mean", lateness_ms=30 * MINUTE_MS, cadence_ms=step[3])
    return run


def feed(run: Run, part: Stream) -> None:
    run.send(part.ts, part.value, part.row, part.n)


def pieces(stream: Stream, rng: np.random.Generator, most: int = 12) -> list[Stream]:
    cuts = np.sort(rng.integers(0, len(stream) + 1, rng.integers(0, most)))
    return [stream.at(part) for part in np.split(np.arange(len(stream)), cuts)]


def whole(stream: Stream, declared: bool = False) -> Run:
    run = run_of(declared=declared)
    feed(run, stream)
    return run


@FEW
@given(streams())
def test_how_samples_are_cut_into_batches_changes_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    one, many = whole(stream), run_of()
    for part in pieces(stream, rng):
        feed(many, part)
    assert many.outcome() == one.outcome()
    assert many.digest() == one.digest()
    assert len(one.revisions()) == len(many.revisions()) == 0


@settings(max_examples=4)
@given(streams(most=120))
def test_one_sample_a_batch_changes_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, _ = made
    one, many = whole(stream), run_of()
    for i in range(len(stream)):
        feed(many, stream.at(np.array([i])))
    assert many.outcome() == one.outcome()
    assert many.digest() == one.digest()


@FEW
@given(streams(), st.booleans())
def test_order_of_arrival_inside_the_lateness_bound_changes_nothing(
    made: tuple[Stream, np.random.Generator], declared: bool
) -> None:
    stream, rng = made
    step = np.array(CADENCE)[stream.row]
    if not declared:  # one sample a bucket, so that the cadence that is learned is the one meant
        place = stream.row * 10**8 + stream.ts // step
        stream = stream.at(np.sort(np.unique(place, return_index=True)[1]))
        step = np.array(CADENCE)[stream.row]
        stream.ts -= stream.ts % step
    one, mixed = whole(stream, declared), run_of(declared=declared)
    delay = rng.random(len(stream)) * step
    for part in pieces(stream.at(np.argsort(stream.ts + delay, kind="stable")), rng):
        feed(mixed, part)
    assert mixed.outcome() == one.outcome()
    assert mixed.digest() == one.digest()
    assert len(mixed.revisions()) == 0


@FEW
@given(streams())
def test_snapshot_and_resume_change_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    one, paused = whole(stream), run_of()
    for part in pieces(stream, rng):
        feed(paused, part)
        before = paused.digest()
        paused.resume()
        assert paused.digest() == before
    assert paused.outcome() == one.outcome()
    assert paused.digest() == one.digest()


@FEW
@given(streams())
def test_where_in_the_log_assignments_are_changes_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    one, later = whole(stream), run_of(assigns=False)
    for part in pieces(stream, rng, 30):
        feed(later, part)
        if rng.random() < 0.3:
            later.assign()
    later.assign()
    assert later.outcome() == one.outcome()
    assert later.digest() == one.digest()


@FEW
@given(streams())
def test_late_samples_become_revisions_and_change_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    one, other = whole(stream), run_of()
    late = []
    for part in pieces(stream, rng):
        feed(other, part)
        row = int(rng.integers(len(NAMES)))
        clock = other.shard.clocks[row]
        if clock["cadence"]:
            newest = int(clock["bucket"]) * int(clock["cadence"])
            bound = max(LATENESS[row], int(clock["cadence"]))  # the learned one may be longer
            at = newest - bound - int(rng.integers(1, 10**7))
            other.send([at], [rng.standard_normal() * 1e6], row)
            late.append((row, at))
    assert other.outcome() == one.outcome()
    assert other.digest() == one.digest()
    assert [(int(r["row"]), int(r["ts_ms"])) for r in other.revisions()] == late


@FEW
@given(streams())
def test_ticks_between_samples_change_nothing(made: tuple[Stream, np.random.Generator]) -> None:
    stream, rng = made
    one, ticked = whole(stream), run_of()
    for part in pieces(stream, rng, 40):
        if len(part):
            ticked.tick(int(part.ts[0]) - int(rng.integers(0, 5 * MINUTE_MS)))
            feed(ticked, part)
    for run in (one, ticked):
        run.tick(int(stream.ts[-1]) + DAY_MS)  # far enough that every series counts as idle
    assert ticked.outcome() == one.outcome()
    assert ticked.digest() == one.digest()


@settings(max_examples=4)
@given(streams(most=300))
def test_the_same_entries_give_the_same_bytes(made: tuple[Stream, np.random.Generator]) -> None:
    stream, _ = made
    first, second = whole(stream), whole(stream)
    assert first.outcome() == second.outcome()
    assert first.digest() == second.digest()
    other = snapshot(second.shard)[0]
    for name, array in snapshot(first.shard)[0].items():
        assert array.tolist() == other[name].tolist() or "nan" in str(array.tolist())


def test_memory_does_not_grow_with_history() -> None:
    run = run_of()
    sizes = []
    for day in range(6):
        rng = np.random.default_rng(day)
        bucket = np.arange(day * 1440, (day + 1) * 1440)
        for row in (0, 1):
            run.send(START + bucket * MINUTE_MS, rng.standard_normal(1440), row)
        run.applied = run.applied[-1:] if day < 2 else run.applied
        sizes.append((state_bytes(run.shard), len(run.shard.pending), len(run.shard.episodes)))
        assert int(run.shard.directory["n_pending"][0]) <= 8
    assert sizes[1:] == sizes[:-1]


def test_a_time_that_is_repeated_for_ever_takes_no_memory() -> None:
    run = run_of()
    run.send(np.full(50_000, START), np.arange(50_000.0))
    assert int(run.shard.directory["n_pending"][0]) == 1
    assert run.applied[-1].conflicts == 49_999
