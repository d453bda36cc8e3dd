"""Sessions of browsers: all in memory and in the store; the cookie is random and only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

from api.access.actor import Actor
from monitor.domain.access import Session, User
from monitor.store.accounts import Accounts

COOKIE = "__Host-watchkeeper"


class Sessions:
    """A session ends ``idle_s`` after its last request, and ``total_s`` after login whatever happens.
    Changes by one thread at a time; any thread may look up, which never brings back what has ended."""

    def __init__(self, accounts: Accounts, idle_s: int, total_s: int) -> None:
        self._accounts = accounts
        self._spans = (idle_s * 1_000, total_s * 1_000)
        self._known = {session.id: session for session in accounts.sessions()}
        self._seen = {session.id: session.seen_ms for session in self._known.values()}
        self._told_ms = 0

    def open(self, user: User, by: Actor, cookie: str | None = None) -> tuple[Session, str]:
        """A new session under a new cookie; the one that came with the login ends."""
        fresh = secrets.token_urlsafe(32)
        now_ms = self._accounts.now_ms()
        session = Session(_id(fresh), user.name, secrets.token_urlsafe(32), now_ms, now_ms)
        self._accounts.put_session(session, by.did("login", f"user:{user.name}"))
        self._seen[session.id] = now_ms
        self._known[session.id] = session
        if cookie and (old := self._known.pop(_id(cookie), None)) is not None:
            self._accounts.drop_sessions([old.id])
        return session, fresh

    def find(self, cookie: str) -> Session | None:
        """The session of a cookie, if it has not run out; it then goes on."""
        session = self._known.get(_id(cookie))
        if session is None or not self._valid(session):
            return None
        self._seen[session.id] = self._accounts.now_ms()
        return session

    def valid(self, id: str) -> bool:
        session = self._known.get(id)
        return session is not None and self._valid(session)

    def close(self, id: str, by: Actor) -> None:
        session = self._known.pop(id, None)
        if session is not None:
            self._accounts.drop_sessions([id], by.did("logout", f"user:{session.user}"))

    def forget_user(self, name: str) -> None:
        """Every session of a user, whose rights or password are others now."""
        ids = [session.id for session in list(self._known.values()) if session.user == name]
        self._drop(ids)

    def sweep(self) -> None:
        """Let go of those that have run out."""
        self._drop([session.id for session in list(self._known.values()) if not self._valid(session)])

    def take_seen(self) -> dict[str, int]:
        """When sessions were used last, by id, of those used since this was last asked."""
        since_ms, self._told_ms = self._told_ms, self._accounts.now_ms()
        return {id: at_ms for id, at_ms in list(self._seen.items()) if at_ms >= since_ms}

    def _drop(self, ids: list[str]) -> None:
        for id in ids:
            self._known.pop(id, None)
            self._seen.pop(id, None)
        if ids:
            self._accounts.drop_sessions(ids)

    def _valid(self, session: Session) -> bool:
        seen = replace(session, seen_ms=self._seen.get(session.id, session.seen_ms))
        return seen.valid(self._accounts.now_ms(), *self._spans)


def _id(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
