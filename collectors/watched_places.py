"""How far each watched file was read. It is known by inode and beginning, so a new name is no new file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

HEAD_BYTES = 1_024


class Place(msgspec.Struct, frozen=True):
    """``head``: hash of the first ``head_bytes``; ``read``: bytes that were taken; ``size`` and
    ``changed_ns``: of a file that is read as a whole, when it was; ``tags``: columns that were taken for
    tags; ``header``: of a CSV, its first line."""

    path: str
    head: str
    head_bytes: int
    read: int = 0
    size: int = 0
    changed_ns: int = 0
    tags: tuple[str, ...] | None = None
    header: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it lies there now."""

    path: Path
    key: str
    size: int
    changed_ns: int

    @classmethod
    def at(cls, path: Path) -> Found | None:
        """None where it is gone, or no file."""
        try:
            told = path.stat()
        except OSError:
            return None
        if not path.is_file():
            return None
        return cls(path, f"{told.st_dev}:{told.st_ino}", told.st_size, told.st_mtime_ns)


def head_of(path: Path, size: int) -> str:
    """Raises OSError."""
    with path.open("rb") as file:
        return hashed(file.read(size))


def hashed(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=16).hexdigest()


class WatchedPlaces:
    """Places by inode; ``file``: None, they are kept in memory only. A file that cannot be read begins anew:
    what is then handed over a second time changes nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._places: dict[str, Place] = {}
        if file is not None:
            try:
                self._places = msgspec.json.decode(file.read_bytes(), type=dict[str, Place])
            except (OSError, msgspec.DecodeError):
                self._places = {}

    def of(self, found: Found) -> Place | None:
        """None where this is a file that nothing is known of: new, or shorter, or with another beginning."""
        place = self._places.get(found.key)
        if place is None or found.size < place.read or found.size < place.head_bytes:
            return None
        return place if head_of(found.path, place.head_bytes) == place.head else None

    def replaced(self, found: Found) -> Place | None:
        """The place of a file in whose inode now lies another one."""
        place = self._places.get(found.key)
        return place if place is not None and self.of(found) is None else None

    def elsewhere(self, keys: set[str]) -> list[tuple[str, Place]]:
        """Those whose file is none of ``keys``."""
        return [(key, place) for key, place in self._places.items() if key not in keys]

    def put(self, key: str, place: Place) -> None:
        """On disk when this returns."""
        self._places[key] = place
        self._write()

    def forget(self, key: str) -> None:
        if self._places.pop(key, None) is not None:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(0o700, parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(self._places))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)
