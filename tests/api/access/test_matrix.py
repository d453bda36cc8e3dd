"""Everybody at every door, tried over HTTP: role or scope × team × route, each cell as the policy states."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from api.access.policy import TABLE, Reach
from monitor.domain.access import SCOPES_OF, Role, Scope
from tests.api.access.conftest import Secured, busy, quiet_id, series_ids, sourced

ALLOWED = {200, 201, 204}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/meta/freeze"): {"reason": "a test"},
    ("POST", "/api/v1/meta/rollback"): {"since_ms": 1},
    ("POST", "/api/v1/meta/reopen"): {"since_ms": 1},
    ("POST", "/api/v1/samples"): {"samples": []},
    ("PUT", "/api/v1/metrics/{name:path}"): {"kind": "gauge"},
    ("PUT", "/api/v1/teams/{name}"): {"rules": [{"tags": {"team": "green"}}]},
    ("PUT", "/api/v1/lineage"): {"links": [{"upstream": "orders.red", "downstream": "orders.None"}]},
    ("POST", "/api/v1/changes"): {"title": "web 2"},
    ("PUT", "/api/v1/routes/{name}"): {"score": 50},
    ("POST", "/api/v1/routes/preview"): {"days": 1},
    ("PUT", "/api/v1/budgets/{name}"): {"per_week": 5},
    ("PUT", "/api/v1/receivers/{name}"): {"kind": "log"},
    ("POST", "/api/v1/mutes"): {"selector": {"metric": "orders.*"}, "reason": "x", "minutes": 60},
    ("POST", "/api/v1/mutes/preview"): {"selector": {"metric": "orders.*"}},
    ("POST", "/api/v1/calendars"): {"name": "x", "selector": {"metric": "orders.*"}, "country": "DE"},
    ("POST", "/api/v1/tokens"): {"name": "x", "scopes": ["read"]},
    ("PUT", "/api/v1/users/{name}"): {"role": "viewer"},
    ("POST", "/api/v1/incidents/{incident_id}/comment"): {"comment": "on it"},
    ("POST", "/api/v1/incidents/{incident_id}/merge"): {"other": "more-{team}"},
    ("POST", "/api/v1/incidents/{incident_id}/split"): {"anomalies": ["b-{team}"]},
    ("POST", "/api/v1/incidents/{incident_id}/move"): {"anomalies": ["d-{team}"]},
    ("POST", "/api/v1/sources"): {"name": "new", "kind": "host", "settings": {"every": "1d"}},
    ("PUT", "/api/v1/sources/{name}"): {"kind": "host", "settings": {"every": "1d"}},
    ("POST", "/api/v1/sources/preview"): {"name": "new", "kind": "host"},
    ("POST", "/api/v1/labels"): {"label": "expected", "incident": "inc-{team}"},
}
HEADERS = {
    "/api/v1/write": {"content-type": "application/x-protobuf"},
    "/api/v2/write": {"content-type": "text/plain"},
    "/v1/metrics": {"content-type": "application/x-protobuf"},
}
"""Of routes that take no JSON; an empty body says nothing, and is fine."""
QUERIES = {"/api/v1/explain": "?series=orders.{team}&at=0"}
ELSEWHERE = {"/login", "/logout", "/login/sso", "/login/sso/done", "/", "/assets/{path:path}"} | {
    "/label/{token}",
    "/chart/{token}",
}
"""Doors and files, which other tests walk through."""
MODELS = {f"/api/v1/{name}" for name in ("predictions", "outcomes", "models", "models/{name}")}
"""Whose a model is goes by its name: tests/api/access/test_models.py."""
LAB = {"/api/v1/lab", "/api/v1/lab/csv"}
"""A shard is run for each answer: tests/api/access/test_lab.py."""
ROUTES = sorted(key for key in TABLE if key[1] not in ELSEWHERE | MODELS | LAB and "favicon" not in key[1])
WHO = [frozenset({scope}) for scope in Scope] + [SCOPES_OF[role] for role in Role]


@dataclass(frozen=True)
class Door:
    """A route's address for things of one team."""

    team: str | None
    ids: dict[str | None, str]
    token_id: str

    def path(self, template: str) -> str:
        """Where the things of the team are."""
        name = "red" if "/teams/" in template else "ann" if "/users/" in template else f"orders.{self.team}"
        name = f"route:{name}" if "/budgets/" in template else name
        filled = template.replace("{name:path}", name).replace("{name}", name)
        filled = filled.replace("{incident_id}", f"inc-{self.team}").replace("{token_id}", self.token_id)
        filled = filled.replace("{series_id}", self.ids[self.team])
        filled = filled.replace("{act_id}", f"act-{self.team}").replace("{label_id}", f"label-{self.team}")
        filled = filled.replace("{mute_id}", quiet_id(self.team)).replace(
            "{calendar_id}", quiet_id(self.team)
        )
        return filled + QUERIES.get(template, "").replace("{team}", str(self.team))


