"""The error of a regression before outcomes: near the truth where errors keep to their predictions, not given
where they do not; the same whenever outcomes come, however arrivals are cut, whatever stops in between."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.served import ModelSettings
from monitor.served import snapshot, view
from monitor.served.closing import Told
from monitor.served.loss import BINS, Losses
from monitor.served.state import ServedState
from tests.naive import loss as naive
from tests.served.world import (
    SECRET,
    START_MS,
    WHOLE,
    Record,
    World,
    by_series,
    ended,
    like,
    lived,
    of_whole,
    records,
    told,
    world,
)

MODEL = ModelSettings(maturity_ms=2 * HOUR_MS, reference_buckets=100)
CHANGED_MS = START_MS + 12 * HOUR_MS


def priced(n: int, hours: int, seed: int, delay_ms: float = HOUR_MS) -> World:
    """Errors grow with what is predicted, and from the middle on the traffic is of dearer things."""
    made = np.random.default_rng(seed)
    truth = world(n, hours=hours, seed=seed, delay_ms=delay_ms)
    said = np.exp(made.normal(3.0, 0.5, n) + 0.3 * (truth.ts_ms >= CHANGED_MS))
    was = said * (1 + made.normal(0.0, 0.15, n))
    # `World` predicts age + score, and what came is age + truth.
    return like(truth, age=said - truth.score, truth=was - said + truth.score, answers="numbers")


def run(
    truth: World, folder: Path, arriving: Sequence[Record] | None = None
) -> tuple[ServedState, list[Told]]:
    return lived(folder, records(truth) if arriving is None else arriving, MODEL, START_MS + 30 * DAY_MS)


def estimates(arriving: Sequence[Record]) -> dict[object, tuple[float, float]]:
    with TemporaryDirectory() as folder:
        found = by_series(run(priced(0, 1, 1), Path(folder), arriving)[1])
    return {key: value for key, value in found.items() if "estimate" in key[0]}


def test_it_follows_the_traffic(tmp_path: Path) -> None:
    truth = priced(10_000, 24, seed=2)
    state, found = run(truth, tmp_path)
    for name, tolerated in (("mae", 0.05), ("rmse", 0.08)):
        estimated, came = of_whole(found, f"model.estimated_{name}"), of_whole(found, f"model.{name}")
        after = [ts for ts in estimated if ts >= CHANGED_MS]
        assert len(after) == 12
        assert abs(np.mean([estimated[ts] / came[ts] - 1 for ts in after])) < tolerated
        before = np.mean([value for ts, value in came.items() if ts < CHANGED_MS])
        assert np.mean([came[ts] for ts in after]) > 1.2 * before  # there was something to follow
    for name in ("mae", "rmse"):
        errors = of_whole(found, f"model.{name}_estimate_error")
        estimated, came = of_whole(found, f"model.estimated_{name}"), of_whole(found, f"model.{name}")
        assert errors == {ts: estimated[ts] - came[ts] for ts in estimated}
    shown = view.detail(state.models["churn"], None, None, 12)["buckets"]
    inside = [
        one["estimate"]["lower"] <= one["values"]["mae"]["value"] <= one["estimate"]["upper"] for one in shown
    ]
    assert sum(inside) >= 10
    assert all(one["estimate"]["measure"] == "mae" and one["estimate"]["rmse"]["n"] > 0 for one in shown)
    told = of_whole(found, "model.rmse_estimate_error")
    assert [one["estimate"]["rmse"]["error"] for one in shown] == [told[one["start_ms"]] for one in shown]


def test_it_is_not_given_where_errors_have_become_others(tmp_path: Path) -> None:
    """Twice as far off from the middle on: no estimate can know, until outcomes come and say so."""
    truth = priced(10_000, 24, seed=3)
    off = np.where(truth.ts_ms >= CHANGED_MS, 2.0, 1.0) * (truth.truth - truth.score)
    state, found = run(like(truth, truth=truth.score + off), tmp_path)
    given_at = [ts for ts in of_whole(found, "model.estimated_mae") if ts >= CHANGED_MS]
    # Two hours until outcomes are used, and four buckets of them.
    assert len(given_at) <= 7
    newest = view.detail(state.models["churn"], None, None, 1)["buckets"][0]["estimate"]
    assert re.match(r"it was off by -\d\d% of the error where", newest["why"])
    assert "the relation between prediction and truth has changed" in newest["why"]


def test_it_says_what_it_has_not_seen() -> None:
    made = np.random.default_rng(1)
    assert "no number" in Losses().estimate(np.empty(0), 0).why
    assert Losses().estimate(made.normal(size=9), 9).why == "0 of 300 labelled predictions to learn from"
    losses = learned(made.normal(size=100), *(made.normal(size=100) for _ in range(3)))
    assert losses.estimate(made.normal(size=500), 500).trusted
    for elsewhere in (7.0, -7.0):
        why = losses.estimate(np.append(np.zeros(80), np.full(20, elsewhere)), 100).why
        assert why == "20% of the predictions lie where hardly any was seen with its outcome"
    twofold = learned(*(np.repeat([-9.0, 9.0], 50) + made.normal(size=100) / 9 for _ in range(4)))
    assert "100%" in twofold.estimate(np.zeros(50), 50).why  # between what was seen is not seen either


def learned(*said: np.ndarray, unit: float = 1.0) -> Losses:
    """From buckets of these predictions, with errors that follow from them and weights."""
    losses = Losses()
    for place, one in enumerate(said):
        error = unit * np.abs(np.sin(17 * one) * one)
        losses.past.mature(place, np.stack([unit * one, error, 1.0 + (one > 0)], axis=1), (0.0, 0.1))
        losses.reach(place)
    return losses


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.integers(300, 400), st.sampled_from([2.0**-40, 2.0**30]))
def test_it_is_that_of_the_slow_twin_in_any_unit(seed: int, n: int, unit: float) -> None:
    made = np.random.default_rng(seed)
    past = np.round(made.normal(size=n) * 10.0 ** made.integers(-1, 3), 1)  # of few values, and of many
    now = made.choice(past, 30) * made.choice([1.0, 2.0], 30)
    losses = learned(past)
    found = losses.estimate(now, len(now))
    assert found.value is not None
    assert found.rmse is not None
    pairs = [(float(a), float(b), float(c)) for a, b, c in losses.window[0]]
    expected = naive.expected_errors(pairs, now.tolist(), BINS)
    assert (found.value, found.rmse[0]) == pytest.approx(expected, rel=1e-9)
    scaled = learned(past, unit=unit).estimate(unit * now, len(now))
    assert scaled.rmse is not None
    assert (scaled.value, scaled.rmse[0]) == (unit * found.value, unit * found.rmse[0])
    assert scaled.why == found.why


TRUTH = priced(900, 8, seed=4, delay_ms=0.0)
EVERY_MS = 30 * 60_000


@cache
def whole() -> dict[object, tuple[float, float]]:
    return estimates(records(TRUTH, EVERY_MS))


def test_when_outcomes_come_changes_nothing() -> None:
    assert len(whole()) > 30
    for delay_ms in (HOUR_MS, 2 * HOUR_MS):
        late = TRUTH.ts_ms + (delay_ms * np.random.default_rng(3).random(len(TRUTH))).astype(np.int64)
        assert estimates(records(like(TRUTH, known_ms=late), EVERY_MS)) == whole()


@settings(max_examples=5)
@given(st.integers(0, 10_000))
def test_order_and_cut_change_nothing(seed: int) -> None:
    """Rows of each record come in another order and in two records."""
    made = np.random.default_rng(seed)
    cut: list[Record] = []
    for arrival_ms, kind, batch in records(TRUTH, EVERY_MS):
        mixed = batch.take(made.permutation(batch.num_rows))
        at = int(made.integers(0, batch.num_rows + 1))
        cut += [(arrival_ms, kind, part) for part in (mixed[:at], mixed[at:]) if part.num_rows]
    assert estimates(cut) == whole()


@settings(max_examples=5)
@given(st.integers(0, 24))
def test_a_restart_changes_nothing(at: int) -> None:
    arriving = records(TRUTH, EVERY_MS)
    with TemporaryDirectory() as place:
        folder = Path(place)
        state = ServedState(folder, SECRET, 1 << 30)
        state.declare("churn", MODEL)
        first = list(told(state, arriving[:at]))
        arrays = {name: array.copy() for name, array in snapshot.save(state, at).items()}
        again = snapshot.load(arrays, folder, SECRET, 1 << 30)
        rest = [*told(again, arriving[at:]), *ended(again, START_MS + 30 * DAY_MS)]
        found = by_series([*first, *rest])
    assert {key: value for key, value in found.items() if "estimate" in key[0]} == whole()


def test_a_checkpoint_of_the_release_before_is_read(tmp_path: Path) -> None:
    arriving = records(TRUTH, EVERY_MS)
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", MODEL)
    first = list(told(state, arriving[:16]))
    arrays = snapshot.save(state, 16)
    meta = msgspec.msgpack.decode(arrays["meta"].tobytes(), strict=False)
    [model] = meta["models"]
    assert model.pop("pairs")
    assert model["versions"][0].pop("losses")["waiting"]
    arrays["meta"] = np.frombuffer(msgspec.msgpack.encode(meta), np.uint8)
    again = snapshot.load(arrays, tmp_path, SECRET, 1 << 30)
    found = by_series([*first, *told(again, arriving[16:]), *ended(again, START_MS + 30 * DAY_MS)])
    assert sum(name == "model.mae" and tags == WHOLE for name, tags, _ in found) == 8
