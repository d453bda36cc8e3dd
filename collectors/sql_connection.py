"""A database that is only read: in a read-only transaction, with an end to each statement, where it has them.

PostgreSQL: read-only, REPEATABLE READ, ``statement_timeout``. SQLite: ``query_only``, and a statement is
interrupted by a clock that its own machine asks. MySQL and MariaDB: a read-only transaction. Of others
nothing is known, so the account should be one that may only read.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from collectors.pulled import ReadSecret, SourceFailed
from collectors.source_fields import REFERENCE
from collectors.sql_number import NO_NUMBER, read_number
from collectors.sql_percentile import Percentile
from collectors.sql_settings import DatabaseSettings
from collectors.sql_statement import NUMBER, PERCENTILE

_CONNECT_S = 10
_INSTRUCTIONS = 10_000
"""Of SQLite's machine, between two looks at the clock."""
_OWN_FUNCTION_RAISED = "user-defined function raised exception"


class ReadOnly:
    """One database. A connection lasts for one reading, so none is held while nothing is read."""

    def __init__(self, text: str, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        try:
            self._url = make_url(text)
            self._engine = self._made(self._url)
        except (ArgumentError, NoSuchModuleError):
            raise SourceFailed("the url is no SQLAlchemy URL of a known database") from None
        except ImportError as error:
            raise SourceFailed(f"the driver of this database is not installed: {error.name}") from None

    @classmethod
    def of(cls, settings: DatabaseSettings, read_secret: ReadSecret) -> ReadOnly:
        """As it is declared. Raises SourceFailed, also for a secret that is not there."""
        url = settings.url
        return cls(read_secret(url) if REFERENCE.fullmatch(url) else url, settings.timeout)

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Raises SourceFailed, also for what is wrong with statements, in the database's own words: never
        with the statement's parameters or the address."""
        self._check_file()
        try:
            with self._engine.connect() as connection:
                if self.dialect in ("mysql", "mariadb"):
                    connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                yield connection
        except DBAPIError as error:
            raise SourceFailed(self._said(error.orig)) from None
        except SQLAlchemyError as error:
            raise SourceFailed(self._said(error)) from None

    def close(self) -> None:
        self._engine.dispose()

    def _said(self, error: object) -> str:
        """The first line, without the password should a driver quote it."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if lines[0] == _OWN_FUNCTION_RAISED:
            return NO_NUMBER
        password = self._url.password
        return lines[0].replace(password, "***")[:300] if password else lines[0][:300]

    def _check_file(self) -> None:
        """SQLite would make one."""
        file = self._url.database
        if self.dialect == "sqlite" and file and not file.startswith("file:") and not Path(file).exists():
            raise SourceFailed("there is no such SQLite file")

    def _made(self, url: URL) -> Engine:
        dialect = url.get_backend_name()
        if dialect == "postgresql":
            return self._postgres(url)
        engine = create_engine(url, poolclass=NullPool)
        if dialect == "sqlite":
            event.listen(engine, "connect", self._prepare_sqlite)
        return engine

    def _postgres(self, url: URL) -> Engine:
        options = (
            f"-c statement_timeout={self._timeout_ms} -c default_transaction_read_only=on -c timezone=UTC"
        )
        known: dict[str, Any] = {"connect_timeout": _CONNECT_S, "options": options}
        engine = create_engine(url, poolclass=NullPool, connect_args=known)
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def _prepare_sqlite(self, connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only = ON")
        connection.create_aggregate(PERCENTILE, 2, Percentile)
        connection.create_function(NUMBER, 1, read_number, deterministic=True)
        end_s = time.monotonic() + self._timeout_ms / 1_000
        connection.set_progress_handler(lambda: time.monotonic() > end_s, _INSTRUCTIONS)
