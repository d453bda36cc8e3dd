"""Routes and receivers over HTTP and from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app as cli
from api.commands.alerts import route_body
from monitor.domain.alert import Dispatch, Holding, Kept, NoticeState
from monitor.domain.destination import Destination
from monitor.domain.errors import BadRequest
from monitor.domain.notice import NoticeKind
from tests.alerting.stepping import step
from tests.api.conftest import App
from tests.fakes import NOW_MS, FakeAlerts, storm_incident

ROUTES, RECEIVERS = "/api/v1/routes", "/api/v1/receivers"


def alerts(app: App) -> FakeAlerts:
    assert isinstance(app.monitor.alerts, FakeAlerts)
    return app.monitor.alerts


def receiver(app: App, name: str = "ops", **more: Any) -> None:
    body = {"kind": "log"} | more
    assert app.http.put(f"{RECEIVERS}/{name}", json=body).status_code == 200


def test_a_route_is_shown_as_it_was_declared(app: App) -> None:
    receiver(app)
    said = {
        "receivers": ["ops"],
        "metrics": ["orders.*"],
        "tags": {"service": "web"},
        "priority": "P2",
        "hours": [{"days": ["mon", "fri"], "from": "08:00", "until": "18:00"}],
        "timezone": "Europe/Berlin",
        "continue": True,
        "digest": "day",
        "broader": ["host"],
    }
    shown = app.http.put(f"{ROUTES}/web", json=said).json()
    assert {name: shown[name] for name in said} == said
    assert app.http.get(f"{ROUTES}/web").json() == shown
    assert app.http.put(f"{ROUTES}/web", json={n: v for n, v in shown.items() if n != "name"}).json() == shown


def test_routes_are_listed_in_their_order(app: App) -> None:
    for name, position in (("default", 0), ("late", 9), ("early", 1)):
        assert app.http.put(f"{ROUTES}/{name}", json={"position": position}).status_code == 200
    assert [one["name"] for one in app.http.get(ROUTES).json()["items"]] == ["early", "late", "default"]


@pytest.mark.parametrize(
    "body",
    [
        {"receivers": ["nobody"]},
        {"recievers": []},
        {"timezone": "Mars/Olympus"},
        {"hours": [{"days": ["mon"], "from": "25:00"}]},
        {"hours": [{"days": []}]},
        {"priority": "P0"},
        {"severity": -1},
        {"metrics": ["a\x00"]},
        {"repeat_s": 10**9},
    ],
    ids=str,
)
def test_what_no_route_can_be_is_refused(app: App, body: dict[str, Any]) -> None:
    assert app.http.put(f"{ROUTES}/x", json=body).status_code in (400, 422)
    assert app.http.get(ROUTES).json()["items"] == []


def test_the_default_route_has_no_conditions(app: App) -> None:
    assert app.http.put(f"{ROUTES}/default", json={"score": 50}).status_code == 422


@pytest.mark.parametrize("name", ["..", "a/b", "é", " x", "x" * 65, "a%00b"])
def test_names_are_plain(app: App, name: str) -> None:
    assert app.http.put(f"{ROUTES}/{name}", json={}).status_code in (404, 405, 422)


@pytest.mark.parametrize(
    "body",
    [{"kind": "pigeon"}, {"kind": "log", "settings": {"colour": 1}}, {"kind": "log", "fallback": "nobody"}],
    ids=str,
)
def test_what_no_receiver_can_be_is_refused(app: App, body: dict[str, Any]) -> None:
    assert app.http.put(f"{RECEIVERS}/x", json=body).status_code == 400


def test_what_is_wrong_with_a_setting_is_said_without_its_value(app: App) -> None:
    answer = app.http.put(f"{RECEIVERS}/x", json={"kind": "log", "settings": {"level": "s3cr3t"}})
    assert answer.status_code == 400
    assert "level" in answer.json()["detail"]
    assert "s3cr3t" not in answer.text


def test_a_receiver_that_is_named_stays(app: App) -> None:
    receiver(app)
    receiver(app, "main", fallback="ops")
    assert app.http.delete(f"{RECEIVERS}/ops").status_code == 400
    assert app.http.delete(f"{RECEIVERS}/main").status_code == 200


def test_a_test_says_what_the_receiver_said(app: App) -> None:
    receiver(app)
    assert app.http.post(f"{RECEIVERS}/ops/test").json() == {"delivered": True, "answer": "taken"}
    alerts(app).couriers.answer = "503"
    assert app.http.post(f"{RECEIVERS}/ops/test").json() == {"delivered": False, "answer": "503"}
    assert app.http.post(f"{RECEIVERS}/nobody/test").status_code == 404


def test_what_was_sent_and_what_was_not_is_told_of_an_incident(app: App) -> None:
    incident = replace(storm_incident(), id="inc-a")
    app.story.kept.append(incident)
    dispatch = Dispatch("ops", "web", "inc-a", NoticeKind.OPENED, NOW_MS, NOW_MS, NOW_MS, (incident,))
    alerts(app).sent.kept.append(
        Kept(7, NoticeState.DELIVERED, dispatch, attempts=2, answer="taken", done_ms=NOW_MS)
    )
    alerts(app).store.kept_holdings.append(Holding("inc-b", "web", NOW_MS, "silenced by inc-a: x", "inc-a"))
    told = app.http.get("/api/v1/incidents/inc-a/notices").json()
    (notice,), (withheld,) = told["notices"], told["withheld"]
    assert (notice["receiver"], notice["state"], notice["attempts"]) == ("ops", "delivered", 2)
    assert (withheld["incident_id"], withheld["by"]) == ("inc-b", "inc-a")
    assert app.http.get("/api/v1/incidents/inc-none/notices").status_code == 404


def test_a_preview_tells_what_would_have_been_sent(app: App) -> None:
    receiver(app)
    at = (NOW_MS - step().told_ms) / 60_000 - 60
    alerts(app).store.kept_steps = [step(at=at), step("closed", at + 9, sequence=2)]
    asked = {"name": "all", "route": {"receivers": ["ops"]}, "days": 1}
    found = app.http.post(f"{ROUTES}/preview", json=asked).json()
    assert [one["kind"] for one in found["notices"]] == ["opened", "closed"]
    assert (found["count"], found["by_receiver"]) == (2, {"ops": 2})
    assert app.http.post(f"{ROUTES}/preview", json={"days": 1}).json()["count"] == 0
    assert app.http.get(ROUTES).json()["items"] == []


def test_a_preview_of_history_looks_at_its_own_last_days(app: App) -> None:
    receiver(app)
    at = (NOW_MS - step().told_ms) / 60_000 - 100 * 1_440
    alerts(app).store.kept_steps = [opened := step(at=at), step("closed", at + 9, sequence=2)]
    asked = {"name": "all", "route": {"receivers": ["ops"]}, "days": 1}
    found = app.http.post(f"{ROUTES}/preview", json=asked).json()
    assert [one["kind"] for one in found["notices"]] == ["opened", "closed"]
    assert found["until_ms"] - found["since_ms"] == 2 * 86_400_000 + 1
    assert found["since_ms"] <= opened.newest_ms < found["until_ms"] < NOW_MS


def test_a_preview_counts_its_days_from_where_samples_reach(app: App) -> None:
    receiver(app)
    app.engine.history_ends_ms = NOW_MS - 100 * 86_400_000
    at = (app.engine.history_ends_ms - step().told_ms) / 60_000 - 5 * 1_440
    recent = (NOW_MS - step().told_ms) / 60_000 - 60
    alerts(app).store.kept_steps = [step(at=at), step("closed", at + 9, sequence=2)]
    alerts(app).store.kept_steps.append(step(id="inc-b", at=recent))
    asked = {"name": "all", "route": {"receivers": ["ops"]}, "days": 7}
    found = app.http.post(f"{ROUTES}/preview", json=asked).json()
    assert found["since_ms"] == app.engine.history_ends_ms - 7 * 86_400_000
    assert [one["incident_id"] for one in found["notices"]] == ["inc-a", "inc-a"]


def test_the_status_says_what_waits(app: App) -> None:
    assert app.http.get("/api/v1/status").json()["alerts"] == {"notices_waiting": 0, "unreachable": []}


# -- command line ------------------------------------------------------------------------------------


@pytest.fixture
def run(app: App, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The commands against this application."""
    monkeypatch.setattr(
        "api.client.httpx2.Client",
        lambda base_url, headers, timeout, transport: _Session(app, headers),
    )

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli, [*words, "--url", "http://localhost"])

    return run


