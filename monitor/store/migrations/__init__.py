"""Schema versions, by Alembic; run them with `upgrade`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Connection

from monitor.store.database import Database


def upgrade(url: str | URL) -> str:
    """Bring the database to the newest schema, creating it if need be; the revision it has then.

    One transaction: a failed upgrade leaves the schema as it was.
    """
    with Database(url) as database, database.write() as connection:
        command.upgrade(_config(connection), "head")
    return newest()


def downgrade(url: str | URL, revision: str = "base") -> None:
    """Go back to an older schema; "base" is none at all. Data that it cannot hold is lost."""
    with Database(url) as database, database.write() as connection:
        command.downgrade(_config(connection), revision)


def current(url: str | URL) -> str | None:
    """The revision the database has; None if it has no schema of ours."""
    with Database(url) as database, database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this version of the program wants.

    >>> newest()
    '0008'
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.attributes["connection"] = connection
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
