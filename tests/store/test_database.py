"""One writer, readers that see whole states, and commits that survive."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from monitor.store.database import Database, _warn_of_sqlite
from monitor.store.migrations import upgrade
from monitor.store.tables import SHARD_PROGRESS

ROW = {"shard": 0, "position": 1, "sequence": 1, "clock_ms": 1}


def test_sqlite_runs_with_the_pragmas_that_keep_commits(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path}/a.db") as database:
        with database.write() as connection:
            written = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "mmap_size")
            ]
        with database.read() as connection:
            read = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("query_only", "wal_autocheckpoint", "synchronous")
            ]
    assert written == ["wal", 2, 1, 10_000, 0]
    assert read == [1, 0, 2]


def test_an_error_rolls_everything_back(database: Database) -> None:
    with pytest.raises(DBAPIError), database.write() as connection:
        connection.execute(SHARD_PROGRESS.insert(), [ROW, ROW])
    assert count(database) == 0


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as connection:
        connection.execute(SHARD_PROGRESS.insert(), ROW)


def test_a_read_sees_one_state_while_the_writer_goes_on(database: Database) -> None:
    with database.read() as connection:
        before = connection.execute(select(func.count()).select_from(SHARD_PROGRESS)).scalar_one()
        with database.write() as writing:
            writing.execute(SHARD_PROGRESS.insert(), ROW)
        assert connection.execute(select(func.count()).select_from(SHARD_PROGRESS)).scalar_one() == before
    assert count(database) == 1


def test_threads_take_turns_to_write(database: Database) -> None:
    def work(worker: int) -> None:
        for i in range(5):
            with database.write() as connection:
                connection.execute(SHARD_PROGRESS.insert(), {**ROW, "shard": 5 * worker + i})

    threads = [threading.Thread(target=work, args=(w,)) for w in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(database) == 20


def test_an_url_with_odd_characters(tmp_path: Path) -> None:
    path = tmp_path / "a %20 b?c.db"
    upgrade(URL.create("sqlite", database=str(path)))
    assert path.exists()


def count(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(SHARD_PROGRESS)).scalar_one()


def test_an_old_sqlite_is_warned_of_once_a_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))
    _warn_of_sqlite.cache_clear()
    for name in ("one", "two"):
        with Database(f"sqlite:///{tmp_path / name}"):
            pass
    assert [record.message for record in caplog.records if "SQLite" in record.message] == [
        f"SQLite {sqlite3.sqlite_version}: before 3.51.3 no other program may write to it"
    ]
