"""Databases to test on: a SQLite file, and a real PostgreSQL started for the session."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from monitor.store.database import Database
from monitor.store.migrations import upgrade
from monitor.store.tables import METADATA

_APT = "apt-get install -y postgresql"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of an empty PostgreSQL of our own; skipped where it cannot run, but never under CI."""
    programs, reason = _programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="watchkeeper-pg-", dir="/tmp"))
    root = os.geteuid() == 0
    if root:
        shutil.chown(folder, "postgres", "postgres")
    owner = "postgres" if root else None  # it refuses to run as root

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, user=owner, group=owner)

    port, data = _free_port(), str(folder / "data")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    try:
        initial = ("-U", "watchkeeper", "-A", "trust", "-E", "UTF8", "--no-sync")
        run(str(programs / "initdb"), "-D", data, *initial)
        run(str(programs / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://watchkeeper@127.0.0.1:{port}/postgres"
        finally:
            run(str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue("postgres")
    with Database(found) as database, database.write() as connection:
        METADATA.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
    return found


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """With our schema."""
    upgrade(url)
    with Database(url) as opened:
        yield opened


def _programs() -> tuple[Path | None, str]:
    if find_spec("psycopg") is None:
        return None, "the extra [postgres] is not installed"
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    for place in ([Path(on_path).resolve().parent] if on_path else []) + places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place, ""
    return None, f"no PostgreSQL server; as root: {_APT}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
