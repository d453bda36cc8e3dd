"""A shard's names on disk: built beside its work, found by questions, there again after a restart."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.catalogue import catalogue
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from monitor.engine.base import Engine
from monitor.engine.inline import InlineEngine
from tests.engine.making import batch, running, send

NAMES = [Identity.of("load", {"host": f"h{i}"}) for i in range(60)]


@pytest.fixture(autouse=True)
def _built_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue.Catalogue.__init__, "__defaults__", (10,))


def listed(engine: Engine, q: str) -> list[str]:
    asked = {"metric": None, "q": q, "tag": None, "after": "", "limit": 100}
    found = [row for shard in range(engine.shards) for row in engine.ask(shard, "series_list", **asked)]
    return sorted(row["series"] for row in found)


def wait_for(file: Path, than_ns: int = 0) -> int:
    until = time.monotonic() + 20
    while not file.exists() or file.stat().st_mtime_ns == than_ns:
        assert time.monotonic() < until
        time.sleep(0.01)
    return file.stat().st_mtime_ns


def test_names_are_built_and_found_before_and_after_a_restart(tmp_path: Path) -> None:
    files = [tmp_path / f"shard-{shard}" / "names" for shard in range(2)]
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 1, NAMES))
        for file in files:
            wait_for(file)
        assert listed(engine, "H1") == sorted(str(name) for name in NAMES if "h1" in str(name))
        engine.control(Control(Kind.FORGET, {"series": f"{NAMES[10].fingerprint():016x}"})).result(20)
        assert str(NAMES[10]) not in listed(engine, "h1")
    with running(InlineEngine, tmp_path) as engine:
        gone = [name for name in NAMES if name is not NAMES[10]]
        assert listed(engine, "") == sorted(map(str, gone))
        send(engine, batch(1, 1, [NAMES[10]]))
        assert str(NAMES[10]) in listed(engine, "load h10")
    files[0].write_bytes(b"no names")
    with running(InlineEngine, tmp_path) as engine:
        assert listed(engine, "h5") == sorted(str(name) for name in NAMES if "h5" in str(name))
