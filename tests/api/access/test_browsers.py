"""What a browser may be made to do by another page: nothing. Cross-site posts, foreign hosts, framing."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.access.policy import TABLE
from api.app import create_app
from api.guard import SECURITY_HEADERS
from monitor.domain.access import Role, Scope
from monitor.settings import AccessSettings
from tests.api.access.conftest import SECURED, Secured, secured

CHANGES = [key for key in TABLE if key[0] not in ("GET", "HEAD")]
EVIL = {"origin": "https://evil.example"}


FOREIGN = [
    EVIL,
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "null"},
    {"origin": "null", "sec-fetch-site": "cross-site"},
    {"origin": "https://localhost.evil.example"},
    {"origin": "https://localhost:444"},
    {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
    {"origin": ""},
]


@pytest.mark.parametrize(("method", "template"), CHANGES)
def test_posts_of_other_pages_change_nothing(app: Secured, method: str, template: str) -> None:
    app.user("ann", Role.ADMIN)
    app.login("ann")
    before = len(app.accounts.deeds)
    csrf = app.csrf()  # even if the page had learned it
    path = template.replace("{name:path}", "x").replace("{", "").replace("}", "")
    for foreign in FOREIGN:
        answer = app.http.request(method, path, headers={**foreign, "x-csrf-token": csrf}, json={})
        kind = answer.json()["type"].rpartition(":")[2]
        assert (answer.status_code, kind) == (403, "foreign-origin"), foreign
    assert len(app.accounts.deeds) == before


def test_a_session_changes_nothing_without_its_csrf_token(app: Secured) -> None:
    app.user("ann", Role.ADMIN)
    app.login("ann")
    wrong = ["", "é", "x" * 43]
    for sent in ([], *([(b"x-csrf-token", one.encode())] for one in wrong)):
        answer = app.http.put("/api/v1/metrics/x", json={}, headers=sent)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:watchkeeper:problem:csrf")
    assert app.http.put("/api/v1/metrics/x", json={}, headers={"x-csrf-token": app.csrf()}).status_code == 200
    first = app.csrf()
    app.login("ann")
    assert app.http.put("/api/v1/metrics/x", json={}, headers={"x-csrf-token": first}).status_code == 403


def test_a_token_needs_no_csrf_token_and_no_origin(app: Secured) -> None:
    assert app.ask("PUT", "/api/v1/metrics/x", app.token(Scope.CONFIG), json={}).status_code == 200


def test_a_login_form_of_another_browser_is_refused(app: Secured) -> None:
    """Login CSRF: nobody is logged in as somebody else by a page of theirs."""
    app.user("ann", Role.ADMIN)
    form = {"name": "ann", "password": "correct horse battery", "csrf": "made up"}
    assert app.http.post("/login", data=form).status_code == 403
    app.http.get("/login")
    assert app.http.post("/login", data=form).status_code == 403
    assert app.http.post("/login", data=form, headers=EVIL).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.", "", "localhost:x"])
def test_a_foreign_host_is_400_before_anything_else(app: Secured, host: str) -> None:
    for path in ("/", "/live", "/login", "/api/v1/status"):
        answer = app.ask("GET", path, app.token(Scope.READ), headers={"host": host})
        assert (answer.status_code, answer.json()["type"]) == (400, "urn:watchkeeper:problem:foreign-host")


def test_hosts_are_those_of_the_setting() -> None:
    settings = SECURED.model_copy(
        update={"host": "0.0.0.0", "access": AccessSettings(hosts=("watch.example",))}
    )
    with secured(settings) as app:
        for host in ("watch.example", "WATCH.example:8443", "localhost"):
            assert app.ask("GET", "/live", headers={"host": host}).status_code == 200
        assert app.ask("GET", "/live", headers={"host": "other.example"}).status_code == 400


def test_every_answer_has_the_headers(peopled: Secured) -> None:
    peopled.monitor.recounting.end_changes()
    token = peopled.token(*Scope)
    for method, template in TABLE:
        path = (
            template.replace("{name:path}", "x").replace("{path:path}", "x").replace("{", "").replace("}", "")
        )
        for by in ("", token):
            answer = peopled.ask(method, path, by)
            for name, value in SECURITY_HEADERS.items():
                assert answer.headers[name] == value, (method, path)
            assert answer.headers["cache-control"] == "no-store"
            assert len(answer.headers["x-request-id"]) == 16
            assert "access-control-allow-origin" not in answer.headers


def test_while_access_control_is_off_there_is_nobody_to_log_in() -> None:
    settings = SECURED.model_copy(update={"auth": "off"})
    with secured(settings) as app:
        assert app.ask("GET", "/api/v1/status").json()["auth"] == "off"
        assert app.ask("GET", "/api/v1/me").json()["name"] == "anyone"
        assert app.ask("GET", "/login").status_code == app.ask("POST", "/logout").status_code == 404
        assert app.ask("POST", "/login", data={}).status_code == 404
        assert app.ask("PUT", "/api/v1/metrics/x", json={}, headers=EVIL).status_code == 403


def test_the_application_without_more_is_secured_too() -> None:
    from tests.fakes import fake_monitor

    monitor, _, _ = fake_monitor(SECURED)
    monitor.start()
    with TestClient(create_app(monitor), base_url="https://localhost") as http:
        assert http.get("/api/v1/status").status_code == 401
    monitor.stop()
