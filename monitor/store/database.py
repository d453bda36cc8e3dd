"""Connections: one writer, many readers, on SQLite or PostgreSQL.

SQLite: WAL with synchronous=FULL (a commit survives a power cut), foreign keys on, no memory map;
only the writer checkpoints (releases before 3.51.3 can corrupt the file when two connections
write and checkpoint at once). PostgreSQL: synchronous_commit on, statements end after 30 s.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool

log = logging.getLogger(__name__)

_SAFE_SQLITE = (3, 51, 3)
_BUSY_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA mmap_size = 0",
)
_READER_PRAGMAS = ("PRAGMA wal_autocheckpoint = 0", "PRAGMA query_only = ON")
_POSTGRES_OPTIONS = "-c synchronous_commit=on -c statement_timeout=30000 -c timezone=UTC"


class Database:
    """Both ends of one database. Thread-safe; close it when done.

    >>> with Database("sqlite:////nowhere/else.db") as database:
    ...     database.dialect
    'sqlite'
    """

    def __init__(self, url: str | URL, readers: int = 4) -> None:
        self.url = make_url(url)
        self._write = _engine(self.url, 1, reader=False)
        self._read = _engine(self.url, readers, reader=True)
        self._lock = threading.Lock()

    @property
    def dialect(self) -> str:
        return self._write.dialect.name

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction of the only writer: committed at the end, rolled back on any error."""
        with self._lock, self._write.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only transaction that sees one state of the whole database."""
        with self._read.connect() as connection:
            yield connection

    @property
    def writer(self) -> Engine:
        """The writer's engine, for tests that watch or break its statements."""
        return self._write

    def close(self) -> None:
        """Readers first, so that the writer's connection is the one that checkpoints."""
        self._read.dispose()
        self._write.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _engine(url: URL, size: int, *, reader: bool) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"check_same_thread": False} if sqlite else {"options": _POSTGRES_OPTIONS}
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=not sqlite,
        connect_args=arguments,
    )
    if sqlite:
        _prepare_sqlite(engine, reader)
    else:
        level = "REPEATABLE READ" if reader else "READ COMMITTED"
        engine = engine.execution_options(isolation_level=level, postgresql_readonly=reader)
    return engine


@cache
def _warn_of_sqlite() -> None:
    """Once a process, however many databases it opens."""
    log.warning("SQLite %s: before 3.51.3 no other program may write to it", sqlite3.sqlite_version)


def _prepare_sqlite(engine: Engine, reader: bool) -> None:
    """Transactions are begun by us: the driver's own would let reads of one differ."""

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in _PRAGMAS + (_READER_PRAGMAS if reader else ()):
            connection.execute(pragma)

    def began(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reader else "BEGIN IMMEDIATE")

    if not reader and sqlite3.sqlite_version_info < _SAFE_SQLITE:
        _warn_of_sqlite()
    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)
