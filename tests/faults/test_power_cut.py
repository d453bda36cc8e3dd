"""A power cut, as a file system sees it: what was not synced is gone, what was acknowledged is not.

Only what was acknowledged before the cut begins counts. A shutdown of ext4 or XFS is not one instant: the
data of a sync in flight can be dropped without an error, so that a writer which runs on acknowledges what
is not on the disk. A real cut stops the processor too, and no such acknowledgement leaves it.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engine.making import ENGINES, NAMES, Kept, batch, digests, observations, running, send

CUTS = 8
IMAGE_BYTES = 320 << 20  # XFS is not made smaller than 300 MB
MAKERS = {"ext4": ("mkfs.ext4", "-q", "-F"), "xfs": ("mkfs.xfs", "-q", "-f")}
PROGRAMS = (*(maker[0] for maker in MAKERS.values()), "mount", "umount", "xfs_io")


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found is not None
    return found


class Disk:
    """An image on a loop device; when `cut` returns, nothing more reaches it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.image = folder / "disk.img"
        self.mount_point = folder / "mounted"
        self.mount_point.mkdir()
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        self._run(*MAKERS[kind], str(self.image))

    def mount(self) -> None:
        self._run("mount", "-o", "loop", str(self.image), str(self.mount_point))

    def cut(self) -> None:
        self._run("xfs_io", "-x", "-c", "shutdown", str(self.mount_point))

    def unmount(self) -> None:
        self._run("umount", str(self.mount_point))

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        subprocess.run([program(name), *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture(params=sorted(MAKERS))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if missing := [name for name in PROGRAMS if shutil.which(name, path=path) is None]:
        pytest.fail(f"missing programs: {', '.join(missing)} (packages e2fsprogs, mount, xfsprogs)")
    disk = Disk(tmp_path, request.param)
    yield disk
    if os.path.ismount(disk.mount_point):
        disk.unmount()


def one_life(disk: Disk, first: int, seconds: float, *, stopped: bool) -> int:
    """A writer that runs until the power is cut; the newest request acknowledged when the cut began.

    ``stopped``: it stands still during the cut, as it would; else the cut also meets a sync in flight.
    """
    command = [sys.executable, "-m", "tests.faults.writer", str(disk.mount_point / "data"), str(first)]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert writer.stdout is not None
    with writer.stdout as said:
        try:
            assert said.readline() == b"ready\n"
            acknowledged = said.readline()  # however slow the machine is
            time.sleep(seconds)
            if stopped:
                writer.send_signal(signal.SIGSTOP)
                os.waitpid(writer.pid, os.WUNTRACED)
            os.set_blocking(said.fileno(), False)
            acknowledged += said.read() or b""
            disk.cut()
        finally:
            writer.kill()
            writer.wait()
    return int(acknowledged.splitlines()[-1])


@pytest.mark.faults
@pytest.mark.slow
def test_no_acknowledged_record_is_lost(disk: Disk, tmp_path: Path) -> None:
    chance = random.Random(3)
    acked = 0
    for _ in range(CUTS):
        disk.mount()
        seconds, stopped = chance.uniform(0.2, 1.5), chance.random() < 0.5
        acked = one_life(disk, acked + 1, seconds, stopped=stopped)
        disk.unmount()

    disk.mount()
    with running(ENGINES["inline"], disk.mount_point / "data") as engine:
        engine.settle(60)
        for number in range(1, acked + 1):
            assert send(engine, batch(number, 1), number).repeated, f"request {number} of {acked} is lost"
        last = acked
        while send(engine, batch(last + 1, 1), last + 1).repeated:
            last += 1  # on the disk, and not acknowledged before the cut
        engine.settle(60)
        state = digests(engine), [observations(engine, name) for name in NAMES]

    with running(ENGINES["inline"], tmp_path / "uncut", Kept()) as engine:
        for number in range(1, last + 2):
            send(engine, batch(number, 1), number)
        engine.settle(60)
        assert (digests(engine), [observations(engine, name) for name in NAMES]) == state
