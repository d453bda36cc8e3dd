"""Tokens, users and sessions come back as they were kept, each change with its entry in the audit log."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, update

from monitor.domain.access import Role, Scope, Session, Token, User
from monitor.domain.audit import FIRST, AuditEntry, Deed
from monitor.store import audit
from monitor.store.accounts import KEPT_MS, Accounts
from monitor.store.database import Database
from monitor.store.tables import AUDIT

TOKEN = Token(
    "00ff00ff00ff",
    "push",
    bytes(range(32)),
    frozenset({Scope.READ, Scope.INGEST}),
    "red",
    "shop.",
    1,
    "user:ann",
)
USER = User("ann", Role.EDITOR, "red", "$argon2id$", "https://id.example 7", 5)
SESSION = Session("ab" * 32, "ann", "c" * 43, 10, 10)


def deed(action: str) -> Deed:
    return Deed("user:ann", action, "x", None, {"é": ["\x00", 1]}, "127.0.0.1", "0f")


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, lambda: 1_000)


def actions(accounts: Accounts) -> list[str]:
    return [entry.action for entry in accounts.audit_entries(None, 100).items][::-1]


def test_what_is_kept_comes_back(accounts: Accounts) -> None:
    accounts.put_token(TOKEN, deed("a"))
    accounts.put_user(USER, deed("b"))
    accounts.put_session(SESSION, deed("c"))
    assert (accounts.tokens(), accounts.users(), accounts.sessions()) == ([TOKEN], [USER], [SESSION])
    accounts.put_token(replace(TOKEN, revoked_ms=9), deed("d"))
    accounts.seen({TOKEN.id: 7}, {SESSION.id: 8})
    assert accounts.tokens() == [replace(TOKEN, revoked_ms=9, used_ms=7)]
    assert accounts.sessions() == [replace(SESSION, seen_ms=8)]
    accounts.drop_user("ann", deed("e"))
    assert (accounts.users(), accounts.sessions()) == ([], [])
    assert actions(accounts) == ["a", "b", "c", "d", "e"]


def test_a_change_that_fails_leaves_no_entry(accounts: Accounts) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        accounts.put_session(SESSION, deed("login"))
    assert (accounts.sessions(), actions(accounts)) == ([], [])


def test_sessions_run_out_without_an_entry_and_are_closed_with_one(accounts: Accounts) -> None:
    accounts.put_user(USER, deed("user"))
    accounts.put_session(SESSION, deed("login"))
    accounts.put_session(replace(SESSION, id="cd" * 32), deed("login"))
    accounts.drop_sessions([SESSION.id])
    accounts.drop_sessions(["cd" * 32], deed("logout"))
    assert accounts.sessions() == []
    assert actions(accounts) == ["user", "login", "login", "logout"]


def chained(accounts: Accounts, count: int = 5) -> None:
    for number in range(count):
        accounts.record(deed(f"deed {number}"))


def test_a_whole_chain_is_right_and_its_head_tells_of_its_end(database: Database, accounts: Accounts) -> None:
    assert audit.verify(database) == audit.Verdict(0, FIRST)
    chained(accounts)
    verdict = audit.verify(database)
    assert (verdict.entries, verdict.faults) == (5, ())
    newest = accounts.audit_entries(None, 1).items[0]
    assert (newest.sequence, newest.hash) == (5, verdict.head)
    with database.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.sequence == 5))
    cut = audit.verify(database)
    assert (cut.faults, cut.head == verdict.head) == ((), False)


@pytest.mark.parametrize("column", ["at_ms", "actor", "action", "object", "after", "address", "request_id"])
def test_a_changed_entry_is_found(database: Database, accounts: Accounts, column: str) -> None:
    chained(accounts)
    value = 7 if column == "at_ms" else "other"
    with database.write() as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.sequence == 3).values({column: value}))
    assert audit.verify(database).faults == ("entry 3 was changed",)


def test_a_forged_entry_does_not_fit_the_next(database: Database, accounts: Accounts) -> None:
    chained(accounts)
    with database.write() as connection:
        two = connection.execute(select(AUDIT.c.hash).where(AUDIT.c.sequence == 2)).scalar_one()
        forged = AuditEntry.of(deed("another"), 3, 1_000, two)
        values = {name: getattr(forged, name) for name in AuditEntry.__slots__}
        connection.execute(update(AUDIT).where(AUDIT.c.sequence == 3).values(values))
    assert audit.verify(database).faults == ("entry 4 does not follow from the one before it",)


@pytest.mark.parametrize(("gone", "said"), [([3], "entries 3 to 3 are"), ([1, 2], "entries before 3 are")])
def test_missing_entries_are_found(
    database: Database, accounts: Accounts, gone: list[int], said: str
) -> None:
    chained(accounts)
    with database.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.sequence.in_(gone)))
    (fault,) = audit.verify(database).faults
    assert fault.startswith(said)


def test_old_entries_go_and_the_chain_says_so(database: Database, accounts: Accounts) -> None:
    chained(accounts)
    late = Accounts(database, lambda: 1_001 + KEPT_MS)
    assert accounts.prune() == 0
    assert late.prune() == 5
    chained(late, 2)
    assert actions(late) == [audit.PRUNED, "deed 0", "deed 1"]
    assert audit.verify(database).faults == ()
    with database.write() as connection:
        connection.execute(delete(AUDIT).where(AUDIT.c.sequence == 6))
    assert len(audit.verify(database).faults) == 1


def test_pages_of_entries(accounts: Accounts) -> None:
    chained(accounts)
    first = accounts.audit_entries(None, 2)
    assert ([entry.sequence for entry in first.items], first.next) == ([5, 4], "4")
    rest = accounts.audit_entries(4, 10)
    assert ([entry.sequence for entry in rest.items], rest.next) == ([3, 2, 1], None)
