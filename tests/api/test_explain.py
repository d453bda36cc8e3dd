"""Explanations over HTTP and on the command line, and what every anomaly says of itself."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from api.commands import ask, explain, times
from monitor.domain.alert import Holding
from monitor.domain.anomaly import Anomaly, AnomalyKind
from monitor.domain.budget import Budget
from monitor.domain.errors import BadRequest, IntakeUnavailable
from monitor.domain.incident import PlacedAnomaly
from monitor.domain.series import Identity
from monitor.explaining import PASTS_MAX
from tests.api.conftest import App, sample
from tests.api.test_command_line import client
from tests.fakes import NOW_MS, FakeAlerts, FakeAlertStore, storm_anomaly, storm_incident

AT = NOW_MS - 600_000
ORDERS = Identity.of("orders", {"country": "NL"})
ID = f"{ORDERS.fingerprint():016x}"


@pytest.fixture
def told(app: App) -> App:
    app.send({"samples": [sample()]})
    return app


def ask_why(app: App, series: str = ID, at: Any = AT) -> Any:
    answer = app.http.get("/api/v1/explain", params={"series": series, "at": at})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_ordinary_minute(told: App) -> None:
    found = ask_why(told)
    assert (found["reason"], found["ground"], found["anomaly"]) == ("in band", None, None)
    assert (found["value"], found["expected"], found["size"], found["n"]) == (12.5, 12.0, 0.5, None)
    assert found["percent"] == pytest.approx(100 / 24)
    assert found["text"] == "In band: 12.5 where 12 was expected (band 10 to 14): +0.5, +4.167 %; score 8."
    assert found["normal"] == "a value between 10 and 14"
    assert found["unusual"] == "like most of the last 8 days"
    assert (found["judged_by"], found["judged_since_ms"], found["judged_since_known"]) == (
        "ema",
        1_360_000_000_000,
        True,
    )
    assert found["series"]["id"] == ID
    assert found["bucket_ms"] == AT // 60_000 * 60_000


@pytest.mark.parametrize("series", [ID, "orders{country=NL}", "orders"])
@pytest.mark.parametrize("at", [AT, "2025-12-31T23:50:00Z", "2026-01-01T00:50:00+01:00"])
def test_a_series_and_a_time_have_several_names(told: App, series: str, at: Any) -> None:
    found = ask_why(told, series, at)
    assert (found["series"]["id"], found["at_ms"], found["at"]) == (ID, AT, "2025-12-31T23:50:00Z")


@pytest.mark.parametrize(
    ("series", "at", "status"),
    [
        ("0" * 16, AT, 404),
        ("sales", AT, 404),
        ("orders{country=BE}", AT, 404),
        ("orders{NL}", AT, 400),
        ("orders", "yesterday", 422),
        ("orders", -1, 422),
        ("orders", 10**18, 422),
        ("orders", "", 422),
    ],
)
def test_what_cannot_be_explained(told: App, series: str, at: Any, status: int) -> None:
    answer = told.http.get("/api/v1/explain", params={"series": series, "at": at})
    assert answer.status_code == status, answer.text


def test_a_name_that_several_series_have_is_asked_back(told: App) -> None:
    told.send({"samples": [{"metric": "orders", "tags": {"country": "BE"}, "timestamp": NOW_MS, "value": 1}]})
    answer = told.http.get("/api/v1/explain", params={"series": "orders", "at": AT})
    assert answer.status_code == 400
    assert "orders{country=BE}" in answer.json()["detail"]
    assert ask_why(told, "orders{country=NL}")["series"]["id"] == ID


@pytest.mark.parametrize(
    ("differs", "reason", "said"),
    [
        ({"judged": None, "previous_ms": 0}, "missing", "Missing is not zero"),
        ({"judged": None, "previous_ms": None}, "before the first sample", "lies before the first"),
        ({"judged": None, "previous_ms": None, "kept_ms": NOW_MS}, "not kept", "no longer kept"),
        ({"judged": None, "previous_ms": 0, "late": [[AT, 3.0, NOW_MS]]}, "late", "the sample 3 of"),
        ({"judged": None, "final_ms": 0, "waiting": [7.0]}, "not final", "7 has come"),
        ({"judged": None, "final_ms": 0, "held": True}, "not final", "waits for a learning pass"),
        ({"judged": None, "final_ms": 0, "newest_ms": 0}, "not arrived", "newest bucket"),
        ({"judged": None, "bucket_ms": None, "waiting": [1.0]}, "no cadence", "Waiting for that: 1 sample."),
    ],
)
def test_why_nothing_was_judged(told: App, differs: dict[str, Any], reason: str, said: str) -> None:
    told.engine.moments[AT] = {"past": None} | differs
    found = ask_why(told)
    assert found["reason"] == reason
    assert said in found["text"]
    assert [found[name] for name in ("value", "size", "percent", "judged_by", "anomaly")] == [None] * 5
    assert found["unusual"] == ""


def test_a_late_sample_beside_a_judged_value_is_noted(told: App) -> None:
    told.engine.moments[AT] = {"late": [[AT, 3.0, NOW_MS]], "damaged": True}
    found = ask_why(told)
    assert found["reason"] == "in band"
    assert found["late"] == [{"ts_ms": AT, "value": 3.0, "arrival_ms": NOW_MS}]
    assert [("did not learn" in note, "cannot be read" in note) for note in found["notes"][:2]] == [
        (True, False),
        (False, True),
    ]


def anomaly(number: int = 0, score: float = 80.0, kind: AnomalyKind = AnomalyKind.SPIKE) -> PlacedAnomaly:
    onset = AT // 60_000 * 60_000 - number * 3_600_000
    numbers = (math.nan,) * 4 if kind is AnomalyKind.NO_DATA else (90.0, 12.0, 10.0, 14.0)
    name = Anomaly.id_of(ORDERS.fingerprint(), onset, kind)
    one = Anomaly(name, ORDERS, kind, 1, onset, onset, onset, onset + 60_000, score, *numbers, 1, 60_000)
    return PlacedAnomaly(one, (), "inc-1")


def test_an_anomaly_is_named_with_its_ground(told: App) -> None:
    told.story.placed.append(anomaly())
    judged = {"value": 90.0, "n": 3.0, "expected": 12.0, "lower": 10.0, "upper": 14.0, "score": 80.0}
    told.engine.moments[AT] = {"judged": judged | {"verdict": 2, "model": 1}}
    found = ask_why(told)
    assert (found["reason"], found["ground"]) == ("anomaly", "outside the band")
    assert found["anomaly"]["id"] == anomaly().anomaly.id
    assert found["anomaly"]["incident_id"] == "inc-1"
    assert str(anomaly().anomaly.series) in found["text"]
    assert anomaly().anomaly.id not in found["text"]


def test_what_a_budget_held_back_is_told_at_its_place(told: App) -> None:
    """Of the incident that the anomaly is part of, and of no other."""
    assert isinstance(told.monitor.alerts, FakeAlerts)
    assert isinstance(told.monitor.alerts.store, FakeAlertStore)
    why = f"{Budget(5.0, team='web').holds} score 60.0 < 66.7"
    told.monitor.alerts.store.kept_holdings = [
        Holding("inc-1", "ops", AT, why),
        Holding("inc-2", "ops", AT, ""),
    ]
    assert ask_why(told)["holds"] == []
    story = storm_incident()
    told.story.placed.append(replace(anomaly(), incident_id=story.id))
    told.story.kept.append(story)
    told.monitor.alerts.store.kept_holdings.append(Holding(story.id, "night", AT, why))
    (held,) = ask_why(told)["holds"]
    assert (held["route"], held["why"], held["incident_id"]) == ("night", why, story.id)
    assert ("not told", f"route night: {why}") in list(explain.facts(ask_why(told)))


def test_silence_is_an_anomaly_of_its_own(told: App) -> None:
    told.story.placed.append(anomaly(kind=AnomalyKind.NO_DATA))
    told.engine.moments[AT] = {"judged": None, "previous_ms": 0}
    found = ask_why(told)
    assert (found["reason"], found["ground"], found["normal"]) == ("anomaly", "silent", "any value at all")
    assert (found["anomaly"]["size"], found["anomaly"]["judged_by"]) == (None, None)


def test_every_anomaly_says_how_large_how_unusual_and_what_was_normal(app: App) -> None:
    storm = storm_anomaly()
    app.story.placed.append(replace(storm, anomaly=replace(storm.anomaly, upper=0.074)))
    app.story.kept.append(storm_incident())
    app.http.put("/api/v1/metrics/cancelled*", json={"kind": "ratio", "min_change_absolute": 0.1})
    identity = storm_anomaly().anomaly.series
    app.engine.known[identity.fingerprint()] = identity.canonical()
    (listed,) = app.http.get("/api/v1/anomalies").json()["items"]
    assert listed["size"] == pytest.approx(0.55)
    assert listed["percent"] == pytest.approx(2_750)
    assert listed["unusual"] == "5.5 times the largest of the last 8 days"
    assert (listed["judged_by"], listed["judged_since_ms"]) == ("ema", 1_360_000_000_000)
    assert (listed["ground"], listed["normal"]) == ("outside the band", "a value between 0 % and 12 %")
    assert (listed["normal_lower"], listed["normal_upper"]) == pytest.approx((0.0, 0.12))
    assert (listed["value_text"], listed["expected_text"]) == ("57 %", "2 %")
    assert "57 % where 2 % was expected" in listed["text"]
    assert "+55 percentage points" in listed["text"]
    (member,) = app.http.get(f"/api/v1/incidents/{storm_incident().id}").json()["members"]
    assert member == listed


def test_the_past_is_read_once_and_for_the_highest_scores(told: App) -> None:
    told.story.placed += [anomaly(i, score=50.0 + i / 10) for i in range(PASTS_MAX + 20)]
    first = told.http.get("/api/v1/anomalies", params={"limit": 1_000}).json()["items"]
    assert [bool(one["unusual"]) for one in first] == [False] * 20 + [True] * PASTS_MAX
    again = told.http.get("/api/v1/anomalies", params={"limit": 1_000}).json()["items"]
    assert all(one["unusual"] for one in again)
    assert sum(wanted for _, wanted in told.engine.asked_pasts) == PASTS_MAX + 20


def test_anomalies_are_told_while_a_shard_does_not_answer(told: App) -> None:
    told.story.placed.append(anomaly())
    told.engine.fail_ask = IntakeUnavailable("shard 0 has ended")
    (one,) = told.http.get("/api/v1/anomalies").json()["items"]
    assert (one["size"], one["unusual"], one["judged_by"]) == (78.0, "", None)


def test_patterns_hold_for_what_fits(told: App) -> None:
    put = told.http.put("/api/v1/metrics/or*", json={"unit": "pieces", "polarity": "down"})
    assert put.json()["declared_by"] == "or*"
    held = told.http.get("/api/v1/metrics/orders").json()
    assert (held["unit"], held["polarity"], held["declared_by"]) == ("pieces", "down", "or*")
    own = told.http.put("/api/v1/metrics/orders", json={"unit": "boxes"}).json()
    assert told.http.get("/api/v1/metrics/orders").json() == own
    listed = told.http.get("/api/v1/metrics").json()["items"]
    assert [(one["name"], one["declared_by"]) for one in listed] == [("or*", "or*"), ("orders", "orders")]
    assert "12.5 boxes where 12 boxes was expected" in ask_why(told)["text"]
    assert told.http.put("/api/v1/metrics/orders", json={}).json()["declared_by"] is None
    assert told.http.get("/api/v1/metrics/orders").json()["declared_by"] == "or*"


def test_patterns_have_a_limit(small: App) -> None:
    assert small.monitor.settings.limits.patterns_max == 2
    assert [
        small.http.put(f"/api/v1/metrics/{name}", json={"unit": "s"}).status_code for name in ("a*", "b*")
    ] == [
        200,
        200,
    ]
    refused = small.http.put("/api/v1/metrics/c*", json={"unit": "s"})
    assert (refused.status_code, refused.json()["type"].rsplit(":")[-1]) == (422, "patterns-max")
    assert small.http.put("/api/v1/metrics/a*", json={"unit": "ms"}).status_code == 200


def test_the_command_explains(
    told: App, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told.story.placed.append(anomaly())
    told.engine.moments[AT] = {"late": [[AT, 3.0, NOW_MS]]}
    monkeypatch.setattr(explain, "Client", lambda url, token: client(told)[0])
    monkeypatch.setattr(ask, "Client", lambda url, token: client(told)[0])
    monkeypatch.setenv("COLUMNS", "240")
    asked: dict[str, Any] = {"series": "orders", "at": "2025-12-31 23:50", "tz": "UTC"}
    assert explain.explain("", "", **asked, as_json=False) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("In band: 12.5 where 12 was expected")
    for part in ("orders{country=NL}", "ema since 2013-02-04", "a value between 10 and 14", "did not learn"):
        assert part in shown
    assert explain.explain("", "", **asked, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == ask_why(told)
    ask.anomalies("", "", series=None, metric=None, state=None, limit=5, as_json=False)
    table = capsys.readouterr().out
    for part in ("780 times the largest", "650.0", "a value between 10 and 14", "ema"):
        assert part in table, table


@pytest.mark.parametrize(("at", "tz"), [("noon", "UTC"), ("2026-01-01 12:00", "Nowhere"), ("", "UTC")])
def test_a_time_that_is_none_is_wrong_usage(at: str, tz: str) -> None:
    with pytest.raises(BadRequest, match="--at"):
        times.moment(at, tz)
