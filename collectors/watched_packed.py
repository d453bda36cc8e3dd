"""What was unread of a file when it was rotated and compressed: gzip, found by the beginning it shares."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path

from collectors.errors import BadRequest
from collectors.watched_places import Place, hashed

PACKED = b"\x1f\x8b"


def packed_of(paths: Iterable[Path], place: Place) -> Path | None:
    """The compressed file that goes on as the one of this place did; None: none of them. Costs the first
    kilobyte of each."""
    if not place.header:
        return None  # no CSV: it was read as a whole
    for path in paths:
        if path.suffix != ".gz":
            continue
        try:
            with gzip.open(path) as file:
                head = file.read(place.head_bytes)
        except (OSError, EOFError, zlib.error):
            continue
        if len(head) == place.head_bytes and hashed(head) == place.head:
            return path
    return None


def read_on(path: Path, read: int, size: int) -> bytes:
    """Up to ``size`` bytes of what is behind the first ``read``; all before is unpacked for it. Raises
    BadRequest, OSError."""
    try:
        with gzip.open(path) as file:
            file.seek(read)
            return file.read(size)
    except (EOFError, zlib.error):
        raise BadRequest("the compressed file is cut off or damaged") from None