class _Session:
    def __init__(self, app: App, headers: dict[str, str]) -> None:
        self._app, self._headers = app, headers

    def request(self, method: str, path: str, **more: Any) -> Any:
        return self._app.http.request(method, path, headers=self._headers, **more)

    def close(self) -> None: ...


def test_the_status_names_a_receiver_that_takes_nothing(app: App, run: Any) -> None:
    receiver(app)
    alerts(app).declared.kept_receivers["ops"] = Destination(
        "ops", "log", unreachable_ms=NOW_MS, trouble="[red]503\x1b"
    )
    shown = run("status").output
    assert "receiver ops takes no notices since 2026-01-01 00:00 UTC: [red]503\ufffd" in shown


def test_from_nothing_to_a_preview_on_the_command_line(app: App, run: Any) -> None:
    assert run("receiver", "set", "ops", "--kind", "log", "--setting", "level=error").exit_code == 0
    assert run("receiver", "test", "ops").output == "taken\n"
    words = (
        "--receiver",
        "ops",
        "--tag",
        "service=web",
        "--hours",
        "mon-fri 08:00-18:00",
        "--priority",
        "P2",
    )
    assert run("route", "set", "web", *words).exit_code == 0
    listed = run("route", "list").output
    assert "service=web" in listed
    assert "mon tue wed thu fri 08:00-18:00 UTC" in listed
    seen = run("route", "preview", "web", *words, "--days", "3").output
    assert "0 notices from 2025-12-29 00:00 UTC to 2026-01-01 00:00 UTC" in seen
    assert json.loads(run("receiver", "list", "--json").output)["items"][0]["settings"] == {"level": "error"}
    assert run("route", "remove", "web").exit_code == 0


def test_a_route_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "route.json"
    file.write_text('{"receivers": ["a"], "score": 5}')
    assert route_body(file, receivers=["b"], tags=None, timezone="") == {"receivers": ["b"], "score": 5}
    file.write_text("[]")
    with pytest.raises(BadRequest):
        route_body(file)
