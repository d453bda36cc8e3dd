"""Tokens: only the right one, while it holds, and in the same time whichever part is wrong."""

from __future__ import annotations

import time
import zlib
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.access.token_text import digest, mint, parse
from api.access.tokens import Tokens
from monitor.domain.access import Role, Scope
from monitor.domain.errors import BadRequest
from tests.api.access.conftest import TESTS, Secured
from tests.fakes import NOW_MS, FakeAccounts

STATUS = "/api/v1/status"


@given(st.binary(max_size=120))
def test_no_bytes_are_a_token_by_chance(text: bytes) -> None:
    assert parse(text) is None


@given(st.integers(0, 87), st.integers(0, 255))
def test_one_other_byte_makes_it_none(place: int, byte: int) -> None:
    text = bytearray(mint()[1].encode())
    if text[place] != byte:
        text[place] = byte
        assert parse(bytes(text)) is None


def test_only_the_hash_is_kept() -> None:
    accounts = FakeAccounts()
    token, text = Tokens(accounts).create("x", [Scope.READ], TESTS)
    parsed = parse(text.encode())
    assert parsed is not None
    assert token.hash == digest(parsed[1])
    assert parsed[1].decode() not in repr(accounts.kept_tokens) + repr(accounts.deeds)


def test_a_token_lets_in_until_it_expires_or_is_revoked(app: Secured) -> None:
    token = app.token(Scope.READ, expires_ms=NOW_MS + 1)
    assert app.ask("GET", STATUS, token).status_code == 200
    app.accounts.now_ms = lambda: NOW_MS + 1
    assert app.ask("GET", STATUS, token).status_code == 401
    admin, other = app.token(Scope.ADMIN), app.token(Scope.READ)
    assert app.ask("GET", STATUS, other).status_code == 200
    assert app.ask("DELETE", f"/api/v1/tokens/{other[3:15]}", admin).status_code == 204
    assert app.ask("GET", STATUS, other).status_code == 401  # the very next request
    listed = app.ask("GET", "/api/v1/tokens", admin).json()["items"]
    assert [t["revoked_ms"] for t in listed if t["id"] == other[3:15]] == [NOW_MS + 1]
    assert [t["used_ms"] for t in listed if t["id"] == other[3:15]] == [NOW_MS + 1]
    assert "hash" not in listed[0]


@pytest.mark.parametrize(
    "header",
    [
        b"Bearer wk_\xc3\xa9",
        b"Bearer \xff\xfe",
        b"Bearer",
        b"Bearer ",
        b"Basic YWRtaW46YWRtaW4=",
        b"bearer wk_000000000000_" + b"0" * 72,
        b"Bearer null",
    ],
)
def test_what_is_no_token_is_401(app: Secured, header: bytes) -> None:
    answer = app.http.get(STATUS, headers=[(b"authorization", header)])
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:watchkeeper:problem:unknown")


def test_a_token_counts_in_the_header_only_and_once(app: Secured) -> None:
    token = app.token(Scope.READ)
    assert app.ask("GET", f"{STATUS}?token={token}&access_token={token}").status_code == 401
    assert app.http.get(STATUS, headers={"cookie": f"token={token}"}).status_code == 401
    twice = [("authorization", f"Bearer {token}"), ("authorization", f"Bearer {token}")]
    assert app.http.get(STATUS, headers=twice).status_code == 401
    assert app.ask("GET", STATUS, token).status_code == 200


def test_a_wrong_token_is_not_helped_by_a_cookie(app: Secured) -> None:
    app.user("ann", Role.ADMIN)
    app.login("ann")
    assert app.http.get(STATUS).status_code == 200
    assert app.http.get(STATUS, headers={"authorization": "Bearer wk_x"}).status_code == 401


def test_a_token_is_made_over_http_and_shown_once(app: Secured) -> None:
    admin = app.token(Scope.ADMIN)
    wanted = {"name": "push", "scopes": ["ingest"], "team": "red", "prefix": "shop."}
    made = app.ask("POST", "/api/v1/tokens", admin, json=wanted)
    assert made.status_code == 201
    assert app.ask("GET", "/api/v1/me", made.json()["token"]).json() == {
        "name": f"token:{made.json()['id']}",
        "scopes": ["ingest"],
        "team": "red",
        "prefix": "shop.",
        "csrf": None,
    }
    secret = made.json()["token"][16:]
    assert secret not in app.ask("GET", "/api/v1/tokens", admin).text
    assert secret not in app.ask("GET", "/api/v1/audit", admin).text
    unlike: list[dict[str, Any]]
    unlike = [{"scopes": ["root"]}, {"scopes": []}, {"team": "none"}, {"name": ""}, {"nme": "x"}]
    for wrong in unlike:
        assert app.ask("POST", "/api/v1/tokens", admin, json=wanted | wrong).status_code == 422
    unlike = [{"scopes": ["admin"]}, {"expires_ms": 1}]
    for wrong in unlike:
        assert app.ask("POST", "/api/v1/tokens", admin, json=wanted | wrong).status_code == 400


def test_no_admin_is_bound_to_a_team() -> None:
    with pytest.raises(BadRequest, match="every team"):
        Tokens(FakeAccounts()).create("x", [Scope.READ, Scope.ADMIN], TESTS, team="red")


def test_a_wrong_token_takes_the_same_time_wherever_it_is_wrong() -> None:
    tokens = Tokens(FakeAccounts())
    texts = [tokens.create("x", [Scope.READ], TESTS)[1] for _ in range(50)]
    right = texts[0]
    _, other, _ = mint()

    def resealed(head: str) -> bytes:
        return f"{head}{zlib.crc32(head.encode()):08x}".encode()

    head = right[:-8]
    first = resealed(head[:16] + ("0" if head[16] != "0" else "1") + head[17:])
    last = resealed(head[:-1] + ("0" if head[-1] != "0" else "1"))
    kinds = [first, last, other.encode()]
    spent: list[list[int]] = [[], [], []]
    for _ in range(10_000):
        for kind, text in enumerate(kinds):
            began = time.perf_counter_ns()
            found = tokens.find(text)
            spent[kind].append(time.perf_counter_ns() - began)
            assert found is None
    middle = [median(part) for part in spent]
    noise = sorted(spent[0])[int(0.75 * len(spent[0]))] - sorted(spent[0])[int(0.25 * len(spent[0]))]
    assert max(middle) - min(middle) <= max(noise, 0.2 * middle[0])
