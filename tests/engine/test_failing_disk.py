"""A disk that refuses: no acknowledgement, nothing acknowledged is lost, and it goes on by itself."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from monitor.domain.batch import Mode
from monitor.domain.errors import IntakeUnavailable
from monitor.domain.records import Control, Kind, Tick
from monitor.domain.series import Identity
from monitor.engine import recovery
from monitor.engine.base import Engine
from monitor.engine.inline import InlineEngine
from monitor.intake.disk import RealFs
from monitor.intake.log import Log
from tests.engine.making import (
    ARRIVAL_MS,
    NAMES,
    START_MS,
    batch,
    buckets,
    complete,
    digests,
    observations,
    running,
    send,
)


class SwitchedFs(RealFs):
    """A disk that can be broken and made well; ``picky`` refuses only writes of which it is true."""

    def __init__(self) -> None:
        self.broken = False
        self.picky: Callable[[bytes], bool] | None = None
        self.refused = 0

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        if self.picky is not None and self.picky(b"".join(parts)):
            self.refused += 1
            raise OSError(errno.EIO, "injected")
        return super().write(fd, parts)

    def sync(self, fd: int) -> None:
        if self.broken:
            self.refused += 1
            raise OSError(errno.EIO, "injected")
        super().sync(fd)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SwitchedFs:
    disk = SwitchedFs()
    monkeypatch.setattr(recovery, "Log", partial(Log, fs=disk))
    return disk


def refuse(engine: Engine, disk: SwitchedFs, first: int, names: list[Identity]) -> None:
    """One request while the disk is broken."""
    disk.broken = True
    with pytest.raises(IntakeUnavailable):
        send(engine, batch(first, 50, names), 1_000 + first)
    disk.broken = False


def crashed(folder: Path) -> Path:
    """The folder as a power cut would leave it: all is synced, nothing was closed."""
    return Path(shutil.copytree(folder, folder.with_name(folder.name + "-crashed")))


def test_after_a_failed_sync_the_next_request_works_and_names_its_series(
    tmp_path: Path, disk: SwitchedFs
) -> None:
    with running(InlineEngine, tmp_path / "a") as engine:
        send(engine, batch(0, 50, NAMES[:3]), 1)
        refuse(engine, disk, 50, NAMES)
        assert disk.refused
        # The collector has told of every series and does not do it again.
        assert send(engine, batch(50, 50, NAMES, told=False), 2).accepted == 300
        complete(engine, batch(50, 50), 3)
        engine.settle(60)
        assert all(s.log_ok for s in engine.status())
        assert [buckets(engine, name) for name in NAMES] == [100] * 3 + [50] * 3
        state = digests(engine), [observations(engine, name) for name in NAMES]
        folder = crashed(tmp_path / "a")
    with running(InlineEngine, folder) as engine:
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state


def test_while_the_disk_fails_that_is_said_and_it_heals_without_a_request(
    tmp_path: Path, disk: SwitchedFs
) -> None:
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 50), 1)
        disk.broken = True
        for number in (2, 3):
            with pytest.raises(IntakeUnavailable):
                send(engine, batch(50, 50), number)
        assert [s.log_ok for s in engine.status()] == [False, False]
        disk.broken = False
        until = time.monotonic() + 20
        while not all(s.log_ok for s in engine.status()):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert send(engine, batch(50, 50), 2).repeated is False


def test_rows_given_out_for_refused_records_survive_a_checkpoint_and_a_crash(
    tmp_path: Path, disk: SwitchedFs
) -> None:
    """The checkpoint knows the series, no record does: the next record must name them all the same."""
    with running(InlineEngine, tmp_path / "a") as engine:
        send(engine, batch(0, 50, NAMES[:2]), 1)
        refuse(engine, disk, 50, NAMES)
        engine.settle(60)
        engine.checkpoint()
        first = crashed(tmp_path / "a")
    with running(InlineEngine, first) as engine:
        assert send(engine, batch(50, 50, NAMES, told=False), 2).accepted == 300
        complete(engine, batch(50, 50), 3)
        engine.settle(60)
        assert [buckets(engine, name) for name in NAMES] == [100] * 2 + [50] * 4
        state = digests(engine), [observations(engine, name) for name in NAMES]
        second = crashed(first)
    with running(InlineEngine, second) as engine:
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state


def test_a_series_of_refused_records_can_be_forgotten(tmp_path: Path, disk: SwitchedFs) -> None:
    newcomers = [Identity.of("load", {"host": f"new{i}"}) for i in range(6)]
    with running(InlineEngine, tmp_path / "a") as engine:
        refuse(engine, disk, 0, NAMES)
        for name in NAMES:
            engine.control(Control(Kind.FORGET, {"series": f"{name.fingerprint():016x}"})).result(60)
        assert sum(s.series for s in engine.status()) == 0
        send(engine, batch(0, 50, newcomers), 2)
        complete(engine, batch(0, 50), 3)
        engine.settle(60)
        state = digests(engine), [observations(engine, name) for name in newcomers]
        folder = crashed(tmp_path / "a")
    with running(InlineEngine, folder) as engine:
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in newcomers]) == state


def test_a_series_whose_forgetting_was_refused_stays_as_it_was(tmp_path: Path, disk: SwitchedFs) -> None:
    with running(InlineEngine, tmp_path / "a") as engine:
        send(engine, batch(0, 50), 1)
        engine.settle(60)
        state = digests(engine)
        disk.broken = True
        with pytest.raises(IntakeUnavailable):
            engine.control(Control(Kind.FORGET, {"series": f"{NAMES[0].fingerprint():016x}"})).result(60)
        disk.broken = False
        assert digests(engine) == state
        # Its row is not given to another series.
        send(engine, batch(0, 50, [Identity.of("load", {"host": "new"})]), 2)
        send(engine, batch(50, 50, told=False), 3)
        complete(engine, batch(50, 50), 4)
        engine.settle(60)
        assert [buckets(engine, name) for name in NAMES] == [100] * len(NAMES)
        state = digests(engine)
        folder = crashed(tmp_path / "a")
    with running(InlineEngine, folder) as engine:
        engine.settle(60)
        assert digests(engine) == state


def test_an_assignment_that_was_refused_is_decided_again(tmp_path: Path, disk: SwitchedFs) -> None:
    with running(InlineEngine, tmp_path / "well") as engine:
        send(engine, batch(0, 60), 1)
        engine.settle(60)
        expected = digests(engine)
    disk.picky = lambda written: b"items" in written and disk.refused < 2
    with running(InlineEngine, tmp_path / "ill") as engine:
        send(engine, batch(0, 60), 1)
        engine.settle(60)
        assert disk.refused == 2
        assert digests(engine) == expected


def test_a_checkpoint_that_fails_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(InlineEngine, tmp_path) as engine:
        send(engine, batch(0, 50), 1)
        with monkeypatch.context() as full:

            def no_space(*_: object, **__: object) -> None:
                raise OSError(errno.ENOSPC, "injected")

            full.setattr(recovery, "write_checkpoint", no_space)
            with pytest.raises(OSError, match="injected"):
                engine.checkpoint()
        send(engine, batch(50, 50), 2)
        engine.settle(60)
        engine.checkpoint()
        assert all(s.checkpointed == s.appended and s.log_ok for s in engine.status())
        state = digests(engine), [observations(engine, name) for name in NAMES]
    with running(InlineEngine, tmp_path) as engine:
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state


def test_old_samples_stay_when_the_clock_goes_on(tmp_path: Path) -> None:
    """History is kept for so many days of samples; the ticks of a clock alone make nothing old."""
    with running(InlineEngine, tmp_path, retention_days=30) as engine:
        send(engine, batch(0, 50), 1)
        complete(engine, batch(0, 50), 2)
        engine.control(Tick(START_MS + 90 * 86_400_000)).result(60)
        engine.settle(60)
        engine.checkpoint()
        assert [buckets(engine, name) for name in NAMES] == [50] * len(NAMES)
        later = batch(60 * 24 * 60, 50)
        engine.submit(later, mode=Mode.BACKFILL, arrival_ms=ARRIVAL_MS).result(60)
        complete(engine, later, 3)
        engine.settle(60)
        engine.checkpoint()
        for name in NAMES:
            times = np.frombuffer(observations(engine, name)["ts_ms"], np.int64)
            assert times.min() >= later.ts_ms.max() - 31 * 86_400_000
