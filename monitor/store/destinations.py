"""Routes and receivers in SQL. Every change goes with its entry in the audit log, or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update

from monitor.domain.audit import Deed
from monitor.domain.destination import Destination
from monitor.domain.route import Route, in_order
from monitor.store import audit, outbox
from monitor.store.alert_tables import RECEIVERS, ROUTES
from monitor.store.database import Database
from monitor.store.upsert import upsert


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class Destinations:
    """Thread-safe; each method is one transaction."""

    def __init__(self, database: Database, clock_ms: Callable[[], int] = wall_ms) -> None:
        self._database = database
        self._now_ms = clock_ms

    def routes(self) -> list[Route]:
        """As they are asked."""
        with self._database.read() as connection:
            return routes(connection)

    def receivers(self) -> list[Destination]:
        """By name."""
        with self._database.read() as connection:
            rows = connection.execute(select(RECEIVERS).order_by(RECEIVERS.c.name)).mappings()
            return [_destination(row) for row in rows]

    def put_route(self, route: Route, deed: Deed) -> None:
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            upsert(connection, ROUTES, [{"name": route.name, "body": route.to_body()}])

    def drop_route(self, name: str, deed: Deed) -> None:
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            connection.execute(delete(ROUTES).where(ROUTES.c.name == name))

    def put_receiver(self, one: Destination, deed: Deed) -> None:
        row: dict[str, Any] = {name: getattr(one, name) for name in Destination.__slots__}
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            upsert(connection, RECEIVERS, [row | {"settings": dict(one.settings)}])

    def drop_receiver(self, name: str, deed: Deed) -> None:
        """With all that waits for it."""
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())
            connection.execute(delete(RECEIVERS).where(RECEIVERS.c.name == name))
            outbox.drop(connection, name, self._now_ms())

    def record(self, deed: Deed) -> None:
        """An entry for what changes nothing that is kept."""
        with self._database.write() as connection:
            audit.append(connection, deed, self._now_ms())


def routes(connection: Connection) -> list[Route]:
    rows = connection.execute(select(ROUTES)).all()
    return in_order(Route.from_body(row.name, row.body) for row in rows)


def receiver(connection: Connection, name: str) -> Destination | None:
    found = connection.execute(select(RECEIVERS).where(RECEIVERS.c.name == name)).mappings().first()
    return None if found is None else _destination(found)


def unreachable(connection: Connection, name: str, since_ms: int | None, trouble: str) -> None:
    """Since when a receiver takes nothing; None: it does again."""
    values = {"unreachable_ms": since_ms, "trouble": trouble}
    connection.execute(update(RECEIVERS).where(RECEIVERS.c.name == name).values(**values))


def _destination(row: RowMapping) -> Destination:
    return Destination(**dict(row))
