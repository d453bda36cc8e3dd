"""Disks that fail at a chosen call, and that lose what was not synced."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from monitor.intake.disk import RealFs


class FailingFs(RealFs):
    """Raises (or writes half) at the calls of ``method`` whose numbers, from 1, are in ``at``."""

    def __init__(self, method: str = "", at: Sequence[int] = (), *, short: bool = False) -> None:
        self.method = method
        self.at = frozenset(at)
        self.short = short
        self.counts: dict[str, int] = {}
        self.calls: list[tuple[str, str]] = []
        self.sealed: set[str] = set()
        self.names: dict[int, str] = {}

    def _call(self, method: str, name: str) -> bool:
        """True if this call is to fail."""
        self.counts[method] = self.counts.get(method, 0) + 1
        self.calls.append((method, name))
        if method in ("write", "sync"):
            assert name not in self.sealed, f"{name} was sealed, and then {method} was called on it"
        failing = method == self.method and self.counts[method] in self.at
        if failing:
            self.sealed.add(name)
        return failing

    def create(self, path: Path) -> int:
        if self._call("create", path.name):
            raise OSError(errno.ENOSPC, "injected")
        fd = super().create(path)
        self.names[fd] = path.name
        self.sealed.discard(path.name)  # a new file under the name of one that was never proven
        return fd

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        if self._call("write", self.names[fd]):
            if self.short:
                whole = b"".join(parts)
                return os.write(fd, whole[: len(whole) // 2])
            raise OSError(errno.EIO, "injected")
        return super().write(fd, parts)

    def sync(self, fd: int) -> None:
        if self._call("sync", self.names[fd]):
            raise OSError(errno.EIO, "injected")
        super().sync(fd)

    def sync_directory(self, path: Path) -> None:
        if self._call("sync_directory", path.name):
            raise OSError(errno.EIO, "injected")
        super().sync_directory(path)


class LosingFs(FailingFs):
    """Remembers what was synced; `cut_power` leaves only that on the disk."""

    def __init__(self, method: str = "", at: Sequence[int] = (), *, short: bool = False) -> None:
        super().__init__(method, at, short=short)
        self.durable: dict[Path, int] = {}
        self.named: set[Path] = set()
        self.paths: dict[int, Path] = {}

    def create(self, path: Path) -> int:
        fd = super().create(path)
        self.paths[fd] = path
        return fd

    def sync(self, fd: int) -> None:
        super().sync(fd)
        self.durable[self.paths[fd]] = os.fstat(fd).st_size

    def sync_directory(self, path: Path) -> None:
        super().sync_directory(path)
        self.named = set(path.iterdir())

    def cut_power(self, directory: Path) -> None:
        for path in directory.iterdir():
            if path not in self.named:
                path.unlink()
            else:
                os.truncate(path, self.durable.get(path, 0))
