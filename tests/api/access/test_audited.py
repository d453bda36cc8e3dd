"""Each change adds exactly one entry to the audit log, and none is made that could not be written there."""

from __future__ import annotations

from typing import Any

import pytest

from api.access.policy import TABLE
from monitor.domain.access import Role, Scope
from monitor.domain.audit import Deed
from tests.api.access.conftest import Secured, busy, quiet_id, series_ids, sourced
from tests.api.access.test_matrix import BODIES, body_of

NOT_AUDITED = {
    ("POST", "/api/v1/samples"),  # the log itself is the record
    ("POST", "/api/v1/write"),
    ("POST", "/api/v2/write"),
    ("POST", "/v1/metrics"),
    ("POST", "/api/v1/predictions"),
    ("POST", "/api/v1/outcomes"),
    ("PUT", "/api/v1/models/{name}"),  # audited with a real state behind it: tests/api/test_served_models.py
    ("POST", "/api/v1/routes/preview"),  # changes nothing
    ("POST", "/api/v1/mutes/preview"),
    ("POST", "/api/v1/sources/preview"),
    ("POST", "/api/v1/lab"),
    ("POST", "/api/v1/lab/csv"),
}
CHANGES = [key for key in TABLE if key[0] not in ("GET", "HEAD") and key not in NOT_AUDITED]
OVER_THE_API = [key for key in CHANGES if key[1].startswith("/api/")]


def change(app: Secured, method: str, template: str, token: str) -> Any:
    app.user("ann", Role.VIEWER)
    spare = app.token(Scope.READ)
    name = "green" if "/teams/" in template else "ann" if "/users/" in template else "orders.red"
    name = f"route:{name}" if "/budgets/" in template else name
    path = template.replace("{name:path}", name).replace("{name}", name).replace("{token_id}", spare[3:15])
    path = path.replace("{series_id}", series_ids(app)["red"]).replace("{incident_id}", "inc-red")
    path = path.replace("{act_id}", "act-red").replace("{label_id}", "label-red")
    path = path.replace("{mute_id}", quiet_id("red")).replace("{calendar_id}", quiet_id("red"))
    busy(app)
    if "/sources" in template:
        sourced(app)
    before = len(app.accounts.deeds)
    answer = app.ask(method, path, token, json=body_of(method, template, "red"))
    return answer, app.accounts.deeds[before:]


@pytest.mark.parametrize(("method", "template"), OVER_THE_API)
def test_exactly_one_entry(
    peopled: Secured, method: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = peopled.engine.series_one
    pinned = lambda shard, id: (plain(shard, id) or {}) | {"pinned": True}  # noqa: E731
    monkeypatch.setattr(peopled.engine, "series_one", pinned)  # else a contest is open already
    token = peopled.token(*Scope)
    answer, deeds = change(peopled, method, template, token)
    assert answer.status_code in (200, 201, 204), answer.text
    (deed,) = deeds
    assert deed.actor == f"token:{token[3:15]}"
    assert (deed.address, deed.request_id) == ("testclient", answer.headers["x-request-id"])
    assert deed.object
    assert deed.before or deed.after


@pytest.mark.parametrize(("method", "template"), OVER_THE_API)
def test_no_entry_without_a_right(peopled: Secured, method: str, template: str) -> None:
    answer, deeds = change(peopled, method, template, peopled.token(Scope.READ))
    assert (answer.status_code, deeds) == (403, [])


def test_what_cannot_be_written_down_is_not_done(peopled: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Deed) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(peopled.accounts, "record", fail)
    controls = len(peopled.engine.controls)
    token = peopled.token(*Scope)
    for method, template in (
        ("PUT", "/api/v1/metrics/{name:path}"),
        ("DELETE", "/api/v1/series/{series_id}"),
        ("PUT", "/api/v1/teams/{name}"),
        ("PUT", "/api/v1/lineage"),
        ("POST", "/api/v1/changes"),
        ("POST", "/api/v1/mutes"),
        ("DELETE", "/api/v1/mutes/{mute_id}"),
        ("POST", "/api/v1/calendars"),
        ("DELETE", "/api/v1/calendars/{calendar_id}"),
    ):
        path = template.replace("{name:path}", "x").replace("{name}", "x")
        path = path.replace("{series_id}", series_ids(peopled)["red"])
        path = path.replace("{mute_id}", quiet_id("red")).replace("{calendar_id}", quiet_id("red"))
        answer = peopled.ask(method, path, token, json=BODIES.get((method, template)))
        assert answer.status_code == 500
    assert len(peopled.engine.controls) == controls


def test_a_login_and_a_logout_are_one_entry_each(app: Secured) -> None:
    app.user("ann", Role.VIEWER)
    before = len(app.accounts.deeds)
    app.login("ann")
    app.http.post("/logout", headers={"x-csrf-token": app.csrf()})
    assert [(d.actor, d.action, d.object) for d in app.accounts.deeds[before:]] == [
        ("user:ann", "login", "user:ann"),
        ("user:ann", "logout", "user:ann"),
    ]


def test_the_log_is_listed_for_admins(app: Secured) -> None:
    admin = app.token(Scope.ADMIN)
    app.ask("PUT", "/api/v1/users/ann", admin, json={"role": "viewer", "password": "a long password"})
    app.ask("PUT", "/api/v1/users/ann", admin, json={"role": "viewer", "password": "another password"})
    listed = app.ask("GET", "/api/v1/audit", admin).json()["items"]
    assert [(one["action"], one["object"]) for one in listed[-2:]] == [
        ("user created", "user:ann"),
        ("user changed", "user:ann"),
    ]
    assert [one["after"]["password"] for one in listed[-2:]] == ["set", "changed"]
    assert "argon2" not in str(listed)
    assert app.ask("GET", "/api/v1/audit?cursor=AAAA", admin).status_code == 400
