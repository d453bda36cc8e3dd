"""The migrations make the tables the code believes in, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from monitor.store.database import Database
from monitor.store.migrations import current, downgrade, newest, upgrade
from monitor.store.tables import METADATA


def test_upgrade_makes_exactly_the_tables(url: str) -> None:
    assert current(url) is None
    assert upgrade(url) == newest()
    assert current(url) == newest()
    with Database(url) as database, database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert set(inspect(connection).get_table_names()) == {*METADATA.tables, "alembic_version"}


def test_upgrade_again_changes_nothing(url: str) -> None:
    assert upgrade(url) == upgrade(url)


def test_there_is_a_way_back(url: str) -> None:
    upgrade(url)
    downgrade(url)
    assert current(url) is None
    with Database(url) as database, database.read() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    assert upgrade(url) == newest()
