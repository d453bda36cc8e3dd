"""River's forecasters as baselines: as River says it, and a snapshot that goes on as if nothing had been."""

from __future__ import annotations

import math
import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import base

from learners.baseline.river_model import RiverModel, Spec, warm
from learners.baseline.river_state import from_plain, to_plain

FORECASTERS: list[dict[str, Any]] = [
    {"class": "time_series.HoltWinters", "parameters": {"alpha": 0.3, "beta": 0.05}},
    {
        "class": "time_series.HoltWinters",
        "parameters": {"alpha": 0.2, "beta": 0.05, "gamma": 0.2, "seasonality": 6},
    },
    {"class": "time_series.SNARIMAX", "parameters": {"p": 3, "d": 0, "q": 1, "m": 6, "sp": 1}},
    {
        "class": "time_series.SNARIMAX",
        "parameters": {
            "p": 2,
            "d": 1,
            "q": 0,
            "regressor": {
                "class": "linear_model.LinearRegression",
                "parameters": {"l2": 0.01, "optimizer": {"class": "optim.Adam", "parameters": {"lr": 0.01}}},
            },
        },
    },
]
DETECTORS: list[dict[str, Any]] = [
    {
        "class": "anomaly.HalfSpaceTrees",
        "parameters": {"n_trees": 3, "height": 4, "window_size": 20, "seed": 1},
    },
    {"class": "anomaly.OneClassSVM"},
    {"class": "anomaly.LocalOutlierFactor", "parameters": {"n_neighbors": 4}},
    {"class": "anomaly.GaussianScorer", "parameters": {"grace_period": 10}},
    {"class": "anomaly.StandardAbsoluteDeviation"},
]
GAUSSIAN = Spec("anomaly.GaussianScorer")


def value(i: int) -> float:
    return math.sin(i / 3.0) + 0.1 * ((i * 7919) % 13)


def carried(state: Any) -> Any:
    """Through bytes, as a file would carry it."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(state))


@settings(max_examples=25)
@given(
    st.sampled_from(FORECASTERS),
    st.integers(0, 60),
    st.lists(st.tuples(st.integers(1, 3), st.sampled_from([0.0, 0.3, 1.0])), max_size=20),
)
def test_resumed_equals_unbroken(body: dict[str, Any], seen: int, later: list[tuple[int, float]]) -> None:
    model, _, _ = warm(Spec.of(body), np.array([value(i) for i in range(seen)]), np.arange(seen))
    model.rebase(2.5)
    again = RiverModel.from_state(carried(model.state()))
    t = seen
    for ahead, weight in later:
        t += ahead
        assert again.forecast(t) == model.forecast(t)
        for one in (model, again):
            one.learn(t, value(t) + 2.5, *one.forecast(t), weight)
    assert again.state() == model.state()


@pytest.mark.parametrize("body", DETECTORS, ids=lambda body: str(body["class"]))
def test_detectors_of_river_can_be_carried_too(body: dict[str, Any]) -> None:
    detector = Spec.of(body).make()

    def step(one: Any, i: int) -> float:
        if isinstance(one, base.SupervisedAnomalyDetector):
            score = one.score_one({}, value(i)) if i > 10 else 0.0
            one.learn_one({}, value(i))
        else:
            score = one.score_one({0: value(i)}) if i > 10 else 0.0
            one.learn_one({0: value(i)})
        return float(score)

    for i in range(100):
        step(detector, i)
    again = from_plain(carried(to_plain(detector)))
    assert [step(detector, i) for i in range(100, 160)] == [step(again, i) for i in range(100, 160)]


def test_says_what_river_says_while_nothing_is_clipped() -> None:
    body = FORECASTERS[0]
    y = np.random.default_rng(1).uniform(-1.0, 1.0, 1200)
    _, centre, scale = warm(Spec.of(body), y, np.arange(1200))
    river: Any = Spec.of(body).make()
    for i, one in enumerate(y.tolist()):
        if i >= 20:
            assert centre[i] == pytest.approx(river.forecast(1)[0], abs=1e-9)
        river.learn_one(one)
    assert np.std((y - centre)[600:] / scale[600:]) == pytest.approx(1.0, abs=0.1)


def test_behaves_as_a_baseline() -> None:
    """No weight teaches nothing, a forecast changes nothing, an extreme teaches little, a rebase moves it."""
    model, _, _ = warm(Spec.of(FORECASTERS[0]), np.array([value(i) for i in range(100)]), np.arange(100))
    before = model.state()
    centre, scale = model.forecast(100)
    model.learn(100, 7.0, centre, scale, 0.0)
    assert model.state() == before
    model.rebase(2.5)
    assert model.forecast(100)[0] == pytest.approx(centre + 2.5)
    model.learn(100, 1e6, *model.forecast(100), 1.0)
    after, wider = model.forecast(101)
    assert abs(after - centre - 2.5) < 6.0 * scale
    assert wider <= 1.5 * scale


@pytest.mark.parametrize(
    "body",
    [
        {"class": "os.system"},
        {"class": "time_series.iter_evaluate"},
        {"class": "time_series.evaluate.statistics.fmean"},
        {"class": "time_series.HoltWinters", "parameters": {"alpha": 0.3, "more": 1}},
        {"class": "time_series.HoltWinters", "parameters": {"alpha": object()}},
        {"class": "linear_model.LinearRegression"},
        {"class": "time_series.HoltWinters", "eval": "1"},
        {"class": 3},
    ],
)
def test_refuses_what_is_no_forecaster(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RiverModel(Spec.of(body))


@pytest.mark.parametrize(
    "told",
    [
        ["name", "os:system"],
        ["object", "subprocess:Popen", None, []],
        ["object", "river.time_series.holt_winters:functools.partial", None, []],
        ["object", "river.base:no_such", None, []],
        ["eval", "1"],
        ["same", 7],
        ["default", ["print", []], []],
        ["array", "|O", [1], b"12345678"],
        3.0 + 1j,
    ],
)
def test_reads_no_names_but_rivers(told: Any) -> None:
    kind, version, _ = to_plain(1.0)
    with pytest.raises(ValueError):
        from_plain([kind, version, told])


@pytest.mark.parametrize(
    "thing", [object(), open, random.SystemRandom(), {"a": lambda: 1}, np.array([object()])]
)
def test_refuses_to_carry_what_is_not_rivers(thing: Any) -> None:
    with pytest.raises(ValueError):
        to_plain(thing)


def test_what_is_shared_stays_shared() -> None:
    scorer, other = GAUSSIAN.make(), GAUSSIAN.make()
    one, two, alone = from_plain(carried(to_plain([scorer, scorer, other])))
    assert one is two
    assert one is not alone


def test_another_river_does_not_read_it() -> None:
    kind, version, told = to_plain(GAUSSIAN.make())
    with pytest.raises(ValueError, match="no state of an object of River"):
        from_plain([kind, version + ".1", told])
