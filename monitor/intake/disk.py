"""The disk as the log sees it, so that tests can make it fail at any call."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from monitor.domain.errors import IntakeUnavailable

_CHUNK_BYTES = 1 << 20
_SECTOR_BYTES = 4096


class Fs(Protocol):
    """What the log asks of a file system. Every method may raise OSError."""

    def create(self, path: Path) -> int:
        """A new file for appending; FileExistsError if there is one of that name."""

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        """Append the parts (at most 1,024) in one call; how many bytes were taken."""

    def sync(self, fd: int) -> None:
        """Return when everything written to the file is on the disk (fdatasync)."""

    def sync_directory(self, path: Path) -> None:
        """Return when the names in the directory are on the disk."""

    def close(self, fd: int) -> None: ...

    def remove(self, path: Path) -> None: ...

    def settle(self, path: Path) -> None:
        """Flush what an earlier process left in memory, then forget it, so that the next read
        shows what the disk holds: after a failed fsync the cache may show bytes the disk lacks."""

    def read(self, path: Path) -> bytes:
        """The whole file; sectors that cannot be read come back as zeros."""


class RealFs:
    """The operating system's files. A file is created private to the user (mode 0600)."""

    def create(self, path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, fd: int, parts: Sequence[bytes]) -> int:
        return os.writev(fd, parts)

    def sync(self, fd: int) -> None:
        getattr(os, "fdatasync", os.fsync)(fd)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def close(self, fd: int) -> None:
        os.close(fd)

    def remove(self, path: Path) -> None:
        path.unlink()

    def settle(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(fd)

    def read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError:
            return _read_around_bad_sectors(path)


def _read_around_bad_sectors(path: Path) -> bytes:
    """Raises OSError only when the file cannot be opened at all."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        data = bytearray(size)
        for start in range(0, size, _CHUNK_BYTES):
            _read_range(fd, data, start, min(start + _CHUNK_BYTES, size), _SECTOR_BYTES)
        return bytes(data)
    finally:
        os.close(fd)


def _read_range(fd: int, data: bytearray, start: int, end: int, step: int) -> None:
    try:
        part = os.pread(fd, end - start, start)
    except OSError:
        if end - start > step:
            for at in range(start, end, step):
                _read_range(fd, data, at, min(at + step, end), step)
        return
    data[start : start + len(part)] = part


class DirectoryLock:
    """At most one process writes to a directory; the kernel lets go when the process dies.
    Raises IntakeUnavailable at once if another holds it."""

    def __init__(self, directory: Path) -> None:
        self._fd = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise IntakeUnavailable(f"{directory} is in use by another process") from error

    def release(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
