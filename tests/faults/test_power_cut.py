"""A power cut, as a file system sees it: what was not synced is gone, what was acknowledged is not."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.engine.making import ENGINES, NAMES, Kept, batch, digests, observations, running, send

CUTS = 8
IMAGE_BYTES = 256 << 20
PROGRAMS = ("mkfs.ext4", "mount", "umount", "xfs_io")


def program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    assert found is not None
    return found


class Disk:
    """An ext4 image on a loop device; `cut` is the moment after which nothing more reaches it."""

    def __init__(self, folder: Path) -> None:
        self.image = folder / "disk.img"
        self.mount_point = folder / "mounted"
        self.mount_point.mkdir()
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        self._run("mkfs.ext4", "-q", "-F", str(self.image))

    def mount(self) -> None:
        self._run("mount", "-o", "loop", str(self.image), str(self.mount_point))

    def cut(self) -> None:
        self._run("xfs_io", "-x", "-c", "shutdown", str(self.mount_point))

    def unmount(self) -> None:
        self._run("umount", str(self.mount_point))

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        subprocess.run([program(name), *arguments], check=True, capture_output=True, timeout=60)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if missing := [name for name in PROGRAMS if shutil.which(name, path=path) is None]:
        pytest.fail(f"missing programs: {', '.join(missing)} (packages e2fsprogs, mount, xfsprogs)")
    disk = Disk(tmp_path)
    yield disk
    if os.path.ismount(disk.mount_point):
        disk.unmount()


def one_life(disk: Disk, first: int, seconds: float) -> list[int]:
    """A writer that runs until the power is cut; what it had acknowledged by then."""
    command = [sys.executable, "-m", "tests.faults.writer", str(disk.mount_point / "data"), str(first)]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert writer.stdout is not None
    with writer.stdout as said:
        try:
            assert said.readline() == b"ready\n"
            time.sleep(seconds)
            disk.cut()
        finally:
            writer.kill()
            writer.wait()
        return [int(line) for line in said if line.endswith(b"\n")]


@pytest.mark.faults
@pytest.mark.slow
def test_no_acknowledged_record_is_lost(disk: Disk, tmp_path: Path) -> None:
    chance = random.Random(3)
    acked = 0
    for _ in range(CUTS):
        disk.mount()
        acknowledged = one_life(disk, acked + 1, chance.uniform(0.2, 1.5))
        assert acknowledged, "nothing was acknowledged"
        acked = acknowledged[-1]
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
