"""Reading a file for a command, and saying what was wrong in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from api.schemas import is_zone
from api.tables import cell
from collectors.files import FileSamples, read_file
from monitor.domain.batch import Reject
from monitor.domain.errors import BadRequest

_LINES_SHOWN = 5


def read(path: Path, tags: str, tz: str) -> FileSamples:
    """Raises BadRequest for a file that cannot be read, and for a time zone that is none."""
    if not is_zone(tz):
        raise BadRequest(f"no such time zone: {tz}")
    named = [name.strip() for name in tags.split(",") if name.strip()]
    return read_file(path, tags=named or None, tz=ZoneInfo(tz))


def report(path: Path, rejects: Sequence[Reject], notes: Sequence[Reject], console: Console) -> None:
    """Every class of bad or odd row with its count and first lines."""
    for word, found in (("left out", rejects), ("kept", notes)):
        for reject in found:
            lines = ", ".join(f"{line} ({cell('', what)})" for line, what in reject.examples[:_LINES_SHOWN])
            more = ", …" if reject.count > _LINES_SHOWN else ""
            console.print(
                f"{escape(path.name)}: {word}: {reject.count} {reject.reason}: line {lines}{more}",
                soft_wrap=True,
            )
