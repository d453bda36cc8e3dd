"""Tables of the command line, and their JSON twins."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

Row = Mapping[str, Any]
Rows = Sequence[Row]

_WIDE = 240
_SHORT = 24
"""Characters of a cell that is never put on a line of its own."""
_FOLDED = 30
"""Characters at which a sentence may be folded."""
_AMOUNTS = ("value", "expected", "used")
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


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows as a table where there is room for it; else what is short of each row in one line, as columns, and
    what is long below it. A table that folds each cell at some letters can be read by nobody."""

    rows: Rows
    columns: Mapping[str, str]
    title: str | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        cells = [{key: plain(key, row.get(key)) for key in self.columns} for row in self.rows]
        needed = sum(_needs(key, heading, cells) for key, heading in self.columns.items()) if cells else 0
        if needed < options.max_width:
            yield _table(self.rows, self.columns, self.title)
            return
        if self.title is not None:
            yield Text(self.title, "italic")
        width = {key: max(len(one[key]) for one in cells) for key in self.columns}
        short = [key for key in self.columns if 0 < width[key] <= _SHORT]
        while len(short) > 1 and sum(max(width[key], len(self.columns[key])) + 2 for key in short) > (
            options.max_width
        ):
            short.remove(max(short, key=lambda key: (width[key], key)))
        wide = {key: max(width[key], len(self.columns[key])) for key in short}
        yield Text("  ".join(self.columns[key].ljust(wide[key]) for key in short).rstrip(), "bold")
        for one in cells:
            yield Text("  ".join(one[key].ljust(wide[key]) for key in short).rstrip())
            for key in self.columns:
                if key not in short and one[key]:
                    yield Padding(Text(f"{self.columns[key]}: {one[key]}"), (0, 0, 0, 4))


def table(rows: Rows, columns: Mapping[str, str], title: str | None = None) -> Listing:
    """``columns``: heading by key."""
    return Listing(rows, columns, title)


def _needs(key: str, heading: str, cells: Sequence[Mapping[str, str]]) -> int:
    """Characters that a column of a table takes at least, its frame included: sentences may be folded."""
    most = max(min(len(one[key]), _FOLDED) if " " in one[key] else len(one[key]) for one in cells)
    return max(most, len(heading)) + 3


def _table(rows: Rows, columns: Mapping[str, str], title: str | None) -> Table:
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
    """One value as text for `rich`; what a sender wrote is shown, never obeyed.

    >>> cell("start_ms", 1360350000000), cell("score", 97.26), cell("title", "[red]\\x1b"), cell("end", None)
    ('2013-02-08 19:00', '97.3', '\\\\[red]\\ufffd', '')
    """
    return escape(plain(key, value))


def plain(key: str, value: Any) -> str:
    """The same where nothing is read as markup.

    >>> plain("value", 39321600.0), plain("value", 0.0625), plain("used", 1234567.0), plain("score", 55.0)
    ('39,321,600', '0.0625', '1,234,567', '55.0')
    """
    if value is None:
        return ""
    if isinstance(value, float):
        if key in _AMOUNTS and value.is_integer() and abs(value) < 1e15:
            return f"{value:,.0f}"
        return f"{value:.4g}" if key in ("value", "expected") else f"{value:.1f}"
    if key in _TIMES and isinstance(value, int):
        return _time(value)
    return "".join(c if c.isprintable() else "\ufffd" for c in str(value))


def _time(ts_ms: int) -> str:
    if not 0 < ts_ms < 41_024_448_000_000:
        return ""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
