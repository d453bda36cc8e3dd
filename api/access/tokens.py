"""Access tokens: all in memory, so that each request costs one look-up and one hash, and a revocation holds
for the next request; written through to the store."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from hmac import compare_digest
from typing import Any

from api.access.actor import Actor
from api.access.token_text import digest, mint, parse
from monitor.domain.access import Scope, Token
from monitor.domain.errors import BadRequest, NotFound
from monitor.store.accounts import Accounts

_NO_HASH = bytes(32)


class Tokens:
    """Changes by one thread at a time; any thread may look up, which never writes what a change writes."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts
        self._known = {token.id: token for token in accounts.tokens()}
        self._used: dict[str, int] = {}
        self._told_ms = 0

    def find(self, text: bytes) -> Token | None:
        """The valid token of a text, marked as used; 2 µs. The same work whichever part of it is wrong."""
        parsed = parse(text)
        if parsed is None:
            return None
        id, secret = parsed
        token = self._known.get(id)
        right = compare_digest(digest(secret), token.hash if token is not None else _NO_HASH)
        now_ms = self._accounts.now_ms()
        if token is None or not right or not token.valid(now_ms):
            return None
        self._used[id] = now_ms
        return token

    def valid(self, id: str) -> bool:
        token = self._known.get(id)
        return token is not None and token.valid(self._accounts.now_ms())

    def all(self) -> list[Token]:
        return [replace(t, used_ms=self._used.get(t.id, t.used_ms)) for t in self._known.values()]

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        by: Actor,
        *,
        team: str | None = None,
        prefix: str = "",
        expires_ms: int | None = None,
    ) -> tuple[Token, str]:
        """The token, and its text, which is shown this once. Raises BadRequest."""
        granted = frozenset(scopes)
        now_ms = self._accounts.now_ms()
        if not granted:
            raise BadRequest("scopes: at least one")
        if team is not None and Scope.ADMIN in granted:
            raise BadRequest("team: the scope admin concerns every team")
        if expires_ms is not None and expires_ms <= now_ms:
            raise BadRequest("expires: lies in the past")
        id, text, hash = mint()
        token = Token(id, name, hash, granted, team, prefix, now_ms, by.name, expires_ms)
        self._accounts.put_token(token, by.did("token created", f"token:{id}", after=said(token)))
        self._known[id] = token
        return token, text

    def revoke(self, id: str, by: Actor) -> None:
        """From the next request on. Raises NotFound."""
        token = self._known.get(id)
        if token is None:
            raise NotFound("no such token")
        revoked = replace(token, revoked_ms=token.revoked_ms or self._accounts.now_ms())
        self._known[id] = revoked  # at once, even if the store fails
        self._accounts.put_token(revoked, by.did("token revoked", f"token:{id}", said(token), said(revoked)))

    def take_used(self) -> dict[str, int]:
        """When tokens were used last, by id, of those used since this was last asked."""
        since_ms, self._told_ms = self._told_ms, self._accounts.now_ms()
        return {id: at_ms for id, at_ms in list(self._used.items()) if at_ms >= since_ms}


def said(token: Token) -> dict[str, Any]:
    """A token as people and the audit log see it: without its hash."""
    return {
        "name": token.name,
        "scopes": sorted(token.scopes),
        "team": token.team,
        "prefix": token.prefix,
        "created_ms": token.created_ms,
        "created_by": token.created_by,
        "expires_ms": token.expires_ms,
        "used_ms": token.used_ms,
        "revoked_ms": token.revoked_ms,
    }
