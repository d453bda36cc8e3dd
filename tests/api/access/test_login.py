"""Logging in and out: sessions are new at login, end when they must, and nobody guesses for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from api.access.first import FILE, make_first_admin
from api.access.passwords import Passwords
from api.access.sessions import COOKIE
from monitor.domain.access import Role, Scope
from tests.api.access.conftest import PASSWORD, TESTS, Secured
from tests.fakes import NOW_MS

ME = "/api/v1/me"


def cookie(app: Secured) -> str:
    return str(app.http.cookies.get(COOKIE, ""))


def test_a_login_opens_the_page_and_a_logout_closes_it(app: Secured) -> None:
    app.user("ann", Role.RESPONDER)
    assert app.http.get("/", follow_redirects=False).status_code == 303
    answer = app.login("ann")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    said = answer.headers["set-cookie"].lower()
    for part in (f"{COOKIE.lower()}=", "httponly", "secure", "samesite=lax", "path=/"):
        assert part in said
    assert "domain" not in said
    assert app.http.get("/").status_code == 200
    me = app.http.get(ME).json()
    assert (me["name"], me["scopes"]) == ("user:ann", ["feedback", "read", "silence"])
    kept = cookie(app)
    assert app.http.post("/logout", headers={"x-csrf-token": me["csrf"]}).status_code == 204
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}={kept}"}).status_code == 401
    assert app.accounts.kept_sessions == {}


def test_the_page_leads_the_unknown_to_the_login_form(app: Secured) -> None:
    answer = app.http.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    answer = app.http.get("/login")
    assert answer.headers["content-type"].startswith("text/html")
    assert '<form method="post">' in answer.text
    assert answer.text.count("<script") == answer.text.count('<script src="/login.js"') == 1
    assert "style=" not in answer.text


def test_a_session_of_before_the_login_is_worth_nothing_after_it(app: Secured) -> None:
    """Fixation: whoever planted a cookie does not come in by it."""
    app.user("ann", Role.ADMIN)
    app.http.cookies.set(COOKIE, "planted", domain="localhost.local", path="/")
    app.login("ann")
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}=planted"}).status_code == 401
    first = cookie(app)
    assert first not in ("", "planted")
    app.login("ann")  # again, from the same browser
    second = cookie(app)
    assert second != first
    assert len(app.accounts.kept_sessions) == 1
    app.http.cookies.clear()
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}={first}"}).status_code == 401
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}={second}"}).status_code == 200


def test_only_the_hash_of_a_cookie_is_kept(app: Secured) -> None:
    app.user("ann", Role.ADMIN)
    app.login("ann")
    assert cookie(app) not in repr(app.accounts.kept_sessions) + repr(app.accounts.deeds)
    assert PASSWORD not in repr(app.accounts.kept_users) + repr(app.accounts.deeds)


@pytest.mark.parametrize(("steps", "held"), [([29 * 60, 29 * 60], 200), ([30 * 60], 401)])
def test_an_idle_session_ends(app: Secured, steps: list[int], held: int) -> None:
    app.user("ann", Role.VIEWER)
    app.login("ann")
    now_ms = NOW_MS
    for step in steps:
        now_ms += 1_000 * step
        app.accounts.now_ms = lambda at=now_ms: at  # type: ignore[misc]
        status = app.http.get(ME).status_code
    assert status == held


def test_any_session_ends_after_twelve_hours(app: Secured) -> None:
    app.user("ann", Role.VIEWER)
    app.login("ann")
    for minute in range(20, 12 * 60, 20):
        app.accounts.now_ms = lambda at=NOW_MS + 60_000 * minute: at  # type: ignore[misc]
        assert app.http.get(ME).status_code == 200
    app.accounts.now_ms = lambda: NOW_MS + 12 * 3_600_000
    assert app.http.get(ME).status_code == 401
    app.access.tidy()
    assert app.accounts.kept_sessions == {}


def test_rights_and_passwords_taken_away_are_away_at_once(app: Secured) -> None:
    admin = app.token(Scope.ADMIN)
    app.user("boss", Role.ADMIN)
    app.user("ann", Role.ADMIN)
    app.login("ann")
    assert app.http.get("/api/v1/users").status_code == 200
    app.access.users.put("ann", Role.VIEWER, TESTS)
    assert app.http.get("/api/v1/users").status_code == 403
    kept = cookie(app)
    body = {"role": "viewer", "password": "another long one"}
    assert app.ask("PUT", "/api/v1/users/ann", admin, json=body).status_code == 200
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}={kept}"}).status_code == 401
    assert app.login("ann", "another long one").status_code == 303
    kept = cookie(app)
    assert app.ask("DELETE", "/api/v1/users/ann", admin).status_code == 204
    assert app.http.get(ME, headers={"cookie": f"{COOKIE}={kept}"}).status_code == 401
    assert app.ask("DELETE", "/api/v1/users/boss", admin).status_code == 400  # the last admin


def test_tries_are_counted_by_account_and_address(app: Secured) -> None:
    app.user("ann", Role.VIEWER)
    app.user("bob", Role.VIEWER)
    for _ in range(3):
        answer = app.login("ann", "wrong")
        assert (answer.status_code, "Wrong name or password" in answer.text) == (401, True)
    answer = app.login("ann")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert app.login("bob").status_code == 303
    failed = [deed.object for deed in app.accounts.deeds if deed.action == "login failed"]
    assert failed == ["user:ann"] * 3
    app.login("nobody", "wrong")
    assert [deed.object for deed in app.accounts.deeds if deed.action == "login failed"] == failed


def test_a_wrong_name_and_a_wrong_password_look_alike(app: Secured) -> None:
    app.user("ann", Role.VIEWER)

    def shown(name: str) -> str:
        text = app.login(name, "wrong").text
        return text[: text.index('name="csrf"')]

    assert shown("ann") == shown("nobody")


def test_a_name_without_password_does_not_come_in(app: Secured) -> None:
    app.access.users.put("ann", Role.VIEWER, TESTS)
    for password in ("", "None", PASSWORD):
        assert app.login("ann", password).status_code == 401


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"name=ann&password=x", "application/x-www-form-urlencoded", 403),
        (b"{}", "application/json", 415),
        (b"x" * 5_000, "application/x-www-form-urlencoded", 413),
        (b"name=\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join([b"a=b"] * 20), "application/x-www-form-urlencoded", 400),
    ],
)
def test_forms_that_are_none(app: Secured, content: bytes, kind: str, status: int) -> None:
    answer = app.http.post("/login", content=content, headers={"content-type": kind})
    assert answer.status_code == status


def test_short_passwords_and_odd_names_are_refused(app: Secured) -> None:
    admin = app.token(Scope.ADMIN)
    short = {"role": "viewer", "password": "short"}
    assert app.ask("PUT", "/api/v1/users/ann", admin, json=short).status_code == 400
    assert app.ask("PUT", "/api/v1/users/a%20b", admin, json={"role": "viewer"}).status_code == 422
    assert app.ask("PUT", "/api/v1/users/ann", admin, json={"role": "root"}).status_code == 422


def test_the_parameters_are_those_of_rfc_9106() -> None:
    kept = Passwords().hash("x" * 12)
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_the_first_admin_has_a_random_secret_in_a_file_of_its_owner(app: Secured, tmp_path: Path) -> None:
    path = make_first_admin(app.access, tmp_path)
    assert path == tmp_path / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    password = path.read_text().strip()
    assert len(password) >= 32
    assert app.login("admin", password).status_code == 303
    assert app.http.get(ME).json()["scopes"] == sorted(Scope)
    assert make_first_admin(app.access, tmp_path) is None
    assert password not in repr(app.accounts.deeds)


def test_a_hash_of_other_parameters_is_still_right() -> None:
    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash("correct")
    assert Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).right(old, "correct")
