"""A recovery that is given up: promptly, and with nothing lost."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from threading import Thread

import pytest

from monitor.domain.errors import IntakeUnavailable
from monitor.engine.inline import InlineEngine
from monitor.engine.recovery import recover
from monitor.engine.settings import HostSettings
from monitor.intake.disk import DirectoryLock
from tests.engine.making import ENGINES, SHARDS, Kept, batch, running, send


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_a_start_that_waits_ends_when_the_engine_is_closed(name: str, tmp_path: Path) -> None:
    with running(ENGINES[name], tmp_path) as engine:
        send(engine, batch(0, 5), 1)
    engine = ENGINES[name](SHARDS, HostSettings(tmp_path))
    raised: list[Exception] = []

    def start() -> None:
        try:
            engine.start(Kept(), {})
        except Exception as error:
            raised.append(error)

    with DirectoryLock(tmp_path / "shard-0" / "log"):  # it waits ten seconds for this
        starting = Thread(target=start)
        starting.start()
        time.sleep(0.5)
        began = time.monotonic()
        engine.close()
        starting.join(5)
    assert not starting.is_alive()
    assert time.monotonic() - began < 5
    assert [type(error) for error in raised] == [IntakeUnavailable]
    with running(ENGINES[name], tmp_path) as engine:
        assert send(engine, batch(0, 5), 1).repeated


def test_a_replay_ends_between_two_records_and_lets_go_of_the_log(tmp_path: Path) -> None:
    engine = InlineEngine(1, HostSettings(tmp_path / "whole"))
    engine.start(Kept(), {})
    for number in range(1, 6):
        send(engine, batch(number, 1), number)
    shutil.copytree(tmp_path / "whole", tmp_path / "copy")  # as a crash leaves it: no checkpoint
    engine.close()
    settings = HostSettings(tmp_path / "copy")
    replayed: list[object] = []

    def keep(*told: object) -> None:
        replayed.append(told)

    with pytest.raises(IntakeUnavailable, match="given up"):
        recover(0, settings, lambda _: None, keep, lambda: len(replayed) == 3)
    assert len(replayed) == 3
    parts = recover(0, settings, lambda _: None, keep, lambda: False)
    assert (parts.applied, len(replayed)) == (5, 8)
    parts.log.close()
