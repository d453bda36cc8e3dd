"""Alert budgets in SQL, as people declare them, with their balance. A change goes with its entry in the audit
log, a new balance with the notices that it pays for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, select, update

from monitor.domain.audit import Deed
from monitor.domain.budget import Balance, Budget
from monitor.store import audit
from monitor.store.alert_tables import BUDGETS
from monitor.store.database import Database
from monitor.store.destinations import wall_ms
from monitor.store.upsert import upsert


class BudgetStore:
    """Thread-safe; each method is one transaction."""

    def __init__(self, database: Database, clock_ms: Callable[[], int] = wall_ms) -> None:
        self._database = database
        self._now_ms = clock_ms

    def all(self) -> list[Balance]:
        """By name."""
        with self._database.read() as connection:
            return balances(connection)

    def put(self, budget: Budget, deed: Deed) -> None:
        """In the place of the one of that name; its balance begins anew."""
        one = Balance.fresh(budget)
        row = {"name": budget.name, "body": asdict(budget), "level": one.level, "reached_ms": None}
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            upsert(connection, BUDGETS, [row])

    def drop(self, name: str, deed: Deed) -> None:
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            connection.execute(delete(BUDGETS).where(BUDGETS.c.name == name))


def balances(connection: Connection) -> list[Balance]:
    rows = connection.execute(select(BUDGETS).order_by(BUDGETS.c.name))
    return [Balance(Budget(**row.body), row.level, row.reached_ms) for row in rows]


def keep(connection: Connection, changed: Sequence[Balance]) -> None:
    """New balances of budgets that are still declared."""
    for one in changed:
        values = {"level": one.level, "reached_ms": one.reached_ms}
        connection.execute(update(BUDGETS).where(BUDGETS.c.name == one.budget.name).values(**values))
