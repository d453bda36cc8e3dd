"""The policy speaks of every route there is, and of no other; what it does not speak of is forbidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Mount, Route
from starlette.testclient import TestClient

from api.access.policy import TABLE, Reach, rule_of
from api.app import create_app
from api.openapi import plain
from tests.api.access.conftest import Secured
from tests.fakes import fake_monitor

ANY = {
    "/login/sso",
    "/login/sso/done",
    "/favicon.svg",
    "/favicon.ico",
    "/assets/{path:path}",
    "/label/{token}",
    "/chart/{token}",
}
"""In the policy whether or not this installation has them."""


def application() -> FastAPI:
    return create_app(fake_monitor()[0])


def routes_of(app: FastAPI) -> set[tuple[str, str]]:
    return set(_walk(app.router.routes, ""))


def _walk(routes: Iterable[BaseRoute], prefix: str) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, Mount):
            yield "GET", f"{prefix}{route.path}/{{path:path}}"
        elif isinstance(route, Route):
            yield from ((method, prefix + route.path) for method in (route.methods or {"*"}) - {"HEAD"})
        else:  # FastAPI keeps what was included as it was, beside the prefix
            included: Any = route
            yield from _walk(included.original_router.routes, prefix + included.include_context.prefix)


def test_every_route_has_its_rule_and_every_rule_its_route() -> None:
    routes = routes_of(application())
    assert len(routes) > 30
    assert routes - set(TABLE) == set()
    assert {key for key in set(TABLE) - routes if key[1] not in ANY} == set()


def test_the_description_says_what_the_policy_says() -> None:
    document = application().openapi()
    described = {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    told = {(method, plain(path)): rule for (method, path), rule in TABLE.items()}
    assert set(described) <= set(told)
    assert {key for key in set(told) - set(described) if key[1].startswith("/api/")} == set()
    for key, operation in described.items():
        needs = [] if told[key].scope is None else [told[key].scope]
        expected = [] if told[key].open else [{"token": needs}, {"session": needs}]
        assert operation["security"] == expected, key


def test_open_is_only_what_must_be() -> None:
    opened = {path for (_, path), rule in TABLE.items() if rule.open}
    doors = {
        "/login",
        "/login.css",
        "/login.js",
        "/login/sso",
        "/login/sso/done",
        "/favicon.svg",
        "/favicon.ico",
    }
    assert opened == {"/live", "/ready", "/label/{token}", "/chart/{token}"} | doors


def test_whatever_changes_something_asks_for_more_than_read() -> None:
    for (method, path), rule in TABLE.items():
        if method != "GET" and path not in ("/login", "/logout", "/label/{token}"):
            assert rule.scope not in (None, "read"), path
            assert rule.reach is not Reach.NOTHING, path


def test_a_route_without_a_rule_is_forbidden_to_all() -> None:
    monitor, _, _ = fake_monitor()
    monitor.start()
    app = create_app(monitor)

    router = APIRouter()

    @router.get("/forgotten")
    @app.get("/forgotten")
    def forgotten() -> str:
        raise AssertionError("reached")

    app.include_router(router, prefix="/api/v1")
    assert routes_of(app) - set(TABLE) == {("GET", "/forgotten"), ("GET", "/api/v1/forgotten")}
    with TestClient(app, base_url="http://localhost") as http:
        for path in ("/forgotten", "/api/v1/forgotten"):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["type"]) == (403, "urn:watchkeeper:problem:no-rule")
        assert http.get("/api/v1/none").status_code == 404
        assert http.delete("/api/v1/incidents").status_code == 405
    monitor.stop()


def test_paths_are_not_matched_loosely() -> None:
    for path in ("/live/", "//live", "/live%2f", "/LIVE", "/api/v1/samples/", "/login/../metrics"):
        assert rule_of("GET", path) is None or not rule_of("GET", path).open  # type: ignore[union-attr]


def test_nobody_unknown_comes_in(app: Secured) -> None:
    paths = {(method, path) for method, path in TABLE if not TABLE[method, path].open}
    paths |= {("GET", "/none"), ("DELETE", "/api/v1/incidents"), ("TRACE", "/"), ("OPTIONS", "/api/v1/me")}
    for method, template in paths:
        path = template.replace("{name:path}", "x").replace("{path:path}", "x")
        for token in ("", "wk_x", "Bearer"):
            answer = app.ask(method, path, token, follow_redirects=False)
            if path == "/":
                assert (answer.status_code, answer.headers["location"]) == (303, "/login")
                continue
            assert answer.status_code == 401, (method, path)
            assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/live", "/ready", "/login", "/login.css", "/login.js"):
        assert app.ask("GET", path).status_code == 200
