"""Tables of the command line, and their JSON twins."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]
Rows = Sequence[Row]

_WIDE = 240
_TIMES = {
    *("start_ms", "end_ms", "onset_ms", "last_ms", "clock_ms"),
    *("expires_ms", "used_ms", "revoked_ms"),
    *("success_ms", "error_ms", "read_until_ms", "ts_ms"),
}


def out() -> Console:
    """Where results go."""
    # Into a file or a pipe nothing need be folded.
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDE
    return Console(highlight=False, width=wide)


def err() -> Console:
    """Where everything else goes: banners, progress, reports of refused rows."""
    return Console(stderr=True, highlight=False)


def show(rows: Iterable[Row], columns: Mapping[str, str], as_json: bool, empty: str = "nothing") -> int:
    """Print rows as a table of ``columns`` (heading by key), or as JSON with all they hold. Returns 0."""
    listed = list(rows)
    if as_json:
        print_json({"items": listed})
    elif not listed:
        out().print(empty)
    else:
        out().print(table(listed, columns))
    return 0


def print_json(value: Any) -> None:
    print(msgspec.json.format(msgspec.json.encode(value)).decode())


def table(rows: Rows, columns: Mapping[str, str], title: str | None = None) -> Table:
    made = Table(title=title, title_justify="left")
    for key, heading in columns.items():
        number = any(isinstance(row.get(key), int | float) and not key.endswith("_ms") for row in rows)
        made.add_column(
            heading, justify="right" if number else "left", overflow="fold", no_wrap=key.endswith("_ms")
        )
    for row in rows:
        made.add_row(*(cell(key, row.get(key)) for key in columns))
    return made


def cell(key: str, value: Any) -> str:
    """One value as text; what a sender wrote is shown, never obeyed.

    >>> cell("start_ms", 1360350000000), cell("score", 97.26), cell("title", "[red]\\x1b"), cell("end", None)
    ('2013-02-08 19:00', '97.3', '\\\\[red]\\ufffd', '')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if key in ("value", "expected") else f"{value:.1f}"
    if key in _TIMES and isinstance(value, int):
        return _time(value)
    text = str(value)
    return escape("".join(c if c.isprintable() else "\ufffd" for c in text))


def _time(ts_ms: int) -> str:
    if not 0 < ts_ms < 41_024_448_000_000:
        return ""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
