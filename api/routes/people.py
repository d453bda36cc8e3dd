"""Whoever may come in: tokens and users; whoever asks; and the log of what they did."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import ConfigDict, Field

from api import schemas
from api.access.tokens import said as token_said
from api.access.users import NAME
from api.access.users import said as user_said
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, TheAccess, TheActor, TheMonitor, principal_of
from monitor.domain.access import Role, Scope
from monitor.service import Monitor

router = APIRouter(prefix=PREFIX, tags=["access"], responses=PROBLEMS)

TokenId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="a token's id, 12 hexadecimal digits")]
UserName = Annotated[
    str, Path(pattern=f"^{NAME}$", description="up to 128 letters, digits, or any of . _ @ -")
]
_Printable = r"^[^\x00-\x1f\x7f-\x9f]*$"


class Me(schemas.Answer):
    """Whoever asks. ``csrf``: of a browser's session, to be sent as X-CSRF-Token with each change."""

    name: str
    scopes: list[Scope]
    team: str | None
    prefix: str
    csrf: str | None


class Token(schemas.Answer):
    id: str
    name: str
    scopes: list[Scope]
    team: str | None
    prefix: str
    created_ms: int
    created_by: str
    expires_ms: int | None
    used_ms: int | None
    revoked_ms: int | None


class NewToken(Token):
    token: str = Field(description="shown this once; only its hash is kept")


class TokenWanted(schemas.Answer):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1, max_length=128, pattern=_Printable, description="text without control characters"
    )
    scopes: list[Scope] = Field(min_length=1)
    team: str | None = Field(default=None, max_length=128)
    prefix: str = Field(
        default="", max_length=512, pattern=_Printable, description="that of the metrics it may write"
    )
    expires_ms: int | None = None


class User(schemas.Answer):
    name: str
    role: Role
    team: str | None
    password: str | None = Field(description="set, or null")
    subject: str | None
    created_ms: int


class UserWanted(schemas.Answer):
    model_config = ConfigDict(extra="forbid")

    role: Role
    team: str | None = Field(default=None, max_length=128)
    password: str | None = Field(default=None, description="left out: stays as it is", repr=False)


class AuditEntry(schemas.Answer):
    sequence: int
    at_ms: int
    actor: str
    action: str
    object: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    address: str
    request_id: str
    previous: str
    hash: str


@router.get("/me")
def me(request: Request) -> Me:
    """Who asks, and what they may."""
    principal, session = principal_of(request), request.state.admitted.session
    return Me(
        name=principal.name,
        scopes=sorted(principal.scopes),
        team=principal.team,
        prefix=principal.prefix,
        csrf=None if session is None else session.csrf,
    )


@router.get("/tokens")
def list_tokens(access: TheAccess) -> schemas.ListOf[Token]:
    """Every token, revoked ones too, without its secret."""
    return schemas.ListOf(items=[Token(id=t.id, **token_said(t)) for t in access.tokens.all()])


@router.post("/tokens", status_code=201)
def create_token(monitor: TheMonitor, access: TheAccess, actor: TheActor, wanted: TokenWanted) -> NewToken:
    """A new token; its text is shown this once."""
    _check_team(monitor, wanted.team)
    with access.changing:
        token, text = access.tokens.create(
            wanted.name,
            wanted.scopes,
            actor,
            team=wanted.team,
            prefix=wanted.prefix,
            expires_ms=wanted.expires_ms,
        )
    return NewToken(id=token.id, token=text, **token_said(token))


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(access: TheAccess, actor: TheActor, token_id: TokenId) -> None:
    """Revoked from the next request on; it stays in the list."""
    with access.changing:
        access.tokens.revoke(token_id, actor)


@router.get("/users")
def list_users(access: TheAccess) -> schemas.ListOf[User]:
    """Users by name."""
    return schemas.ListOf(items=[User(name=u.name, **user_said(u)) for u in access.users.all()])


@router.put("/users/{name}")
def put_user(
    monitor: TheMonitor, access: TheAccess, actor: TheActor, name: UserName, wanted: UserWanted
) -> User:
    """Make a user or change one. A new password ends every session of theirs; a new role holds at once."""
    _check_team(monitor, wanted.team)
    with access.changing:
        user = access.users.put(name, wanted.role, actor, team=wanted.team, password=wanted.password)
        if wanted.password is not None:
            access.sessions.forget_user(name)
    return User(name=name, **user_said(user))


@router.delete("/users/{name}", status_code=204)
def remove_user(access: TheAccess, actor: TheActor, name: UserName) -> None:
    """Remove a user with every session of theirs."""
    with access.changing:
        access.users.remove(name, actor)
        access.sessions.forget_user(name)


@router.get("/audit")
def list_audit(access: TheAccess, limit: Limit = 100, cursor: Cursor = None) -> schemas.ListOf[AuditEntry]:
    """What was done by whom, newest first."""
    key = from_cursor(cursor)
    if key and not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Problem(400, "the cursor is not one of this server", kind="bad-cursor")
    page = access.accounts.audit_entries(int(key) if key else None, limit)
    items = [
        AuditEntry(
            **{
                name: getattr(entry, name)
                for name in AuditEntry.model_fields
                if name not in ("before", "after")
            },
            before=None if entry.before is None else json.loads(entry.before),
            after=None if entry.after is None else json.loads(entry.after),
        )
        for entry in page.items
    ]
    return schemas.ListOf(items=items, next=to_cursor(page.next))


def _check_team(monitor: Monitor, team: str | None) -> None:
    if team is not None and team not in monitor.declaring.teams:
        raise Problem(422, "team: no such team is declared", kind="invalid-parameter")
