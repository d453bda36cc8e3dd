"""Served models over HTTP: bodies in, models and their buckets out, with a real log and state behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from monitor.domain.durations import HOUR_MS
from monitor.domain.series import Identity
from monitor.settings import Settings
from tests.api.conftest import JSON, NDJSON, App
from tests.fakes import NOW_MS, fake_monitor

START_MS = NOW_MS - 50 * HOUR_MS


@pytest.fixture
def served(tmp_path: Path) -> Iterator[App]:
    settings = Settings(engine="inline", shards=2, decode_lanes=1, data_dir=tmp_path)
    monitor, engine, story = fake_monitor(settings, tmp_path / "served")
    monitor.start()
    with TestClient(create_app(monitor), base_url="http://localhost") as http:
        yield App(http, monitor, engine, story)
    monitor.stop()


def post(
    app: App, what: str, body: Any, query: str = "", kind: str = JSON, **headers: str
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"content-type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return app.http.post(f"/api/v1/{what}{query}", content=content, headers=named)


def send(app: App, hours: int = 30, an_hour: int = 40, drift_from: int = 99) -> None:
    """A backfill by the hour, each followed by its outcomes."""
    made = np.random.default_rng(5)
    app.http.put("/api/v1/models/churn", json={"reference_buckets": 10, "maturity_ms": 2 * HOUR_MS})
    for hour in range(hours):
        score, age = made.random(an_hour), made.normal(40 + 30 * (hour >= drift_from), 9, an_hour)
        rows: list[dict[str, Any]] = [
            {
                "id": f"{hour}-{i}",
                "model": "churn",
                "version": 3,
                "timestamp": START_MS + hour * HOUR_MS + i,
                "score": float(score[i]),
                "segments": {"country": "NL" if i % 2 else "DE"},
                "features": {"age": float(age[i])},
                "latency_ms": 20,
            }
            for i in range(an_hour)
        ]
        assert (
            post(app, "predictions", {"predictions": rows, "mode": "backfill"}).json()["accepted"] == an_hour
        )
        outcomes = [
            {
                "id": row["id"],
                "model": "churn",
                "outcome": bool(made.random() < row["score"]),
                "timestamp": row["timestamp"] + HOUR_MS,
            }
            for row in rows
        ]
        assert post(app, "outcomes", {"outcomes": outcomes, "mode": "backfill"}).status_code == 200


def samples_of(app: App, metric: str, **tags: str) -> list[tuple[int, float, float]]:
    number = Identity.of(metric, {"model": "churn", "version": "3", **tags}).fingerprint()
    found: list[tuple[int, float, float]] = []
    for one in app.engine.submitted:
        mine = one.batch.fingerprint == number
        assert one.batch.n is not None
        found += zip(
            one.batch.ts_ms[mine].tolist(),
            one.batch.value[mine].tolist(),
            one.batch.n[mine].tolist(),
            strict=True,
        )
    return found


def test_predictions_and_outcomes_become_series_and_models(served: App) -> None:
    send(served, drift_from=25)
    assert post(served, "outcomes", {"outcomes": []}, f"?complete={NOW_MS - HOUR_MS}").status_code == 200
    accuracy = samples_of(served, "model.accuracy")
    assert len(accuracy) == 30
    assert all(n == 40 for _, _, n in accuracy)
    assert samples_of(served, "model.accuracy", country="NL")[0][2] == 20
    assert sum(value for _, value, _ in samples_of(served, "model.predictions")) == 30 * 40
    [listed] = served.http.get("/api/v1/models").json()["items"]
    assert (listed["name"], listed["task"], listed["version"]) == ("churn", "classification", "3")
    assert listed["quality"]["value"] == accuracy[-1][1]
    assert listed["predictions"] == listed["labelled"] == 1_200
    told = served.http.get("/api/v1/models/churn?buckets=5").json()
    assert len(told["buckets"]) == 5
    newest = told["buckets"][0]
    assert newest["phase"] == "mature"
    assert newest["coverage"] == 1
    assert newest["values"]["accuracy"]["lower"] < newest["values"]["accuracy"]["value"]
    drifted = [one for one in newest["drift"] if one["drifted"]]
    assert [one["feature"] for one in drifted] == ["age"]
    assert "age: median" in drifted[0]["text"]
    assert listed["drifted"][0].startswith("age")
    assert [value > 0.1 for _, value, _ in samples_of(served, "model.drift", feature="age")] == [
        False
    ] * 15 + [True] * 5
    assert told["each"][0]["segments"] == ["country=DE", "country=NL"]
    assert 50 * 60_000 < told["delay_ms"]["p50"] < 70 * 60_000
    part = served.http.get("/api/v1/models/churn", params={"segment": "country=NL", "version": "3"}).json()
    assert part["buckets"][0]["predictions"] == 20
    assert served.http.get("/api/v1/models/churn?segment=country=FR").status_code == 404
    assert served.http.get("/api/v1/models/other").status_code == 404


def test_every_metric_is_declared_unless_somebody_did(served: App) -> None:
    served.http.put("/api/v1/metrics/model.accuracy", json={"unit": "%"})
    send(served, hours=6)
    served.monitor.serving.settle(60)
    declared = served.http.get("/api/v1/metrics/model.accuracy").json()
    assert (declared["unit"], declared["polarity"]) == ("%", None)
    assert served.http.get("/api/v1/metrics/model.predictions").json()["kind"] == "delta"


def test_a_request_counts_once(served: App) -> None:
    row = {"id": 1, "model": "churn", "timestamp": NOW_MS - 5, "score": 0.5}
    first = post(served, "predictions", {"predictions": [row]}, idempotency_key="k")
    again = post(served, "predictions", {"predictions": [row | {"id": 2}]}, idempotency_key="k")
    assert first.json() == {"accepted": 1, "rejected": 0, "errors": [], "repeated": False}
    assert again.json()["repeated"] is True
    served.monitor.serving.settle(60)
    assert served.http.get("/api/v1/models").json()["items"][0]["predictions"] == 1


def test_bad_rows_are_told_apart(served: App) -> None:
    rows = b'{"id": 1, "model": "churn", "timestamp": 5, "score": 0.5}\nnothing\n'
    answer = post(served, "predictions", rows, kind=NDJSON)
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["line"] == 2
    assert post(served, "predictions", rows, "?strict=1", kind=NDJSON).status_code == 422
    assert post(served, "predictions", b"nothing", kind=NDJSON).status_code == 400
    assert post(served, "outcomes", {"outcomes": 1}).status_code == 400
    assert post(served, "outcomes", b"", kind="text/csv").status_code == 415
    assert served.http.get("/api/v1/outcomes").status_code == 405


def test_settings_are_kept_and_audited(served: App) -> None:
    path = "/api/v1/models/churn"
    assert served.http.put(path, json={"task": "ranking", "top": 3}).json()["top"] == 3
    deeds = served.monitor.accounts.deeds  # type: ignore[attr-defined]
    assert [deed.action for deed in deeds] == ["model declared"]
    assert served.http.put(path, json={"maturity_ms": 15 * 24 * HOUR_MS}).status_code == 422
    assert served.http.put(path, json={"unknown": 1}).status_code == 422
    row = {"id": 1, "model": "churn", "timestamp": NOW_MS - 5}
    post(served, "predictions", {"predictions": [row]})
    post(served, "outcomes", {"outcomes": [{"id": 1, "model": "churn", "outcome": 2}]})
    served.monitor.serving.settle(60)
    told = served.http.get(path).json()
    assert told["task"] == "ranking"
    assert told["settings"]["top"] == 3
    [bucket] = told["buckets"]
    assert (bucket["phase"], bucket["values"]["hit_rate"]["value"]) == ("filling", 1.0)
