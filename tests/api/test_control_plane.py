"""Lists, single things, declarations, health: the shapes of the API, and its errors."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.guard import SECURITY_HEADERS
from monitor.domain.incident import IncidentState, IncidentTransition, TransitionKind
from monitor.domain.records import Control, Kind
from monitor.service import State
from tests.api.conftest import App, sample
from tests.fakes import NOW_MS, fake_monitor, storm_anomaly, storm_incident


@pytest.fixture
def storm(app: App) -> App:
    app.story.placed.append(storm_anomaly())
    app.story.kept.append(storm_incident())
    return app


def get(app: App, path: str, **parameters: Any) -> Any:
    answer = app.http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_incident_in_a_list_is_short_and_alone_is_whole(storm: App) -> None:
    (listed,) = get(storm, "/api/v1/incidents")["items"]
    assert (listed["start"], listed["start_ms"], listed["end"]) == (
        "2013-02-08T19:00:00Z",
        1_360_350_000_000,
        None,
    )
    assert (len(listed["suspects"]), len(listed["contributors"])) == (3, 5)
    assert "members" not in listed
    storm.story.steps.append(IncidentTransition(listed["id"], 1, TransitionKind.OPENED, 5, 0, 9, 1, 97.0))
    whole = get(storm, f"/api/v1/incidents/{listed['id']}")
    assert whole["steps"] == [{"kind": "opened", "at_ms": 5, "member_count": 1, "score": 97.0}]
    assert (len(whole["suspects"]), len(whole["contributors"])) == (5, 7)
    assert whole["contributors"][0]["text"] == "14 of 16 series with origin=JFK"
    (member,) = whole["members"]
    assert member["series"] == "cancelled_share{origin=JFK}"
    assert member["upper"] is None
    assert member["incident_id"] == whole["id"]
    assert get(storm, "/api/v1/incidents", state="closed")["items"] == []
    assert get(storm, "/api/v1/anomalies")["items"] == [member]


def test_series_of_all_shards_come_in_pages_by_name(app: App) -> None:
    app.send({"samples": [sample(metric=f"m{i}") for i in range(7)]})
    seen, cursor = [], None
    while True:
        page = get(app, "/api/v1/series", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [row["series"] for row in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == 7
    assert seen == sorted(set(seen))
    assert len(get(app, "/api/v1/series", metric="m3")["items"]) == 1
    assert len(get(app, "/api/v1/series", tag="country=NL")["items"]) == 7
    assert get(app, "/api/v1/series", q="nothing")["items"] == []


def test_the_band_of_a_share_is_told_within_its_limits(app: App) -> None:
    app.send({"samples": [sample()]})
    (row,) = get(app, "/api/v1/series")["items"]
    path = f"/api/v1/series/{row['id']}/observations"
    assert get(app, path)["columns"]["upper"][0] == 2.5
    assert app.http.put(f"/api/v1/metrics/{row['metric']}", json={"kind": "ratio"}).status_code == 200
    told = get(app, path)["columns"]
    assert (told["lower"][0], told["upper"][0]) == (0.5, told["expected"][0])


def test_observations_are_columns_with_null_for_nan(app: App) -> None:
    app.send({"samples": [sample()]})
    (row,) = get(app, "/api/v1/series")["items"]
    assert row["class"] == "smooth"
    answer = get(app, f"/api/v1/series/{row['id']}/observations", max_points=11_000)
    assert answer["series"] == row
    columns = answer["columns"]
    assert columns["value"] == [1.0, None]
    assert columns["expected"] == [1.5, None]
    assert columns["verdict"] == ["in band", "missing"]
    assert columns["model"] == ["ema", "holt_winters"]
    assert answer["revisions"] == {"ts_ms": [30_000], "value": [4.0], "n": [None], "arrival_ms": [NOW_MS]}
    path = f"/api/v1/series/{row['id']}/observations"
    assert app.http.get(path, params={"max_points": 11_001}).status_code == 422


def test_the_challenger_is_shown_beside_it(app: App) -> None:
    app.send({"samples": [sample()]})
    (row,) = get(app, "/api/v1/series")["items"]
    answer = get(app, f"/api/v1/series/{row['id']}/challenger")
    assert answer["model"] == "kalman"
    assert answer["columns"]["ts_ms"] == [0, 60_000]
    assert answer["columns"]["upper"] == [2.25, None]


def test_a_series_can_be_deleted(app: App) -> None:
    app.send({"samples": [sample()]})
    (row,) = get(app, "/api/v1/series")["items"]
    assert app.http.delete(f"/api/v1/series/{row['id']}").status_code == 204
    assert app.engine.controls == [Control(Kind.FORGET, {"series": row["id"]})]
    assert app.story.forgotten == [row["id"]]


def test_a_metric_is_declared(app: App) -> None:
    answer = app.http.put("/api/v1/metrics/orders", json={"kind": "delta", "timezone": "Europe/Berlin"})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["kind"], answer.json()["unit"]) == ("orders", "delta", None)
    (control,) = app.engine.controls
    assert isinstance(control, Control)
    assert control.body == {"name": "orders", "declaration": {"kind": "delta", "timezone": "Europe/Berlin"}}
    assert get(app, "/api/v1/metrics/orders") == answer.json()
    assert get(app, "/api/v1/metrics")["items"] == [answer.json()]


@pytest.mark.parametrize(
    "declaration",
    [
        {"kind": "thing"},
        {"knd": "gauge"},
        {"cadence_ms": 0},
        {"timezone": "Mars/Olympus"},
        {"timezone": "../../etc/passwd"},
        {"lateness_ms": 15 * 86_400_000},
        {"static_lower": 2.0, "static_upper": 1.0},
        {"min_change_absolute": -1},
        {"models": ["no_such"]},
        {"models": []},
        [],
    ],
)
def test_a_declaration_that_cannot_be_is_422(app: App, declaration: Any) -> None:
    answer = app.http.put("/api/v1/metrics/orders", json=declaration)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert app.engine.controls == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/series/0000000000000001", 404),
        ("/api/v1/series/0000000000000001/observations", 404),
        ("/api/v1/series/xyz", 422),
        ("/api/v1/incidents/inc-none", 404),
        ("/api/v1/metrics/none", 404),
        ("/api/v1/nothing", 404),
        ("/api/v1/series?limit=1001", 422),
        ("/api/v1/series?limit=0", 422),
        ("/api/v1/series?cursor=%21%21", 400),
        ("/api/v1/series?cursor=enp6", 400),
        ("/api/v1/series?tag=country", 422),
        ("/api/v1/incidents?state=sleeping", 422),
        ("/api/v1/incidents?tag=origin", 422),
        ("/api/v1/incidents?priority=P5", 422),
        ("/api/v1/anomalies?since_ms=-1", 422),
        ("/assets/../../app.py", 404),
        ("/assets/%2e%2e/%2e%2e/app.py", 404),
        ("/assets/..%5capp.py", 404),
        ("/docs", 404),
    ],
)
def test_what_is_not_there_or_cannot_be_is_a_problem(app: App, path: str, status: int) -> None:
    answer = app.http.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:watchkeeper:problem:")
    assert body["title"]
    assert body["detail"]


@pytest.mark.parametrize(
    "method, path, body, detail",
    [
        ("POST", "calendars", {"name": "x", "country": "D1"}, "country: should be a country's code, as DE"),
        (
            "PUT",
            "receivers/a!",
            {"kind": "log", "settings": {}},
            "name: should be a letter or digit, then up to 63 letters, digits, spaces, or any of . _ -",
        ),
        (
            "PUT",
            "users/a b",
            {"role": "viewer"},
            "name: should be up to 128 letters, digits, or any of . _ @ -",
        ),
        (
            "POST",
            "tokens",
            {"name": "\n", "scopes": ["read"]},
            "name: should be text without control characters",
        ),
    ],
)
def test_what_does_not_fit_is_answered_with_what_would(
    app: App, method: str, path: str, body: Any, detail: str
) -> None:
    answer = app.http.request(method, f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)


def test_a_limit_of_a_thousand_is_allowed(app: App) -> None:
    assert get(app, "/api/v1/series", limit=1_000) == {"items": [], "next": None}


def test_every_route_carries_the_security_headers(storm: App) -> None:
    paths = [path.replace("{", "").replace("}", "") for path in get(storm, "/openapi.json")["paths"]]
    quick = [path for path in paths if not path.endswith("/events")]
    for path in [*quick, "/", "/openapi.json", "/assets/none.js", "/nowhere"]:
        for method in ("GET", "POST"):
            answer = storm.http.request(method, path)
            here = path.startswith(("/api/v1/models", "/api/v1/predictions", "/api/v1/outcomes"))
            assert answer.status_code < 500 or (here and answer.status_code == 503), (method, path)
            for name, value in SECURITY_HEADERS.items():
                assert answer.headers[name] == value, (method, path)
            assert "access-control-allow-origin" not in answer.headers
    assert storm.http.get("/api/v1/incidents").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:9", 200),
        ("127.0.0.1:8321", 200),
        ("[::1]:8321", 200),
        ("LOCALHOST", 200),
        ("evil.example", 400),
        ("localhost.evil.example", 400),
        ("127.0.0.1.evil.example:80", 400),
        ("", 400),
    ],
)
def test_only_our_own_name_is_answered(app: App, host: str, status: int) -> None:
    assert app.http.get("/live", headers={"host": host}).status_code == status


def test_pages_of_other_origins_change_nothing(app: App) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        answer = app.http.put("/api/v1/metrics/orders", json={"kind": "gauge"}, headers=headers)
        assert answer.status_code == 403
    assert app.engine.controls == []
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert app.http.put("/api/v1/metrics/orders", json={"kind": "gauge"}, headers=own).status_code == 200


def test_openapi_is_valid_and_knows_every_route(app: App) -> None:
    document = get(app, "/openapi.json")
    OpenAPI.model_validate(document)
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))) <= known
    assert set(document["paths"]["/api/v1/samples"]["post"]["requestBody"]["content"]) == {
        "application/json",
        "application/x-ndjson",
        "application/vnd.apache.arrow.stream",
        "text/csv",
    }
    assert {"/api/v1/write", "/api/v2/write", "/v1/metrics"} <= set(document["paths"])
    assert {"/live", "/ready", "/metrics", "/api/v1/events"} <= set(document["paths"])


def test_live_is_up_before_the_shards_are(app: App) -> None:
    monitor, _, _ = fake_monitor()
    monitor._state = State.RECOVERING
    http = TestClient(create_app(monitor), base_url="http://localhost")
    assert http.get("/live").status_code == 200
    ready = http.get("/ready")
    assert (ready.status_code, ready.json()["detail"]) == (503, "the server is recovering")
    answer = http.get("/api/v1/series")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert http.post("/api/v1/samples", json={"samples": [sample()]}).status_code == 503
    assert get(app, "/ready") == {"status": "ok"}


def test_not_ready_while_the_log_fails(app: App) -> None:
    app.engine.log_ok = False
    answer = app.http.get("/ready")
    assert (answer.status_code, "log" in answer.json()["detail"]) == (503, True)


def test_own_metrics_carry_no_names_of_users(app: App) -> None:
    app.send({"samples": [sample(metric="very_secret_name"), sample("x")]})
    text = app.http.get("/metrics").text
    assert "watchkeeper_samples_accepted_total 1.0" in text
    assert 'watchkeeper_samples_rejected_total{reason="bad_value"} 1.0' in text
    assert 'watchkeeper_shard_lag_samples{shard="0"} 0.0' in text
    assert 'watchkeeper_limit{limit="body_wire_bytes_max"} 1.048576e+07' in text
    assert "very_secret_name" not in text


def test_status_tells_shards_and_limits(app: App) -> None:
    app.story.kept += [storm_incident(), storm_incident(IncidentState.CLOSED)]
    app.engine.noted = {"late": 3, "duplicate": 2, "conflict": 1}
    status = get(app, "/api/v1/status")
    assert [(s["late"], s["duplicate"], s["conflict"]) for s in status["shards"]] == [(3, 2, 1)] * 2
    text = app.http.get("/metrics").text
    assert 'watchkeeper_shard_noted_total{reason="late",shard="1"} 3.0' in text
    assert (status["version"], status["auth"], status["engine"]) == ("1.2.3", "off", "inline")
    assert [shard["shard"] for shard in status["shards"]] == [0, 1]
    assert status["incidents_open"] == 1
    assert {"name", "value", "used", "hits"} == set(status["limits"][0])


def test_the_page_is_plain_where_it_was_not_built(tmp_path: Path) -> None:
    monitor, _, _ = fake_monitor()
    plain = TestClient(create_app(monitor, dist=tmp_path), base_url="http://localhost").get("/")
    assert (plain.status_code, "<script" in plain.text) == (200, False)
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "app-1.js").write_text("1")
    (tmp_path / "index.html").write_text("<p>built</p>")
    built = TestClient(create_app(monitor, dist=tmp_path), base_url="http://localhost")
    assert built.get("/").text == "<p>built</p>"
    asset = built.get("/assets/app-1.js")
    assert asset.headers["cache-control"].endswith("immutable")
    assert asset.headers["content-type"].startswith("text/javascript")
    (tmp_path / "assets" / "app-1.js.gz").write_bytes(gzip.compress(b"packed"))
    asked = {"identity": "1", "gzip, br": "packed"}
    for encoding, text in asked.items():
        asset = built.get("/assets/app-1.js", headers={"accept-encoding": encoding})
        assert (asset.text, asset.headers["vary"]) == (text, "Accept-Encoding")
        assert asset.headers["content-type"].startswith("text/javascript")
