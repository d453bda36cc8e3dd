"""What must change nothing: when labels come, how arrivals are cut and ordered, a restart in between."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.served import ModelSettings
from monitor.served import snapshot
from monitor.served.closing import Told as Sample
from monitor.served.state import ServedState
from tests.naive import quality as naive
from tests.served.world import (
    SECRET,
    START_MS,
    Record,
    World,
    apply,
    by_series,
    ended,
    like,
    records,
    run,
    told,
    world,
)

Told = dict[tuple[str, tuple[tuple[str, str], ...], int], tuple[float, float]]
END_MS = START_MS + 40 * DAY_MS
MODEL = ModelSettings(reference_buckets=2)


def same(one: Told, other: Told) -> bool:
    """Equal to the bit; NaN, which is no n, equals itself."""
    assert one.keys() == other.keys()
    return all(np.array_equal(one[key], other[key], equal_nan=True) for key in one)


def of(arriving: list[Record], model: ModelSettings = MODEL) -> Told:
    with TemporaryDirectory() as folder:
        return by_series(run(Path(folder), arriving, model, END_MS))


@pytest.mark.parametrize("answers", ["classes", "numbers"])
def test_the_same_truth_gives_the_same_values_however_late_it_comes(answers: str) -> None:
    truth = like(world(800, hours=8), answers=answers)
    prompt = of(records(truth))
    assert {metric for metric, _, _ in prompt} >= (
        {"model.accuracy", "model.auc", "model.brier", "model.drift"}
        if answers == "classes"
        else {"model.mae", "model.bias", "model.drift"}
    )
    for delay_ms in (HOUR_MS, 3 * DAY_MS, 14 * DAY_MS - 2 * HOUR_MS):
        late = truth.ts_ms + (delay_ms * np.random.default_rng(3).random(len(truth))).astype(np.int64)
        assert same(prompt, of(records(like(truth, known_ms=late), every_ms=HOUR_MS)))


def test_values_are_those_of_the_definition() -> None:
    truth = world(700, hours=3, delay_ms=DAY_MS)
    found = of(records(truth))
    tags = (("country", "FR"), ("model", "churn"), ("version", "7"))
    mine = (truth.country == "FR") & (truth.ts_ms // HOUR_MS == START_MS // HOUR_MS + 1)
    said = (truth.score[mine] >= 0.5).astype(int).tolist()
    value, n = found["model.accuracy", tags, START_MS + HOUR_MS]
    assert value == pytest.approx(naive.accuracy(said, truth.truth[mine].astype(int).tolist()))
    assert n == mine.sum() == found["model.predictions", tags, START_MS + HOUR_MS][0]


@cache
def settled() -> Told:
    return of(records(world(300, hours=4, seed=5, never=0.1)))


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([5 * 60_000, 10 * 60_000, HOUR_MS]))
def test_arrival_inside_the_bounds_changes_nothing(seed: int, every_ms: int) -> None:
    """Another cut into records and another order: outcomes before their predictions, predictions up to an
    hour late, labels up to fourteen days."""
    made = np.random.default_rng(seed)
    truth = world(300, hours=4, seed=5, never=0.1)
    never = truth.known_ms < 0
    # A record's arrival is the end of its span, and nothing may come later than an hour after its bucket.
    came = truth.ts_ms + (made.random(len(truth)) * max(HOUR_MS - every_ms, 1)).astype(np.int64)
    known = truth.ts_ms + (made.random(len(truth)) * 13 * DAY_MS).astype(np.int64)
    known[made.random(len(truth)) < 0.3] = 0
    before = truth.ts_ms[known == 0]
    known[known == 0] = before
    known[never] = -1
    shuffled = records(like(truth, came_ms=came, known_ms=known), every_ms=every_ms)
    assert same(settled(), of(shuffled))


@settings(max_examples=8)
@given(st.integers(0, 60), st.booleans())
def test_a_restart_in_between_changes_nothing(at: int, numbers: bool) -> None:
    truth = like(
        world(400, hours=5, delay_ms=2 * DAY_MS, never=0.05), answers="numbers" if numbers else "classes"
    )
    arriving = records(truth, every_ms=HOUR_MS)
    at = min(at, len(arriving))
    whole = of(arriving)
    with TemporaryDirectory() as place:
        folder = Path(place)
        state = ServedState(folder, SECRET, 1 << 30)
        state.declare("churn", MODEL)
        first = list(told(state, arriving[:at]))
        arrays = {name: array.copy() for name, array in snapshot.save(state, at).items()}
        list(told(state, arriving[at:]))  # goes on, and dies without another checkpoint
        again = snapshot.load(arrays, folder, SECRET, 1 << 30)
        assert snapshot.position_of(arrays) == at
        assert same(whole, by_series([*first, *told(again, arriving[at:]), *ended(again, END_MS)]))


def test_nothing_that_may_change_is_told() -> None:
    """Labels of some are missing: until the maturity is over no measure goes out, and then it goes once."""
    truth = world(400, hours=4, delay_ms=HOUR_MS, never=0.3)
    model = ModelSettings(maturity_ms=2 * DAY_MS)
    with TemporaryDirectory() as folder:
        state = ServedState(Path(folder), SECRET, 1 << 30)
        state.declare("churn", model)
        early = [*told(state, records(truth)), *ended(state, START_MS + 2 * DAY_MS)]
        assert not any(one.metric == "model.accuracy" for one in early)
        late = list(ended(state, START_MS + 2 * DAY_MS + HOUR_MS))
        tags = (("model", "churn"), ("version", "7"))
        accuracy = [one for one in late if one.metric == "model.accuracy" and one.tags == tags]
        assert [one.ts_ms for one in accuracy] == [START_MS]
        assert accuracy[0].n == ((truth.known_ms >= 0) & (truth.ts_ms < START_MS + HOUR_MS)).sum()


def test_a_bucket_with_every_label_need_not_wait() -> None:
    truth = world(300, hours=3, delay_ms=HOUR_MS)
    with TemporaryDirectory() as folder:
        state = ServedState(Path(folder), SECRET, 1 << 30)
        found = [*told(state, records(truth)), *ended(state, START_MS + 8 * HOUR_MS)]
    tags = (("model", "churn"), ("version", "7"))
    assert sum(one.metric == "model.accuracy" and one.tags == tags for one in found) == 3


def test_what_comes_too_late_or_twice_is_counted_and_changes_nothing() -> None:
    truth = world(200, hours=2)
    model = ModelSettings(maturity_ms=2 * HOUR_MS)
    with TemporaryDirectory() as folder:
        state = ServedState(Path(folder), SECRET, 1 << 30)
        state.declare("churn", model)
        arriving = [record for record in records(truth) if record[1] == "predictions"]
        found = list(told(state, arriving))
        found += told(state, arriving)
        assert sum(state.models["churn"].counts.values()) == 200
        found += ended(state, END_MS)
        everything = np.arange(200)
        found += told(state, [(END_MS, "outcomes", truth.outcomes(everything))])
        found += told(state, [(END_MS, "predictions", truth.predictions(everything))])
    assert state.models["churn"].counts["late_outcome"] + len(state.orphans) >= 200
    assert not any(one.metric == "model.accuracy" for one in found)
    assert (
        sum(v for (m, t, _), (v, _) in by_series(found).items() if m == "model.predictions" and len(t) == 2)
        == 200
    )


def test_the_cap_thins_what_waits_and_shares_stay_right(tmp_path: Path) -> None:
    truth = world(20_000, hours=2, delay_ms=DAY_MS)
    whole = of(records(truth))
    state = ServedState(tmp_path, SECRET, 300_000)
    found = by_series([*told(state, records(truth)), *ended(state, END_MS)])
    assert state.level >= 1
    for key, (value, n) in whole.items():
        if key[0] == "model.accuracy" and len(key[1]) == 2:
            kept, m = found[key]
            assert m < n / 2
            assert abs(kept - value) < 4 * math.sqrt(value * (1 - value) / m)
        elif key[0] in ("model.predictions", "model.drift", "model.estimated_accuracy"):
            assert np.array_equal(found[key], (value, n), equal_nan=True)


def test_backfilled_predictions_live_in_their_own_time(tmp_path: Path) -> None:
    truth: World = world(500, hours=5, delay_ms=2 * HOUR_MS)
    live = of(records(truth))
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", MODEL)
    found: list[Sample] = []
    for record in records(truth):
        apply(state, record, live=False)
        found += state.finals()
    assert not state.due(END_MS)
    state.complete(START_MS + 30 * HOUR_MS)
    found += state.finals()
    told_of = {
        key: value for key, value in by_series(found).items() if value[0] or key[0] != "model.predictions"
    }
    assert same({key: value for key, value in live.items() if key in told_of}, told_of)
    assert sum(key[0] == "model.accuracy" for key in told_of) == sum(
        key[0] == "model.accuracy" for key in live
    )
