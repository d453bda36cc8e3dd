"""Who may do what: scopes, the roles that bundle them, and whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Scope(StrEnum):
    """One kind of thing that may be done; tokens are given some of them."""

    INGEST = "ingest"
    READ = "read"
    FEEDBACK = "feedback"
    SILENCE = "silence"
    CONFIG = "config"
    ADMIN = "admin"


class Role(StrEnum):
    """What a person is; each may all that the ones before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    EDITOR = "editor"
    ADMIN = "admin"


EVERYTHING = frozenset(Scope)

SCOPES_OF: Mapping[Role, frozenset[Scope]] = MappingProxyType(
    {
        Role.VIEWER: frozenset({Scope.READ}),
        Role.RESPONDER: frozenset({Scope.READ, Scope.FEEDBACK, Scope.SILENCE}),
        Role.EDITOR: frozenset({Scope.READ, Scope.FEEDBACK, Scope.SILENCE, Scope.CONFIG}),
        Role.ADMIN: EVERYTHING,
    }
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks. ``name`` is what the audit log calls them: ``user:…``, ``token:…`` or ``anyone``.
    ``team``: bound to that team, None: to none, and so free to see all. ``prefix``: metrics it may write
    begin with it."""

    name: str
    scopes: frozenset[Scope]
    team: str | None = None
    prefix: str = ""


ANYONE = Principal("anyone", EVERYTHING)
"""Who asks while access control is off."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of an access token: of its secret the SHA-256 only. Times in epoch milliseconds."""

    id: str
    name: str
    hash: bytes
    scopes: frozenset[Scope]
    team: str | None
    prefix: str
    created_ms: int
    created_by: str
    expires_ms: int | None = None
    used_ms: int | None = None
    revoked_ms: int | None = None

    def valid(self, now_ms: int) -> bool:
        return self.revoked_ms is None and (self.expires_ms is None or now_ms < self.expires_ms)

    @property
    def principal(self) -> Principal:
        return Principal(f"token:{self.id}", self.scopes, self.team, self.prefix)


@dataclass(frozen=True, slots=True)
class User:
    """A person. ``password``: argon2id, None where they come by single sign-on only. ``subject``: issuer and
    subject of single sign-on, never an e-mail address."""

    name: str
    role: Role
    team: str | None = None
    password: str | None = None
    subject: str | None = None
    created_ms: int = 0

    @property
    def principal(self) -> Principal:
        return Principal(f"user:{self.name}", SCOPES_OF[self.role], self.team)


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in. ``id``: SHA-256 of the cookie, in hexadecimal digits."""

    id: str
    user: str
    csrf: str
    created_ms: int
    seen_ms: int

    def valid(self, now_ms: int, idle_ms: int, total_ms: int) -> bool:
        return now_ms < self.seen_ms + idle_ms and now_ms < self.created_ms + total_ms
