"""``watchkeeper token``, ``user`` and ``audit``, on a data folder of their own and by a server."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app as cli
from api.commands import access as commands
from api.server import check_bind
from monitor.domain.errors import BadRequest, InUse, NotFound
from monitor.folder import FolderLock
from monitor.settings import Settings

pytestmark = pytest.mark.filterwarnings("default::ResourceWarning")


def run(folder: Path, *words: str, text: str = "") -> Result:
    return CliRunner().invoke(cli, [*words, "--data-dir", str(folder)], input=text)


def listed(folder: Path, what: str) -> list[dict[str, object]]:
    return list(json.loads(run(folder, what, "list", "--json").stdout)["items"])


def test_a_token_from_making_to_revoking(tmp_path: Path) -> None:
    made = run(tmp_path, "token", "create", "push", "--scope", "ingest", "--prefix", "shop.", "--days", "2")
    assert made.exit_code == 0, made.output
    text = made.stdout.strip()
    assert re.fullmatch(r"wk_[0-9a-f]{12}_[0-9a-f]{72}", text)
    (token,) = listed(tmp_path, "token")
    assert (token["id"], token["scopes"], token["prefix"]) == (text[3:15], ["ingest"], "shop.")
    assert text[16:] not in run(tmp_path, "token", "list", "--json").stdout
    assert run(tmp_path, "token", "revoke", text[3:15]).exit_code == 0
    assert listed(tmp_path, "token")[0]["revoked_ms"] is not None
    assert isinstance(run(tmp_path, "token", "revoke", "000000000000").exception, NotFound)
    wrong = run(tmp_path, "token", "create", "x", "--scope", "root")
    assert isinstance(wrong.exception, BadRequest)
    assert "one of ingest, read" in str(wrong.exception)


def test_a_user_from_making_to_removing(tmp_path: Path) -> None:
    password = "a long password\n" * 2
    assert run(tmp_path, "user", "set", "ann", "--role", "admin", "--password", text=password).exit_code == 0
    assert run(tmp_path, "user", "set", "bob", "--role", "viewer", "--team", "red").exit_code == 0
    found = [
        (user["name"], user["role"], user["team"], user["password"]) for user in listed(tmp_path, "user")
    ]
    assert found == [("ann", "admin", None, "set"), ("bob", "viewer", "red", None)]
    assert run(tmp_path, "user", "remove", "bob").exit_code == 0
    assert isinstance(run(tmp_path, "user", "remove", "ann").exception, BadRequest)
    short = run(tmp_path, "user", "set", "ann", "--role", "admin", "--password", text="short\nshort\n")
    assert isinstance(short.exception, BadRequest)


def test_a_folder_that_a_server_has_is_left_alone(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    try:
        assert isinstance(run(tmp_path, "token", "list").exception, InUse)
    finally:
        lock.release()


def test_the_audit_log_is_verified(tmp_path: Path) -> None:
    run(tmp_path, "token", "create", "a", "--scope", "read")
    run(tmp_path, "user", "set", "ann", "--role", "viewer")
    lock = FolderLock(tmp_path)  # a server may run meanwhile
    told = json.loads(run(tmp_path, "audit", "verify", "--json").stdout)
    assert (told["entries"], told["faults"]) == (2, [])
    assert run(tmp_path, "audit", "verify", "--head", told["head"]).exit_code == 0
    assert run(tmp_path, "audit", "verify", "--head", "0" * 64).exit_code == 1
    lock.release()
    with sqlite3.connect(tmp_path / "watchkeeper.db") as database:
        database.execute("UPDATE audit SET actor = 'user:mallory' WHERE sequence = 1")
    database.close()
    broken = run(tmp_path, "audit", "verify")
    assert (broken.exit_code, "entry 1 was changed" in broken.output) == (1, True)
    assert isinstance(run(tmp_path / "none", "audit", "verify").exception, BadRequest)


def test_with_a_server_the_commands_go_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, object]] = []

    class Server:
        def __init__(self, url: str, token: str) -> None:
            assert (url, token) == ("http://s", "wk_t")

        def __enter__(self) -> Server:
            return self

        def __exit__(self, *_: object) -> None: ...

        def post(self, path: str, body: object) -> dict[str, str]:
            asked.append(("POST", path, body))
            return {"token": "wk_new"}

        def put(self, path: str, body: object) -> dict[str, str]:
            asked.append(("PUT", path, body))
            return {}

        def delete(self, path: str) -> dict[str, str]:
            asked.append(("DELETE", path, None))
            return {}

    monkeypatch.setattr(commands, "Client", Server)
    where = ("--url", "http://s", "--token", "wk_t")
    invoke = CliRunner().invoke
    assert "wk_new" in invoke(cli, ["token", "create", "x", "--scope", "read", *where]).stdout
    assert invoke(cli, ["token", "revoke", "00ff", *where]).exit_code == 0
    assert invoke(cli, ["user", "set", "ann", "--role", "editor", *where]).exit_code == 0
    assert invoke(cli, ["user", "remove", "a/b", *where]).exit_code == 0
    assert asked == [
        (
            "POST",
            "/api/v1/tokens",
            {"name": "x", "scopes": ["read"], "team": None, "prefix": "", "expires_ms": None},
        ),
        ("DELETE", "/api/v1/tokens/00ff", None),
        ("PUT", "/api/v1/users/ann", {"role": "editor", "team": None}),
        ("DELETE", "/api/v1/users/a%2Fb", None),
    ]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.org"])
def test_with_access_control_any_address_will_do(host: str) -> None:
    check_bind(Settings(host=host, auth="on"))
