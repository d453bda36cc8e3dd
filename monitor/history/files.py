"""A file that appears under its name whole and synced, or not at all.

Written beside its final name, fsynced, renamed, and the folder fsynced: without the first fsync a
power cut leaves an empty file under the right name, without the second none at all. A failed fsync
is never tried again on the same file, because the kernel may then report success for lost pages.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

TEMPORARY = ".tmp"
_CHUNK_BYTES = 8 << 20


class Disk(Protocol):
    """The few things done to a disk, so that a test can make any of them fail."""

    def create(self, path: Path) -> FileIO: ...
    def write(self, handle: FileIO, data: memoryview) -> None: ...
    def fsync(self, handle: FileIO) -> None: ...
    def rename(self, source: Path, target: Path) -> None: ...
    def sync_directory(self, path: Path) -> None: ...
    def remove(self, path: Path) -> None: ...


class OsDisk:
    """The operating system's disk."""

    def create(self, path: Path) -> FileIO:
        return FileIO(path, "wb")

    def write(self, handle: FileIO, data: memoryview) -> None:
        while len(data):
            data = data[handle.write(data) :]

    def fsync(self, handle: FileIO) -> None:
        os.fsync(handle.fileno())

    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


OS_DISK: Disk = OsDisk()


class DurableFile:
    """A writable file object; at the end of its ``with`` block the file is durable under ``path``.

    Leaving the block by an exception removes what was written. ``bytes`` and ``crc32`` tell of what
    was written so far. Nothing is copied: buffers go to the disk as they are.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with DurableFile(Path(folder) / "a") as file:
    ...         _ = file.write(b"abc")
    ...     Path(folder, "a").read_bytes(), file.bytes
    (b'abc', 3)
    """

    closed = False

    def __init__(self, path: Path, disk: Disk = OS_DISK) -> None:
        self.path = path
        self.bytes = 0
        self.crc32 = 0
        self._disk = disk
        self._failed = False
        self._temporary = path.with_name(path.name + TEMPORARY)

    def __enter__(self) -> Self:
        self._handle = self._disk.create(self._temporary)
        return self

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data)
        if self._failed or not view.nbytes:
            return view.nbytes  # an Arrow writer that is taken down after an error still writes its footer
        view = view.cast("B")
        for at in range(0, len(view), _CHUNK_BYTES):
            chunk = view[at : at + _CHUNK_BYTES]
            self.crc32 = zlib.crc32(chunk, self.crc32)
            self._disk.write(self._handle, chunk)
            self.bytes += len(chunk)
        return len(view)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._disk.fsync(self._handle)
            self._handle.close()
            if kind is None:
                self._disk.rename(self._temporary, self.path)
                self._disk.sync_directory(self.path.parent)
                return
        except BaseException:
            self._abandon()
            raise
        self._abandon()

    def _abandon(self) -> None:
        self._failed = True
        with suppress(OSError):
            self._handle.close()
        with suppress(OSError):
            self._disk.remove(self._temporary)

    # What Arrow's writers ask of a file; they must not end it before it is synced.
    def tell(self) -> int:
        return self.bytes

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def crc32_of(path: Path) -> int:
    """CRC-32 of a whole file, read in pieces; some GB/s."""
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            total = zlib.crc32(chunk, total)
    return total
