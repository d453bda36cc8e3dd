"""The data folder belongs to one server at a time."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from monitor.domain.errors import InUse

LOCK = "server.lock"


class FolderLock:
    """Held from its making until `release`; the kernel lets go when the process dies, however it dies.

    Raises InUse, with the other server's process id, where another one holds it, and OSError where the
    folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._file = (folder / LOCK).open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            raise InUse(f"{folder} is in use by another server (process {holder or 'unknown'})") from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """May be called twice."""
        self._file.close()
