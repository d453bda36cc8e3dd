"""What the columns of a file mean: time, metrics, tags, n and label (DESIGN.md section 6, "Files")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from collectors.arrow_text import is_text
from collectors.cells import mostly_numbers
from collectors.errors import BadRequest
from collectors.file_rows import FileRows

TIME_NAMES = ("timestamp", "time", "ts", "ts_ms", "datetime", "date")
_ASIDE = ("label", "scored", "n", "weight")


@dataclass(frozen=True, slots=True)
class FileLayout:
    """``metric``: column of metric names (long form) or None (wide form); ``values``: ``value``, or
    one column a metric."""

    time: str
    metric: str | None
    values: tuple[str, ...]
    tags: tuple[str, ...]
    n: str | None
    label: str | None


def layout_of(rows: FileRows, tags: Sequence[str] | None) -> FileLayout:
    """Long if there are columns ``metric`` and ``value``, else wide: the time column, one column a
    metric. The time is the first column named like one, else of a time type, else the first. Tags are
    the columns named, else those of text; a CSV column is text if most of its cells are no numbers.

    Raises BadRequest if no metric is left or a named tag does not exist.
    """
    names = list(rows.columns)
    for tag in tags or ():
        if tag not in names:
            raise BadRequest(f"no column {tag!r} to take tags from; there are {', '.join(names)[:200]}")
    long = "metric" in names and "value" in names
    fixed = {"metric", "value"} if long else set()
    time = _time(rows, [name for name in names if name not in fixed])
    if time in (tags or ()) or fixed & set(tags or ()):
        raise BadRequest("the columns of time, metric and value cannot be tags")
    aside = {name for name in _ASIDE if name in names and name not in (tags or ())}
    free = [name for name in names if name not in fixed | aside | {time}]
    chosen = tuple(tags) if tags is not None else tuple(name for name in free if _text(rows, name))
    values = (
        ("value",) if long else tuple(name for name in free if name not in chosen and _numeric(rows, name))
    )
    if not values:
        raise BadRequest("no metric: neither columns metric and value, nor a column of numbers")
    return FileLayout(
        time=time,
        metric="metric" if long else None,
        values=values,
        tags=tuple(dict.fromkeys(chosen)),
        n="n" if "n" in aside else None,
        label="label" if "label" in aside else None,
    )


def _time(rows: FileRows, names: list[str]) -> str:
    if not names:
        raise BadRequest("no time column")
    for name in names:
        if name.lower() in TIME_NAMES:
            return name
    typed = (name for name in names if pa.types.is_temporal(rows.columns[name].type))
    return next(typed, names[0])


def _text(rows: FileRows, name: str) -> bool:
    column = rows.columns[name]
    return is_text(column.type) and (rows.typed or not mostly_numbers(column))


def _numeric(rows: FileRows, name: str) -> bool:
    kind = rows.columns[name].type
    numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
    return numeric or pa.types.is_decimal(kind) or is_text(kind)
