"""Routes and commands of mutes and calendars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

import monitor.muting
from api.cli import app as command_line
from monitor.domain.records import Control, Kind
from tests.api.conftest import App, samples
from tests.fakes import NOW_MS, storm_incident

REPAIR: dict[str, Any] = {"selector": {"metric": "orders"}, "reason": "repair", "minutes": 60}
EVERYTHING: dict[str, Any] = {"selector": {}, "reason": "all", "minutes": 5}


def test_a_mute_is_in_the_log_listed_and_ended(app: App) -> None:
    made = app.http.post("/api/v1/mutes", json=REPAIR).json()
    (control,) = app.engine.controls
    assert isinstance(control, Control)
    assert control.kind is Kind.MUTE
    assert control.body["mute"]["reason"] == "repair"
    assert (made["state"], made["end_ms"], made["author"]) == ("muting", NOW_MS + 3_600_000, "anyone")
    assert [one["id"] for one in app.http.get("/api/v1/mutes").json()["items"]] == [made["id"]]
    ended = app.http.delete(f"/api/v1/mutes/{made['id']}").json()
    assert ended["state"] == "over"
    assert app.http.get("/api/v1/mutes").json()["items"] == []
    past = app.http.get("/api/v1/mutes?past=true").json()["items"]
    assert [one["state"] for one in past] == ["over"]
    assert app.http.delete("/api/v1/mutes/0000000000000000").status_code == 404


def test_what_selects_everything_needs_force_and_is_audited(app: App) -> None:
    answer = app.http.post("/api/v1/mutes", json=EVERYTHING)
    assert (answer.status_code, "force" in answer.json()["detail"]) == (400, True)
    assert app.engine.controls == []
    assert app.http.post("/api/v1/mutes", json=EVERYTHING | {"force": True}).status_code == 200
    deed = app.monitor.accounts.deeds[-1]  # type: ignore[attr-defined]
    assert deed.action == "mute added"
    assert deed.after["force"] is True
    days = {"name": "x", "country": "DE"}
    assert app.http.post("/api/v1/calendars", json=days).status_code == 400
    assert app.http.post("/api/v1/calendars", json=days | {"force": True}).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"minutes": 43_201},
        {"end_ms": NOW_MS + 1},
        {"minutes": None},
        {"minutes": None, "end_ms": NOW_MS + 31 * 86_400_000},
        {"reason": "a\r\nb"},
        {"selector": {"metric": "x" * 257}},
        {"selector": {"metrik": "x"}},
        {"weekly": {"days": [7], "from_minute": 0, "minutes": 5}},
        {"weekly": {"days": [0], "from_minute": 0, "minutes": 5, "zone": "../../etc/passwd"}},
        {"start_ms": 0},
    ],
)
def test_mutes_that_may_not_be_are_refused(app: App, fault: dict[str, Any]) -> None:
    assert app.http.post("/api/v1/mutes", json=REPAIR | fault).status_code in (400, 422)
    assert app.engine.controls == []


def test_one_mute_too_many(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.muting, "MUTES_MAX", 2)
    answers = [app.http.post("/api/v1/mutes", json=REPAIR) for _ in range(3)]
    assert [one.status_code == 200 for one in answers] == [True, True, False]
    assert "2 mutes" in answers[2].json()["detail"]


def test_a_preview_says_what_would_be_quiet(app: App) -> None:
    app.send(samples(1.0))
    storm = storm_incident()
    app.story.kept += [replace(storm, end_ms=None), replace(storm, id="inc-other", end_ms=None, suspects=())]
    metric = storm.suspects[0].metric
    asked = {"selector": {"metric": metric}}
    found = app.http.post("/api/v1/mutes/preview", json=asked).json()
    assert [one["id"] for one in found["incidents"]] == [storm.id]
    found = app.http.post("/api/v1/mutes/preview", json={"selector": {"metric": "ord*"}}).json()
    assert (found["series"], found["names"], found["whole"]) == (1, ["orders{country=NL}"], True)
    assert app.engine.controls == []


def test_beginnings_and_ends_are_shown_beside_incidents(app: App) -> None:
    storm = storm_incident()
    app.story.kept.append(replace(storm, start_ms=NOW_MS - 1_000, end_ms=None))
    metric = storm.suspects[0].metric
    made = app.http.post("/api/v1/mutes", json=REPAIR | {"selector": {"metric": metric}}).json()
    app.http.post("/api/v1/mutes", json=REPAIR | {"selector": {"metric": "other"}})
    app.http.delete(f"/api/v1/mutes/{made['id']}")
    changes = app.http.get(f"/api/v1/incidents/{storm.id}").json()["changes"]
    titles = {one["title"] for one in changes if one["kind"] == "mute"}
    assert titles == {f"{said}muted: {metric} (anyone: repair)" for said in ("", "no longer ")}


def test_why_an_incident_is_quiet(app: App) -> None:
    storm = storm_incident()
    app.http.post("/api/v1/mutes", json=REPAIR | {"selector": {"incident": storm.id}})
    said = app.monitor.muting.muted(storm, NOW_MS)
    assert said == "muted by anyone until 2026-01-01 01:00 UTC: repair"
    assert app.monitor.muting.muted(replace(storm, id="inc-x"), NOW_MS) is None


def test_calendars_of_a_country_and_of_a_file(app: App) -> None:
    of = {"name": "DE", "country": "de", "region": "BY", "selector": {"team": "web"}, "before_minutes": 60}
    made = app.http.post("/api/v1/calendars", json=of).json()
    assert made["source"] == "holidays of DE, BY"
    assert made["next"][0]["title"] == "New Year's Day"
    assert made["before_minutes"] == 60
    ics = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\nSUMMARY:Sale\n"
    ics += "DTSTART:20260201T100000Z\nDTEND:20260201T120000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    filed = app.http.post(
        "/api/v1/calendars", json={"name": "f", "selector": {"team": "a"}, "ics": ics}
    ).json()
    assert [one["title"] for one in filed["next"]] == ["Sale"]
    assert len(app.http.get("/api/v1/calendars").json()["items"]) == 2
    assert app.http.delete(f"/api/v1/calendars/{made['id']}").status_code == 200
    assert len(app.http.get("/api/v1/calendars").json()["items"]) == 1
    assert app.http.delete(f"/api/v1/calendars/{made['id']}").status_code == 404
    for fault in ({"country": "XX"}, {"ics": "x"}, {"ics": ics, "country": "DE"}, {}):
        body = {"name": "f", "selector": {"team": "a"}} | fault
        assert app.http.post("/api/v1/calendars", json=body).status_code == 400


def test_commands(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def carried(request: httpx2.Request) -> httpx2.Response:
        answer = app.http.request(
            request.method, request.url.raw_path.decode(), content=request.content, headers=request.headers
        )
        return httpx2.Response(answer.status_code, content=answer.content)

    class There(httpx2.Client):
        def __init__(self, **named: Any) -> None:
            super().__init__(**named | {"transport": httpx2.MockTransport(carried)})

    monkeypatch.setattr("api.client.httpx2.Client", There)
    url = ["--url", "http://localhost"]
    run = CliRunner().invoke

    def said(*words: str) -> str:
        result = run(command_line, [*words, *url])
        assert result.exit_code == 0, result.output
        return result.output

    weekly = ["--weekly", "sat,sun 22:30-01:00", "--tz", "Europe/Berlin"]
    made = said("mute", "add", "repair", "--for", "2h", "--metric", "cpu*", "--tag", "host=a", *weekly)
    id = made.split()[1].rstrip(":")
    assert "cpu*{host=a}" in made
    assert id in said("mute", "list", "--json")
    assert "0 series" in said("mute", "preview", "--metric", "cpu*")
    assert "is over" in said("mute", "end", id)
    made = said("calendar", "add", "DE", "--country", "DE", "--team", "web", "--before", "1h")
    assert "entries" in made
    assert "holidays of DE" in said("calendar", "list", "--json")
    assert "removed" in said("calendar", "remove", made.split()[1].rstrip(":"))
    release = ["release 42", "--kind", "deployment", "--at", "1970-01-01 00:00:01", "--tag", "service=web"]
    assert "told: deployment at 1970-01-01T00:00:01" in said("change", "tell", *release)
    told = (one for one in app.engine.controls if isinstance(one, Control))
    (control,) = [one for one in told if "release 42" in str(one.body)]
    assert (control.body["at_ms"], control.body["tags"]) == (1_000, {"service": "web"})
    assert "no changes" in said("change", "list")  # nobody keeps them here


def test_learning_is_stopped_by_a_record_with_its_spans_written_out(app: App) -> None:
    weekly = {"days": [3], "from_minute": 0, "minutes": 30}
    asked = REPAIR | {"learning": True, "notices": False, "weekly": weekly, "minutes": 1_440}
    made = app.http.post("/api/v1/mutes", json=asked).json()
    days = {"name": "NL", "country": "NL", "selector": {"metric": "a"}, "mode": "suppress-learning"}
    assert app.http.post("/api/v1/calendars", json=days).json()["mode"] == "suppress-learning"
    mute, calendar = (one.body for one in app.engine.controls if isinstance(one, Control))
    assert mute["pause"]["id"] == made["id"]
    assert mute["pause"]["spans"] == [[NOW_MS, NOW_MS + 1_800_000]]  # a Thursday, from midnight on
    assert len(calendar["pause"]["spans"]) > 20


def test_one_pause_too_many(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor.muting, "PAUSES_MAX", 1)
    answers = [app.http.post("/api/v1/mutes", json=REPAIR | {"learning": True}) for _ in range(2)]
    assert [one.status_code == 200 for one in answers] == [True, False]
    assert "two weeks" in answers[1].json()["detail"]


def test_a_preview_of_one_incident_lists_its_own_series(app: App) -> None:
    app.send(samples(1.0))
    storm = storm_incident()
    app.story.kept.append(replace(storm, end_ms=None))
    found = app.http.post("/api/v1/mutes/preview", json={"selector": {"incident": storm.id}}).json()
    assert [one["id"] for one in found["incidents"]] == [storm.id]
    assert "orders{country=NL}" not in found["names"]
