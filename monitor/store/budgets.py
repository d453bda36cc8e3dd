"""Alert budgets in SQL, as people declare them, with their balance. A change goes with its entry in the audit
log, a new balance with the notices that it pays for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, delete, distinct, func, select, update

from monitor.domain.audit import Deed
from monitor.domain.budget import Balance, Budget
from monitor.domain.durations import WEEK_MS
from monitor.domain.notice import NoticeKind
from monitor.store import audit
from monitor.store.alert_tables import BUDGETS, NOTICES
from monitor.store.database import Database
from monitor.store.destinations import wall_ms
from monitor.store.tables import INCIDENTS
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

    def told(self, budget: Budget) -> int:
        """Of how many of its incidents somebody was told in the last week of the wall clock."""
        notices = NOTICES.c
        told = select(func.count(distinct(notices.incident_id))).where(
            notices.kind == NoticeKind.OPENED.value, notices.at_ms >= self._now_ms() - WEEK_MS
        )
        if budget.route:
            told = told.where(notices.route == budget.route)
        else:
            mine = select(INCIDENTS.c.id).where(INCIDENTS.c.team == budget.team)
            told = told.where(notices.incident_id.in_(mine))
        with self._database.read() as connection:
            return int(connection.execute(told).scalar_one())

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
