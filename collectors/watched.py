"""CSV and Parquet files, or a folder of them, read on as they grow.

Of a CSV whole lines are taken, from where it was read to; a Parquet file is read when it is whole and has
changed. A file that was given another name goes on where it was, and what it held unread is read even where
no pattern fits the new name, or where it was compressed; one that was begun anew is read from its start.
"""

from __future__ import annotations

import fnmatch
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from collectors.base import Decoded
from collectors.csv_rows import parse_csv
from collectors.errors import BadRequest
from collectors.file_order import chunks, merged_in_time
from collectors.file_rows import read_parquet
from collectors.files import FileSamples, samples_of
from collectors.pulled import Follower, SourceFailed
from collectors.watched_packed import PACKED, packed_of, read_on
from collectors.watched_places import HEAD_BYTES, Found, Place, WatchedPlaces, head_of
from collectors.watched_settings import WatchedSettings

log = logging.getLogger(__name__)

PIECE_BYTES = 4 << 20
"""Of a CSV at once."""
PARQUET_BYTES_MAX = 256 << 20
FILES_MAX = 10_000
_FIELD_BYTES = 128 << 10
_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class _Piece:
    samples: FileSamples
    key: str
    place: Place


class WatchedFiles(Follower):
    """``file``: where places are kept; None: nowhere. Files are read one after another, the oldest change
    first; one that cannot be read does not stop the others, and is told of until it changes."""

    def __init__(self, settings: WatchedSettings, file: Path | None) -> None:
        self.settings = settings
        self._places = WatchedPlaces(file)
        self._zone = ZoneInfo(settings.zone)
        self._waiting: _Piece | None = None
        self._broken: dict[str, tuple[int, str]] = {}
        self._packed: dict[str, tuple[Path, Place]] = {}

    def next(self) -> Decoded | None:
        """One piece of one file, in event time."""
        there = self._found()
        self._broken = {one.key: self._broken[one.key] for one in there if one.key in self._broken}
        for key, (path, place) in self._packed.items():
            piece = self._rest(key, path, place)
            if piece is not None:
                return self._given(piece)
        for one in there:
            if self._broken.get(one.key, (-1, ""))[0] == one.changed_ns:
                continue
            try:
                piece = self._piece(one)
            except (BadRequest, OSError) as error:
                self._broken[one.key] = one.changed_ns, f"{one.path.name}: {_said(error)}"
                continue
            if piece is not None:
                return self._given(piece)
        if self._broken:
            raise SourceFailed("; ".join(text for _, text in list(self._broken.values())[:5]))
        return None

    def _given(self, piece: _Piece) -> Decoded:
        self._waiting = piece
        batch = piece.samples.batch
        whole = list(chunks(batch, merged_in_time(batch), max(len(batch), 1)))
        return Decoded(whole[0] if whole else batch, piece.samples.rejects)

    def taken(self) -> None:
        if self._waiting is not None:
            self._places.put(self._waiting.key, self._waiting.place)
            self._waiting = None

    def close(self) -> None: ...

    def _found(self) -> list[Found]:
        """What fits, and what was read in part and lies beside it under another name."""
        folder, pattern = self._where()
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            raise SourceFailed(f"{folder}: {error.strerror}") from None
        found: dict[str, Found] = {}
        others: dict[str, Found] = {}
        for name in names:
            one = Found.at(folder / name)
            if one is None or name.startswith("."):
                continue
            (found if fnmatch.fnmatchcase(name, pattern) else others)[one.key] = one
        if not found and pattern not in ("*", "*.*") and not any(mark in pattern for mark in "*?["):
            raise SourceFailed(f"{self.settings.path}: no such file")
        if len(found) > FILES_MAX:
            raise SourceFailed(f"more than {FILES_MAX} files")
        for one in found.values():
            replaced = self._places.replaced(one)
            if replaced is not None and packed_of([folder / name for name in names], replaced):
                self._places.put(f"packed {replaced.head}", replaced)
                self._places.forget(one.key)
        self._packed = {}
        for key, place in self._places.elsewhere(set(found)):
            if key in others:
                found[key] = others[key]
            elif (packed := packed_of([folder / name for name in names], place)) is not None:
                self._packed[key] = packed, place
            else:
                self._places.forget(key)
        return sorted(found.values(), key=lambda one: (one.changed_ns, one.path.name))

    def _where(self) -> tuple[Path, str]:
        path = Path(self.settings.path)
        return (path, "*") if path.is_dir() else (path.parent, path.name)

    def _piece(self, one: Found) -> _Piece | None:
        place = self._places.of(one)
        with one.path.open("rb") as file:
            begin = file.read(len(_MAGIC))
        if begin.startswith(PACKED):
            return None  # only what was begun unpacked is read on
        return self._parquet(one, place) if begin == _MAGIC else self._csv(one, place)

    def _rest(self, key: str, path: Path, place: Place) -> _Piece | None:
        """Of a file that was compressed; None, and forgotten, where it is read to its end or cannot be."""
        try:
            raw = read_on(path, place.read, PIECE_BYTES)
            rows = _whole_lines(raw)
            if rows:
                return self._rows(path.name, key, place, rows)
        except (BadRequest, OSError) as error:
            log.warning("source %s: %s: %s", self.settings.name, path.name, _said(error))
        self._places.forget(key)
        return None

    def _parquet(self, one: Found, place: Place | None) -> _Piece | None:
        if place is not None and (place.size, place.changed_ns) == (one.size, one.changed_ns):
            return None
        if one.size > PARQUET_BYTES_MAX:
            raise BadRequest(f"longer than {PARQUET_BYTES_MAX} bytes")
        with one.path.open("rb") as file:
            file.seek(-len(_MAGIC), os.SEEK_END)
            whole = file.read() == _MAGIC
        if not whole and time.time_ns() - one.changed_ns < 60_000_000_000:
            return None  # it is being written
        samples = samples_of(one.path.name, read_parquet(str(one.path)), self.settings.tags, self._zone)
        head = head_of(one.path, HEAD_BYTES)
        after = Place(str(one.path), head, min(HEAD_BYTES, one.size), 0, one.size, one.changed_ns)
        return _Piece(samples, one.key, after)

    def _csv(self, one: Found, place: Place | None) -> _Piece | None:
        if place is None:
            place = self._begun(one)
            if place is None:
                return None
        with one.path.open("rb") as file:
            file.seek(place.read)
            rows = _whole_lines(file.read(PIECE_BYTES))
        if not rows:
            return None
        piece = self._rows(one.path.name, one.key, place, rows)
        beginning = min(piece.place.read, HEAD_BYTES)
        after = msgspec.structs.replace(
            piece.place, path=str(one.path), head=head_of(one.path, beginning), head_bytes=beginning
        )
        return _Piece(piece.samples, one.key, after)

    def _rows(self, name: str, key: str, place: Place, rows: bytes) -> _Piece:
        tags = self.settings.tags if place.tags is None else place.tags
        samples = samples_of(name, parse_csv(name, place.header.encode() + rows), tags, self._zone)
        after = msgspec.structs.replace(
            place,
            read=place.read + len(rows),
            tags=samples.layout.tags if tags is None else place.tags,
        )
        return _Piece(samples, key, after)

    def _begun(self, one: Found) -> Place | None:
        """Before the first row; None while the header is not there as a whole."""
        with one.path.open("rb") as file:
            header = file.readline(_FIELD_BYTES)
        if not header.endswith(b"\n"):
            if len(header) == _FIELD_BYTES:
                raise BadRequest("no header")
            return None
        try:
            text = header.decode()
        except UnicodeDecodeError:
            raise BadRequest("the header is not UTF-8") from None
        return Place(str(one.path), head_of(one.path, len(header)), len(header), len(header), header=text)


def _whole_lines(raw: bytes) -> bytes:
    """Up to the last line end that is not in a quoted field; a quote that stays open for long is a stray one.

    >>> _whole_lines(b'1,2\\n3,"a\\nb'), _whole_lines(b"1,2\\n3")
    (b'1,2\\n', b'1,2\\n')
    """
    end = raw.rfind(b"\n") + 1
    whole = end
    while whole and raw.count(b'"', 0, whole) % 2:
        whole = raw.rfind(b"\n", 0, whole - 1) + 1
        if end - whole > _FIELD_BYTES:
            return raw[:end]
    return raw[:whole]


def _said(error: BadRequest | OSError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
