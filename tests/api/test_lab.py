"""The lab: what detectors call over points that are sent along is what the system would have called."""

from __future__ import annotations

from threading import Event, Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitor.backtest import backtest
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import BadRequest, Overloaded
from monitor.intake.limits import Limits
from monitor.lab import DETECTORS_MAX, Detector, Lab, Points
from tests.api.conftest import App

START_MS = 1_700_006_400_000
LENGTH = 1_700
SPIKE = range(1_600, 1_605)


@pytest.fixture(scope="module")
def points() -> Points:
    random = np.random.default_rng(3)
    value = 20.0 + random.standard_normal(LENGTH)
    value[SPIKE.start : SPIKE.stop] += 15.0
    return Points(START_MS + MINUTE_MS * np.arange(LENGTH), value)


@pytest.fixture
def lab() -> Lab:
    return Lab("UTC", Limits())


def _body(points: Points, **more: Any) -> dict[str, Any]:
    columns = {"ts_ms": points.ts_ms.tolist(), "value": points.value.tolist()}
    return {**columns, "detectors": [{}], **more}


def test_the_system_calls_what_a_back_test_calls(lab: Lab, points: Points) -> None:
    system, fixed = lab.run(points, [Detector(), Detector("moving_average", "sigma")])
    frame = pd.DataFrame({"timestamp": pd.to_datetime(points.ts_ms, unit="ms", utc=True), "y": points.value})
    scored = backtest(frame)
    assert np.array_equal(system.columns.ts_ms, points.ts_ms)
    for column in ("expected", "lower", "upper", "score"):
        assert np.array_equal(getattr(system.columns, column), scored[column], equal_nan=True), column
    assert np.array_equal(system.told, scored["kind"].notna())
    assert set(np.flatnonzero(system.told)) >= set(SPIKE)
    assert len(system.anomalies) == 1
    assert set(fixed.columns.model.tolist()) <= {1, 2}  # an exponential average competes always
    assert not np.array_equal(fixed.columns.score, system.columns.score)


def test_detectors_do_not_disturb_one_another(lab: Lab, points: Points) -> None:
    one, other = Detector("ema"), Detector(threshold="conformal")
    together = lab.run(points, [one, other])
    alone = [lab.run(points, [detector])[0] for detector in (one, other)]
    for both, single in zip(together, alone, strict=True):
        assert both.columns.score.tobytes() == single.columns.score.tobytes()


@pytest.fixture
def wrong(points: Points) -> list[Points]:
    stood = points.ts_ms.copy()
    stood[5] = stood[4]
    holed = points.value.copy()
    holed[7] = np.nan
    return [
        Points(points.ts_ms[:0], points.value[:0]),
        Points(stood, points.value),
        Points(points.ts_ms, holed),
        Points(points.ts_ms, points.value[1:]),
        Points(points.ts_ms, points.value, points.value[1:]),
        Points(START_MS + np.arange(10_001), np.zeros(10_001)),
    ]


def test_what_cannot_be_tried_is_refused(lab: Lab, points: Points, wrong: list[Points]) -> None:
    for one in wrong:
        with pytest.raises(BadRequest):
            lab.run(one, [Detector()])
    for detectors in ([], [Detector()] * (DETECTORS_MAX + 1)):
        with pytest.raises(BadRequest):
            lab.run(points, detectors)


def test_a_second_run_is_refused_until_the_first_has_ended(
    lab: Lab, points: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, leave = Event(), Event()

    def slow(self: Lab, *_: object) -> list[Any]:
        inside.set()
        leave.wait(10)
        return []

    monkeypatch.setattr(Lab, "_run", slow)
    first = Thread(target=lab.run, args=(points, [Detector()]))
    first.start()
    assert inside.wait(10)
    with pytest.raises(Overloaded):
        lab.run(points, [Detector()])
    leave.set()
    first.join(10)
    assert lab.run(points, [Detector()]) == []


def test_over_http(app: App, points: Points) -> None:
    asked = _body(points, detectors=[{}, {"model": "ema", "threshold": "sigma"}])
    answer = app.http.post("/api/v1/lab", json=asked)
    assert answer.status_code == 200, answer.text
    system, ema = answer.json()["detectors"]
    assert system["ts_ms"] == points.ts_ms.tolist()
    assert system["told"].index(True) == SPIKE.start
    (spike,) = system["anomalies"]
    assert (spike["kind"], spike["from_ms"]) == ("spike", START_MS + SPIKE.start * MINUTE_MS)
    assert ema["models"] == [[START_MS, "ema"]]
    assert abs(system["expected"][300] - 20) < 3
    assert app.engine.submitted == []


@pytest.mark.parametrize(
    "more",
    [
        {"detectors": []},
        {"detectors": [{"model": "oracle"}]},
        {"detectors": [{"threshold": "tea leaves"}]},
        {"value": [1.0]},
        {"value": ["NaN"] * LENGTH},
        {"ts_ms": [2**63]},
        {"series": "../../etc"},
        {"keep": True},
    ],
)
def test_hostile_bodies_are_told_why(app: App, points: Points, more: dict[str, Any]) -> None:
    answer = app.http.post("/api/v1/lab", json=_body(points, **more))
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["title"]


def test_an_unknown_series_is_not_found(app: App, points: Points) -> None:
    answer = app.http.post("/api/v1/lab", json=_body(points, series="00000000000000ff"))
    assert answer.status_code == 404


FILE = b"""timestamp,orders,returns,label
2026-01-01T00:02:00Z,3,30,1
2026-01-01T00:01:00Z,2,x,0
2026-01-01T00:01:00Z,5,20,
"""


def _read(app: App, body: bytes, query: str = "") -> Any:
    return app.http.post(f"/api/v1/lab/csv{query}", content=body, headers={"content-type": "text/csv"})


def test_a_file_becomes_points(app: App) -> None:
    read = _read(app, FILE).json()
    assert (read["names"], read["name"]) == (["orders", "returns"], "orders")
    assert read["value"] == [5.0, 3.0]
    assert read["label"] == [-1, 1]
    assert read["left_out"] == 2  # a cell without a number, and the first of two at one time
    assert _read(app, FILE, "?name=returns").json()["value"] == [20.0, 30.0]


@pytest.mark.parametrize(
    ("body", "query"),
    [
        (b"", ""),
        (b"a", ""),
        (b"\xff\xfe\x00", ""),
        (b"timestamp,orders\nnever,x\n", ""),
        (FILE, "?name=none"),
        (b"timestamp,orders\n" + b"2026-01-01T00:00:00Z,1\n" * 100_000, ""),
    ],
)
def test_a_file_that_cannot_be_read_is_told_why(app: App, body: bytes, query: str) -> None:
    answer = _read(app, body, query)
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.json()["title"]
