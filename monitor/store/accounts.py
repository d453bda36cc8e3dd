"""Tokens, users and sessions in SQL. Every change goes with its entry in the audit log, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from sqlalchemy import Connection, delete, select, update

from monitor.domain.access import Role, Scope, Session, Token, User
from monitor.domain.audit import AuditEntry, Deed
from monitor.domain.durations import DAY_MS
from monitor.domain.paging import Page
from monitor.store import audit
from monitor.store.database import Database
from monitor.store.tables import SESSIONS, TOKENS, USERS
from monitor.store.upsert import upsert

KEPT_MS = 400 * DAY_MS


class Accounts:
    """Over a database with our schema. Thread-safe; each method is one transaction."""

    def __init__(
        self, database: Database, clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    ) -> None:
        self._database = database
        self.now_ms = clock_ms

    def tokens(self) -> list[Token]:
        with self._database.read() as connection:
            rows = connection.execute(select(TOKENS).order_by(TOKENS.c.created_ms, TOKENS.c.id)).mappings()
            return [Token(**{**row, "scopes": frozenset(map(Scope, row["scopes"]))}) for row in rows]

    def users(self) -> list[User]:
        with self._database.read() as connection:
            rows = connection.execute(select(USERS).order_by(USERS.c.name)).mappings()
            return [User(**{**row, "role": Role(row["role"])}) for row in rows]

    def sessions(self) -> list[Session]:
        with self._database.read() as connection:
            return [Session(**row) for row in connection.execute(select(SESSIONS)).mappings()]

    def put_token(self, token: Token, deed: Deed) -> None:
        row = {**asdict(token), "scopes": sorted(token.scopes)}
        with self._change(deed) as connection:
            upsert(connection, TOKENS, [row])

    def put_user(self, user: User, deed: Deed) -> None:
        with self._change(deed) as connection:
            upsert(connection, USERS, [{**asdict(user), "role": user.role.value}])

    def drop_user(self, name: str, deed: Deed) -> None:
        with self._change(deed) as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.user == name))
            connection.execute(delete(USERS).where(USERS.c.name == name))

    def put_session(self, session: Session, deed: Deed) -> None:
        with self._change(deed) as connection:
            upsert(connection, SESSIONS, [asdict(session)])

    def drop_sessions(self, ids: Iterable[str], deed: Deed | None = None) -> None:
        """Without a deed where they have run out by themselves."""
        with self._database.write() as connection:
            if deed is not None:
                audit.append(connection, deed, self.now_ms())
            for one in ids:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.id == one))

    def seen(self, tokens: dict[str, int], sessions: dict[str, int]) -> None:
        """When tokens and sessions were used last, by id. No deed: nothing changes for anybody."""
        with self._database.write() as connection:
            for id, at_ms in tokens.items():
                connection.execute(update(TOKENS).where(TOKENS.c.id == id).values(used_ms=at_ms))
            for id, at_ms in sessions.items():
                connection.execute(update(SESSIONS).where(SESSIONS.c.id == id).values(seen_ms=at_ms))

    def record(self, deed: Deed) -> None:
        """An entry for what is kept elsewhere: in the intake log."""
        with self._change(deed):
            pass

    def prune(self) -> int:
        """Drop audit entries older than `KEPT_MS`; -> how many."""
        now_ms = self.now_ms()
        with self._database.write() as connection:
            return audit.prune(connection, now_ms - KEPT_MS, now_ms)

    def audit_entries(self, after: int | None, limit: int) -> Page[AuditEntry]:
        return audit.entries(self._database, after, limit)

    @contextmanager
    def _change(self, deed: Deed) -> Iterator[Connection]:
        with self._database.write() as connection:
            audit.append(connection, deed, self.now_ms())
            yield connection
