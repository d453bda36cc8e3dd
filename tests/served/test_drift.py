"""Which feature of which segment has drifted, and that nothing else is said to have."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.served import ModelSettings
from monitor.served import closing, view
from monitor.served.drift import Feature, Reference
from monitor.served.sample import Sample
from monitor.served.state import ServedState
from tests.served.world import SECRET, START_MS, by_series, ended, like, records, told, world

MODEL = ModelSettings(reference_buckets=10)


def test_one_feature_of_a_segment_with_a_twentieth_of_the_traffic_is_named(tmp_path: Path) -> None:
    truth = world(40_000, hours=20, seed=9)
    made = np.random.default_rng(2)
    country = made.choice(np.array(["DE", "FR", "NL"]), len(truth), p=[0.6, 0.35, 0.05])
    moved = (country == "NL") & (truth.ts_ms >= START_MS + 15 * HOUR_MS)
    truth = like(truth, country=country, age=np.where(moved, truth.age + 15.0, truth.age))
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", MODEL)
    found = by_series([*told(state, records(truth)), *ended(state, START_MS + DAY_MS)])
    beyond = {
        (dict(tags).get("country"), dict(tags)["feature"], (ts - START_MS) // HOUR_MS)
        for (metric, tags, ts), (value, _) in found.items()
        if metric == "model.drift" and value > 0.1
    }
    assert beyond == {("NL", "age", hour) for hour in range(15, 20)}
    model = state.models["churn"]
    [text] = view.summary(model)["drifted"]
    assert text.startswith("age of country=NL: median 55")
    assert "where it was 39" in text
    [drift] = [one for one in _shown(state, "country=NL") if one["drifted"]]
    assert set(drift["distances"]) == {"psi", "jensen_shannon", "kolmogorov_smirnov", "wasserstein"}
    assert drift["segment"] == "country=NL"
    plans = [one for one in _shown(state, None) if one["feature"] == "plan"]
    assert set(plans[0]["distances"]) == {"psi", "jensen_shannon", "chi_squared"}


def test_words_say_what_moved(tmp_path: Path) -> None:
    truth = world(24_000, hours=16, seed=11)
    late = truth.ts_ms >= START_MS + 12 * HOUR_MS
    made = np.random.default_rng(3)
    plan = np.where(late & (made.random(len(truth)) < 0.4), "trial", truth.plan)
    age = np.where(late & (made.random(len(truth)) < 0.3), np.nan, truth.age)
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", MODEL)
    list(told(state, records(like(truth, plan=plan, age=age))))
    list(ended(state, START_MS + DAY_MS))
    texts = {one["feature"]: one["text"] for one in _shown(state, None)}
    assert re.match(r"plan: trial in (3|4)\d%, a new value", texts["plan"])
    assert re.match(r"age: missing in (2|3)\d% where it was 0%", texts["age"])
    assert "as it was" in texts["score"]


def test_what_is_beyond_chance_and_no_drift_says_that_it_is_small() -> None:
    made = np.random.default_rng(0)

    def sample(middle: float, cases: int) -> Sample:
        found = Sample(cases)
        hashes = made.integers(0, 2**63, cases).astype(np.uint64)
        found.add(hashes, made.normal(middle, 1.0, (cases, 1)))
        return found

    reference = Reference(sample(0.0, 4_000))
    near, far = (reference.compared([Feature("age")], sample(by, 4_000))[0] for by in (0.15, 0.5))
    assert (near.drifted, far.drifted) == (False, True)
    assert near.text.startswith("age: beyond chance, but small: median 0.1")
    assert far.text.startswith("age: median 0.")


def test_a_model_without_scores_and_a_segment_that_is_new_are_no_trouble(tmp_path: Path) -> None:
    truth = like(world(6_000, hours=6, seed=13), answers="numbers")
    late = truth.ts_ms >= START_MS + 4 * HOUR_MS
    truth = like(truth, country=np.where(late, "BE", truth.country))
    state = ServedState(tmp_path, SECRET, 1 << 30)
    state.declare("churn", ModelSettings(reference_buckets=2))
    found = by_series([*told(state, records(truth)), *ended(state, START_MS + DAY_MS)])
    features = {dict(tags)["feature"] for metric, tags, _ in found if metric == "model.drift"}
    assert features == {"age", "plan", "prediction"}
    assert not any(dict(tags).get("country") == "BE" for metric, tags, _ in found if metric == "model.drift")
    assert any(dict(tags).get("country") == "BE" for metric, tags, _ in found if metric == "model.mae")


def _shown(state: ServedState, segment: str | None) -> list[dict[str, Any]]:
    model = state.models["churn"]
    cell = next(at for at in range(len(model.cells)) if (closing.where(model, at) or None) == segment)
    bucket = model.newest_drift[cell][0]
    shown = view.detail(model, None, segment, 400)["buckets"]
    told = next(one["drift"] for one in shown if one["start_ms"] == bucket * HOUR_MS)
    assert len(told) == len(msgspec.msgpack.decode(model.newest_drift[cell][1]))
    return list(told)