def body_of(method: str, template: str, team: str | None) -> dict[str, Any] | None:
    body = BODIES.get((method, template))
    return json.loads(json.dumps(body).replace("{team}", str(team)))  # type: ignore[no-any-return]


def one_of_a_team(method: str, template: str) -> bool:
    """Does the route name one thing, which belongs to a team?"""
    names_one = (
        "{incident_id}",
        "{series_id}",
        "/metrics/{name:path}",
        "/explain",
        "/routes/{name}",
        "/budgets/{name}",
        "/receivers/{name}",
        "{act_id}",
        "{label_id}",
        "{mute_id}",
        "{calendar_id}",
    )
    return (method, template) == ("POST", "/api/v1/labels") or any(part in template for part in names_one)


def expected(
    method: str, template: str, scopes: frozenset[Scope], bound: str | None, team: str | None
) -> str:
    rule = TABLE[method, template]
    if rule.open:
        return "allowed"
    if rule.scope is not None and rule.scope not in scopes:
        return "forbidden"
    if rule.reach is Reach.WHOLE and bound is not None:
        return "forbidden"
    if rule.reach is Reach.OWN and bound is not None and bound != team and one_of_a_team(method, template):
        return "not there"
    return "allowed"


def answered(status: int) -> str:
    return "allowed" if status in ALLOWED else {403: "forbidden", 404: "not there"}.get(status, str(status))


@pytest.mark.parametrize("method, template", ROUTES, ids=lambda part: part)
def test_every_cell(peopled: Secured, method: str, template: str) -> None:
    """Asked as bound to one team, and to none, of each team; the other team is to itself as the one is."""
    app = peopled
    app.user("ann", Role.VIEWER)
    busy(app)
    app.monitor.recounting.end_changes()  # so that the event stream ends by itself
    spare = app.token(Scope.READ)
    door_ids = series_ids(app)
    cells = 0
    for scopes in WHO:
        for bound in (None, "red"):
            if bound is not None and Scope.ADMIN in scopes:
                continue  # there is no such token: tests/api/access/test_tokens.py
            token = app.token(*scopes, team=bound)
            for team in (None, "red", "blue"):
                door = Door(team, door_ids, spare[3:15])
                again = restorable(app)
                if "/sources" in template:
                    sourced(app)
                body = body_of(method, template, team)
                headers = dict(HEADERS.get(template, {}))
                answer = app.ask(method, door.path(template), token, json=body, headers=headers)
                wanted = expected(method, template, scopes, bound, team)
                assert answered(answer.status_code) == wanted, (sorted(scopes), bound, team, answer.text)
                again()
                cells += 1
    assert cells == 54


def restorable(app: Secured) -> Any:
    """What a call may take away is put back after it."""
    users, tokens = dict(app.access.users._known), dict(app.access.tokens._known)
    routes, receivers = dict(app.alerts.declared.kept_routes), dict(app.alerts.declared.kept_receivers)
    mutes, days = dict(app.story.mutes.kept), dict(app.story.mutes.days)

    def again() -> None:
        app.access.users._known.update(users)
        app.accounts.kept_users.update(users)
        app.alerts.declared.kept_routes = routes
        app.alerts.declared.kept_receivers = receivers
        app.access.tokens._known.update(tokens)
        app.story.mutes.kept, app.story.mutes.days = dict(mutes), dict(days)

    return again
