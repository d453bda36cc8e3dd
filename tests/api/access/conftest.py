"""An application with access control on, two teams, and somebody for every right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from api.access.access import Access
from api.access.actor import Actor
from api.app import create_app
from monitor.domain.access import Role, Scope
from monitor.domain.acts import Act, Anchor, Verb
from monitor.domain.audit import Deed
from monitor.domain.budget import Budget
from monitor.domain.calendar import Calendar, Mode, Span
from monitor.domain.destination import Destination
from monitor.domain.incident import Incident, PlacedAnomaly
from monitor.domain.labels import Label, Said, Target, TargetKind
from monitor.domain.mute import Mute, Selector
from monitor.domain.route import Route
from monitor.service import Monitor
from monitor.settings import AccessSettings, Settings
from tests.fakes import (
    NOW_MS,
    FakeAccounts,
    FakeAlerts,
    FakeEngine,
    FakeStory,
    fake_monitor,
    storm_anomaly,
    storm_incident,
)

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse battery"
TEAMS = ("red", "blue")
SECURED = Settings(engine="inline", shards=2, decode_lanes=1, auth="on", access=AccessSettings(login_tries=3))
TESTS = Actor("tests")


@dataclass
class Secured:
    """``http`` carries a browser's cookies; `asking` makes a client with a token instead."""

    http: TestClient
    access: Access
    monitor: Monitor
    engine: FakeEngine
    story: FakeStory
    accounts: FakeAccounts

    @property
    def alerts(self) -> FakeAlerts:
        assert isinstance(self.monitor.alerts, FakeAlerts)
        return self.monitor.alerts

    def token(self, *scopes: Scope, **bound: Any) -> str:
        with self.access.changing:
            return self.access.tokens.create("of a test", scopes, TESTS, **bound)[1]

    def user(self, name: str, role: Role, team: str | None = None) -> None:
        self.access.users.put(name, role, TESTS, team=team, password=PASSWORD)

    def ask(self, method: str, path: str, token: str = "", **more: Any) -> httpx2.Response:
        """Without cookies, with a token if one is given."""
        self.http.cookies.clear()
        headers = more.pop("headers", {}) | ({"authorization": f"Bearer {token}"} if token else {})
        answer: httpx2.Response = self.http.request(method, path, headers=headers, **more)
        return answer

    def login(self, name: str, password: str = PASSWORD) -> httpx2.Response:
        """As a browser does it: the form first."""
        form = self.http.get("/login")
        found = re.search('name="csrf" value="([^"]+)"', form.text)
        assert found is not None
        answer: httpx2.Response = self.http.post(
            "/login",
            data={"name": name, "password": password, "csrf": found[1]},
            headers={"origin": "https://localhost"},
            follow_redirects=False,
        )
        return answer

    def csrf(self) -> str:
        return str(self.http.get("/api/v1/me").json()["csrf"])

    def send(self, token: str, *samples: dict[str, Any], query: str = "", **headers: str) -> httpx2.Response:
        return self.ask(
            "POST", f"/api/v1/samples{query}", token, json={"samples": list(samples)}, headers=headers
        )


def sample(team: str | None, metric: str = "orders", value: float = 1.0, **tags: str) -> dict[str, Any]:
    named = tags if team is None else {"team": team, **tags}
    return {"metric": metric, "tags": named, "timestamp": 1_767_225_540_000, "value": value}


@contextmanager
def secured(settings: Settings = SECURED, served: Path | None = None) -> Iterator[Secured]:
    """An application as the settings say."""
    monitor, engine, story = fake_monitor(settings, served)
    monitor.start()
    for team in TEAMS:
        monitor.declaring.team(team, [{"team": team}])
    accounts = monitor.accounts
    assert isinstance(accounts, FakeAccounts)
    access = Access(settings, accounts, QUICK)
    with TestClient(create_app(monitor, access=access), base_url="https://localhost") as http:
        yield Secured(http, access, monitor, engine, story, accounts)
    monitor.stop()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Secured]:
    with secured(SECURED.model_copy(update={"data_dir": tmp_path})) as app:
        yield app


@pytest.fixture
def peopled(app: Secured) -> Secured:
    """With a series, an anomaly and an incident of each team, and of none."""
    writer = app.token(Scope.INGEST)
    for team in (*TEAMS, None):
        assert app.send(writer, sample(team, f"orders.{team}")).status_code == 200
        app.story.kept.append(incident_of(team))
        app.alerts.declared.kept_routes[f"orders.{team}"] = Route(f"orders.{team}", team=team or "")
        app.alerts.declared.kept_receivers[f"orders.{team}"] = Destination(
            f"orders.{team}", "log", team=team or ""
        )
        declared = Deed("tests", "budget declared", f"budget:route:orders.{team}", after={"per_week": 5})
        app.alerts.put_budget(Budget(5.0, route=f"orders.{team}"), declared)
        placed = storm_anomaly()
        app.story.placed.append(
            replace(
                placed, anomaly=replace(placed.anomaly, team=team or ""), incident_id=incident_of(team).id
            )
        )
        selector, id = Selector("orders.*", team=team), quiet_id(team)
        mute = Mute(id, selector, NOW_MS, NOW_MS + 60_000, "user:ann", "repair")
        app.story.mutes.kept[id] = mute
        spans = (Span(NOW_MS, NOW_MS + 60_000, "a day"),)
        day = Calendar(id, "days", "file", Mode.SUPPRESS_ALERT, selector, spans, "user:ann")
        app.story.mutes.days[id] = day
    return app


def busy(app: Secured) -> None:
    """What people may respond to: of each team two incidents of two members, an act and a label."""
    app.story.kept.clear()
    app.story.placed.clear()
    for team in (*TEAMS, None):
        for name, members in (("inc", "ab"), ("more", "cd")):
            ids = tuple(f"{letter}-{team}" for letter in members)
            whole = replace(incident_of(team), id=f"{name}-{team}", founder_id=ids[0], members=ids)
            app.story.kept.append(whole)
            for id in ids:
                one = replace(storm_anomaly().anomaly, id=id, team=team or "")
                app.story.placed.append(PlacedAnomaly(one, (), whole.id))
        first = Anchor(f"a-{team}", whole.start_ms)
        act = Act(f"act-{team}", Verb.COMMENT, f"inc-{team}", first, "user:bob", 5, "on it", team=team or "")
        target = Target(TargetKind.INCIDENT, f"inc-{team}", 0, None, f"a-{team}", team=team or "")
        app.story.feedback.done.append(act)
        app.story.feedback.said.append(Label(f"label-{team}", Said.TRUE, target, "user:bob", "", 5))


def sourced(app: Secured) -> None:
    """A source that bears the name of each team's things; none is asked in a test's time."""
    texts = [f'[[files]]\nname = "orders.{team}"\npath = "/none"\nevery = "1d"\n' for team in (*TEAMS, None)]
    app.monitor.settings.sources.write_text("".join(texts))


def quiet_id(team: str | None) -> str:
    """The id of a team's mute, and of its calendar."""
    return f"{(*TEAMS, None).index(team):016x}"


def incident_of(team: str | None) -> Incident:
    return replace(storm_incident(), id=f"inc-{team}", title=f"orders.{team} up", team=team or "")


def series_ids(app: Secured) -> dict[str | None, str]:
    """Ids by team."""
    return {row["tags"].get("team"): row["id"] for row in app.monitor.reading.series().items}


def names(items: Sequence[dict[str, Any]], key: str) -> set[str]:
    return {item[key] for item in items}
