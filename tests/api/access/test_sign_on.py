"""Single sign-on from end to end, over HTTP, against a provider that is strict, and against one that lies."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.access.sessions import COOKIE
from api.access.sign_on import sign_on
from monitor.domain.access import Role
from monitor.settings import AccessSettings, Settings, SettingsError, SignOn
from tests.api.access.conftest import SECURED, Secured, secured
from tests.api.access.provider import CLIENT, SECRET, Provider, key, signed

DONE = "https://localhost/login/sso/done"


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def settings_for(provider: Provider, tmp_path: Path, **more: Any) -> Settings:
    (tmp_path / "secret").write_text(SECRET + "\n")
    asked = {
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "client_secret_file": str(tmp_path / "secret"),
        "redirect_url": DONE,
        "roles": {"ops": Role.RESPONDER, "bosses": Role.ADMIN, "looking": Role.VIEWER},
        "teams": {"red people": "red", "blue people": "blue"},
    }
    return SECURED.model_copy(update={"access": AccessSettings(sso=SignOn(**(asked | more)))})


@pytest.fixture
def app(provider: Provider, tmp_path: Path) -> Iterator[Secured]:
    with secured(settings_for(provider, tmp_path)) as app:
        yield app


def begin(app: Secured) -> str:
    """To the provider and back, as a browser goes; -> the path it comes back to."""
    away = app.http.get("/login/sso", follow_redirects=False)
    assert away.status_code == 303, away.text
    back = httpx2.get(away.headers["location"])
    assert back.status_code == 302
    address = back.headers["location"]
    assert address.startswith(DONE + "?")
    return str(address.removeprefix("https://localhost"))


def come(app: Secured) -> httpx2.Response:
    answer: httpx2.Response = app.http.get(begin(app), follow_redirects=False)
    return answer


def me(app: Secured) -> tuple[str, str | None, int]:
    found = app.http.get("/api/v1/me").json()
    return found["name"], found["team"], len(found["scopes"])


def test_a_person_comes_in_by_their_groups(app: Secured, provider: Provider) -> None:
    assert "/login/sso" in app.http.get("/login").text
    answer = come(app)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert me(app) == ("user:ann", None, 3)
    assert app.accounts.kept_users["ann"].subject == f"{provider.issuer} 7"
    assert app.accounts.kept_users["ann"].password is None
    assert [d.action for d in app.accounts.deeds[-2:]] == ["user created", "login"]
    (asked,) = provider.asked
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    provider.person["groups"] = ["looking", "red people"]  # rights are told anew at each login
    come(app)
    assert me(app) == ("user:ann", "red", 1)
    provider.person["groups"] = ["looking", "bosses", "blue people"]
    come(app)
    assert me(app) == ("user:ann", None, 6)


def test_a_name_is_no_identity(app: Secured, provider: Provider) -> None:
    app.user("ann", Role.ADMIN)
    assert come(app).status_code == 303
    assert me(app)[0] == "user:ann-2"
    provider.person |= {"sub": "8", "email": "ann@example.org"}
    come(app)
    assert me(app)[0] == "user:ann-3"
    provider.person |= {"sub": "7", "preferred_username": "../<b>", "email": "other"}
    come(app)
    assert me(app)[0] == "user:ann-2"
    provider.person["sub"] = "9"
    come(app)
    assert me(app)[0] == "user:..--b-"


@pytest.mark.parametrize(
    "groups", [[], ["others"], "ops", None, {"ops": 1}, [["ops"]], ["ops", "red people", "blue people"]]
)
def test_without_a_role_nobody_comes_in(app: Secured, provider: Provider, groups: Any) -> None:
    provider.person["groups"] = groups
    answer = come(app)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:watchkeeper:problem:sign-on")
    assert COOKIE not in answer.headers.get("set-cookie", "")
    assert app.accounts.kept_users == {}


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "http://127.0.0.1:1"},
    "another client": {"aud": "somebody else"},
    "another login": {"nonce": "other"},
    "no nonce": {"nonce": None},
    "run out": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "not yet": {"nbf": 4_000_000_000},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_lets_nobody_in(app: Secured, provider: Provider, lie: str) -> None:
    def change(claims: dict[str, Any]) -> None:
        for name, value in LIES[lie].items():
            claims[name] = value
            if value is None:
                del claims[name]

    provider.lie = change
    answer = come(app)
    assert answer.status_code == 403, lie
    assert app.accounts.kept_sessions == {}


def packed(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


@pytest.mark.parametrize("how", ["another key", "none", "published key as secret", "no token"])
def test_a_forged_signature_lets_nobody_in(app: Secured, provider: Provider, how: str) -> None:
    def forged(claims: dict[str, Any]) -> str:
        if how == "another key":
            return signed(claims, key("two"))
        if how == "no token":
            return "x.y.z"
        algorithm = "none" if how == "none" else "HS256"
        head = packed(json.dumps({"alg": algorithm, "kid": "one"}).encode())
        text = f"{head}.{packed(json.dumps(claims).encode())}"
        secret = provider.published.as_pem(private=False)
        seal = b"" if how == "none" else hmac.digest(secret, text.encode(), "sha256")
        return f"{text}.{packed(seal)}"

    provider.sign = forged
    assert come(app).status_code == 403
    assert app.accounts.kept_sessions == {}


def test_a_login_is_ended_by_the_browser_that_began_it_once(app: Secured) -> None:
    path = begin(app)
    kept = dict(app.http.cookies)
    app.http.cookies.clear()
    assert app.http.get(path, follow_redirects=False).status_code == 403  # planted in another browser
    app.http.cookies.update(kept)
    other = begin(app)
    assert app.http.get(path, follow_redirects=False).status_code == 403  # its state is not the newest
    assert app.http.get(other + "x", follow_redirects=False).status_code == 403
    path = begin(app)
    assert app.http.get(path, follow_redirects=False).status_code == 303
    assert app.http.get(path, follow_redirects=False).status_code == 403
    for query in ("", "?code=x", "?state=", "?state=x&code=y", "?error=access_denied&state=x"):
        assert app.http.get(f"/login/sso/done{query}").status_code == 403


def test_a_login_runs_out(provider: Provider, tmp_path: Path) -> None:
    now = [0.0]
    door = sign_on(settings_for(provider, tmp_path))
    door._clock = lambda: now[0]
    _, state = door.begin()
    now[0] = 601.0
    with pytest.raises(Exception, match="run out"):
        door.end(state, {"state": state, "code": "x"})


@pytest.mark.parametrize(
    "description",
    [
        {"issuer": "https://id.example"},
        {"token_endpoint": "http://id.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": None},
    ],
)
def test_a_provider_that_describes_itself_wrongly_is_not_used(
    app: Secured, provider: Provider, description: dict[str, Any]
) -> None:
    provider.description = description
    answer = app.http.get("/login/sso", follow_redirects=False)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


def test_a_provider_that_is_away_is_503(provider: Provider, tmp_path: Path) -> None:
    settings = settings_for(provider, tmp_path)
    provider.shutdown()
    provider.server_close()
    with secured(settings) as app:
        began = time.monotonic()
        assert app.http.get("/login/sso").status_code == 503
        assert time.monotonic() - began < 10


def test_settings_that_lack_something_stop_the_start(provider: Provider, tmp_path: Path) -> None:
    for wrong, said in (
        ({"client_id": ""}, "client_id"),
        ({"redirect_url": ""}, "redirect_url"),
        ({"roles": {}}, "roles"),
        ({"issuer": "http://id.example"}, "https"),
        ({"client_secret_file": str(tmp_path / "none")}, "client_secret_file"),
    ):
        with pytest.raises(SettingsError, match=said):
            sign_on(settings_for(provider, tmp_path, **wrong))
