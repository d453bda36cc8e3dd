"""Accounts and deeds in memory."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.access import Session, Token, User
from monitor.domain.audit import FIRST, AuditEntry, Deed
from monitor.domain.paging import Page
from monitor.store.accounts import Accounts
from tests.fakes.clock import NOW_MS


class FakeAccounts(Accounts):
    """Tokens, users and sessions in memory; ``deeds``: what the audit log was told."""

    def __init__(self) -> None:
        self.now_ms = lambda: NOW_MS
        self.deeds: list[Deed] = []
        self.kept_tokens: dict[str, Token] = {}
        self.kept_users: dict[str, User] = {}
        self.kept_sessions: dict[str, Session] = {}

    def tokens(self) -> list[Token]:
        return list(self.kept_tokens.values())

    def users(self) -> list[User]:
        return list(self.kept_users.values())

    def sessions(self) -> list[Session]:
        return list(self.kept_sessions.values())

    def put_token(self, token: Token, deed: Deed) -> None:
        self.kept_tokens[token.id] = token
        self.deeds.append(deed)

    def put_user(self, user: User, deed: Deed) -> None:
        self.kept_users[user.name] = user
        self.deeds.append(deed)

    def drop_user(self, name: str, deed: Deed) -> None:
        del self.kept_users[name]
        self.deeds.append(deed)

    def put_session(self, session: Session, deed: Deed) -> None:
        self.kept_sessions[session.id] = session
        self.deeds.append(deed)

    def drop_sessions(self, ids: Iterable[str], deed: Deed | None = None) -> None:
        for id in ids:
            self.kept_sessions.pop(id, None)
        self.deeds += [deed] if deed is not None else []

    def seen(self, tokens: dict[str, int], sessions: dict[str, int]) -> None: ...

    def record(self, deed: Deed) -> None:
        self.deeds.append(deed)

    def prune(self) -> int:
        return 0

    def audit_entries(self, after: int | None, limit: int) -> Page[AuditEntry]:
        return Page([AuditEntry.of(deed, i + 1, NOW_MS, FIRST) for i, deed in enumerate(self.deeds)][:limit])
