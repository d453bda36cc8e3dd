"""What people told the system: metric declarations and settings, with a log of every change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, select

from monitor.store.database import Database
from monitor.store.tables import CHANGES, METRIC_DECLARATIONS, SETTINGS
from monitor.store.upsert import upsert

Body = dict[str, Any]


class Declarations:
    """Each write is one transaction with its line in the change log; saying the same again adds
    none. ``at_ms`` is the caller's wall clock, ``actor`` who asked. Values are JSON. Thread-safe.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def declare_metric(self, metric: str, body: Body, *, at_ms: int, actor: str) -> bool:
        """Whether it says anything new."""
        return self._put(METRIC_DECLARATIONS, "metric", "body", metric, body, at_ms, actor)

    def metric(self, metric: str) -> Body | None:
        found = self._get(METRIC_DECLARATIONS, "metric", "body", metric)
        return dict(found) if found is not None else None

    def metrics(self) -> dict[str, Body]:
        """All declarations by metric, in order of the names."""
        with self._database.read() as connection:
            rows = connection.execute(select(METRIC_DECLARATIONS)).all()
        return {r.metric: r.body for r in sorted(rows, key=lambda r: r.metric)}

    def put_setting(self, name: str, value: Any, *, at_ms: int, actor: str) -> bool:
        """Whether it says anything new."""
        return self._put(SETTINGS, "name", "value", name, value, at_ms, actor)

    def setting(self, name: str) -> Any:
        """None when it was never set."""
        return self._get(SETTINGS, "name", "value", name)

    def changes(self, limit: int = 100, before_id: int | None = None) -> list[dict[str, Any]]:
        """Newest first: id, at_ms, actor, subject, name, before, after."""
        wanted = select(CHANGES).order_by(CHANGES.c.id.desc()).limit(limit)
        if before_id is not None:
            wanted = wanted.where(CHANGES.c.id < before_id)
        with self._database.read() as connection:
            return [dict(row) for row in connection.execute(wanted).mappings()]

    def _get(self, table: Table, key: str, content: str, name: str) -> Any:
        with self._database.read() as connection:
            return _stored(connection, table, key, content, name)

    def _put(
        self, table: Table, key: str, content: str, name: str, value: Any, at_ms: int, actor: str
    ) -> bool:
        with self._database.write() as connection:
            before = _stored(connection, table, key, content, name)
            if before == value:
                return False
            upsert(connection, table, [{key: name, content: value, "changed_ms": at_ms}])
            line = {"at_ms": at_ms, "actor": actor, "subject": table.name, "name": name}
            connection.execute(CHANGES.insert(), {**line, "before": before, "after": value})
            return True


def _stored(connection: Connection, table: Table, key: str, content: str, name: str) -> Any:
    return connection.execute(select(table.c[content]).where(table.c[key] == name)).scalar_one_or_none()
