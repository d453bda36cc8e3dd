"""``watchkeeper token``, ``user``, ``audit``: on a data folder that no server has open, or by a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.access.access import Access
from api.access.actor import COMMAND_LINE
from api.access.tokens import said as token_said
from api.access.users import said as user_said
from api.client import Client, Values
from api.tables import err, out, print_json, show
from monitor.domain.access import Role, Scope
from monitor.domain.durations import DAY_MS
from monitor.domain.errors import BadRequest
from monitor.folder import FolderLock
from monitor.settings import Settings, load
from monitor.store.accounts import Accounts
from monitor.store.audit import verify
from monitor.store.database import Database
from monitor.store.migrations import upgrade

TOKEN_COLUMNS = {
    "id": "id",
    "name": "name",
    "scopes": "scopes",
    "team": "team",
    "prefix": "prefix",
    "expires_ms": "expires (UTC)",
    "used_ms": "used (UTC)",
    "revoked_ms": "revoked (UTC)",
}
USER_COLUMNS = {"name": "name", "role": "role", "team": "team", "password": "password", "subject": "subject"}


@dataclass(frozen=True, slots=True)
class Where:
    """What to work on: a running server if ``url`` says so, else the data folder."""

    url: str
    token: str
    config: Path | None
    data_dir: Path | None


def token_create(
    where: Where,
    name: str,
    *,
    scopes: list[str],
    team: str | None,
    prefix: str,
    days: int | None,
    as_json: bool,
) -> int:
    expires_ms = None if days is None else time.time_ns() // 1_000_000 + days * DAY_MS
    wanted: Values = {
        "name": name,
        "scopes": scopes,
        "team": team,
        "prefix": prefix,
        "expires_ms": expires_ms,
    }
    if where.url:
        with Client(where.url, where.token) as server:
            made = server.post("/api/v1/tokens", wanted)
    else:
        with _opened(where) as access:
            token, text = access.tokens.create(
                name, map(_scope, scopes), COMMAND_LINE, team=team, prefix=prefix, expires_ms=expires_ms
            )
        made = {"id": token.id, "token": text, **token_said(token)}
    if as_json:
        print_json(made)
        return 0
    err().print("the token, shown this once:")
    out().print(made["token"], markup=False, highlight=False, soft_wrap=True)
    return 0


def token_list(where: Where, *, as_json: bool) -> int:
    rows = _asked(where, "/api/v1/tokens", lambda a: [{"id": t.id, **token_said(t)} for t in a.tokens.all()])
    for row in rows:
        row["scopes"] = row["scopes"] if as_json else " ".join(row["scopes"])
    return show(iter(rows), TOKEN_COLUMNS, as_json, "no tokens")


def token_revoke(where: Where, id: str) -> int:
    _removed(where, f"/api/v1/tokens/{quote(id, safe='')}", lambda a: a.tokens.revoke(id, COMMAND_LINE))
    out().print(f"token {id} is revoked")
    return 0


def user_set(where: Where, name: str, *, role: str, team: str | None, password: str | None) -> int:
    if where.url:
        wanted = {"role": role, "team": team} | ({} if password is None else {"password": password})
        with Client(where.url, where.token) as server:
            server.put(f"/api/v1/users/{quote(name, safe='')}", wanted)
    else:
        with _opened(where) as access:
            access.users.put(name, Role(role), COMMAND_LINE, team=team, password=password)
            if password is not None:
                access.sessions.forget_user(name)
    out().print(f"user {name} is {role}")
    return 0


def user_list(where: Where, *, as_json: bool) -> int:
    rows = _asked(where, "/api/v1/users", lambda a: [{"name": u.name, **user_said(u)} for u in a.users.all()])
    return show(iter(rows), USER_COLUMNS, as_json, "no users")


def user_remove(where: Where, name: str) -> int:
    _removed(where, f"/api/v1/users/{quote(name, safe='')}", lambda a: a.users.remove(name, COMMAND_LINE))
    out().print(f"user {name} is removed")
    return 0


def audit_verify(config: Path | None, data_dir: Path | None, head: str, *, as_json: bool) -> int:
    """0 if the chain is whole (and ends with ``head``, if given), 1 if not. Reads only, so that a server may
    run meanwhile."""
    settings = load(config, data_dir=data_dir)
    _check_there(settings)
    with Database(settings.database) as database:
        found = verify(database)
    faults = list(found.faults)
    if head and head != found.head:
        faults.append(f"the newest entry is {found.head}, not {head}")
    if as_json:
        print_json({"entries": found.entries, "head": found.head, "faults": faults})
    else:
        out().print(f"{found.entries} entries, the newest {found.head}", soft_wrap=True)
        for fault in faults:
            out().print(fault, markup=False, soft_wrap=True)
    return 1 if faults else 0


def _asked(where: Where, path: str, local: Any) -> list[Values]:
    if where.url:
        with Client(where.url, where.token) as server:
            return list(server.items(path))
    with _opened(where) as access:
        return list(local(access))


def _removed(where: Where, path: str, local: Callable[[Access], object]) -> None:
    if where.url:
        with Client(where.url, where.token) as server:
            server.delete(path)
    else:
        with _opened(where) as access:
            local(access)


@contextmanager
def _opened(where: Where) -> Iterator[Access]:
    """Access over the data folder, which no server may have open: it would not hear of the change."""
    settings = load(where.config, data_dir=where.data_dir)
    settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
    lock = FolderLock(settings.data_dir)
    try:
        upgrade(settings.database)
        with Database(settings.database) as database:
            yield Access(settings, Accounts(database))
    finally:
        lock.release()


def _check_there(settings: Settings) -> None:
    if not settings.database_url and not (settings.data_dir / "watchkeeper.db").is_file():
        raise BadRequest(f"{settings.data_dir}: no database in it")


def _scope(word: str) -> Scope:
    try:
        return Scope(word)
    except ValueError:
        raise BadRequest(f"scope {word!r}: one of {', '.join(Scope)}") from None
