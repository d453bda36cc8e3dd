"""What is measured of a variable by what it holds: aggregates in the database, and the series they become.

Each kind has its own list; the first aggregate is always how many values there are, which is the n of the
others. Text that does not read as what it should hold is left out of the others, and is still a value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Date, Float, Integer, String, case, cast, extract, func, null

from collectors.table_settings import VariableKind

NUMBER = r"^[-+]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][-+]?[0-9]{1,2})?$"
"""So short that no database finds it out of range."""
DATE = r"^[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])([T ].*)?$"
TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")

Expression = ColumnElement[Any]
DAY_S = 86_400


def aggregates(kind: VariableKind, value: Expression, dialect: str, *, is_text: bool) -> list[Expression]:
    """As many for a kind whatever the value is; ``is_text``: the value is text that has to be read."""
    count = func.count(value)
    match kind:
        case VariableKind.NUMERIC:
            number = cast(_fitting(value, NUMBER) if is_text else value, Float(53))
            return [count, func.avg(number), func.min(number), func.max(number)]
        case VariableKind.BOOLEAN:
            return [count, func.avg(cast(_truth(value, is_text=is_text), Float(53)))]
        case VariableKind.DATE:
            return [count, func.avg(_epoch_s(value, dialect, is_text=is_text))]
        case VariableKind.TEXT:
            return [count, func.avg(cast(func.length(cast(value, String)), Float(53)))]
        case _:
            return [count]


def width(kind: VariableKind) -> int:
    """How many aggregates there are of a kind."""
    return len(aggregates(kind, null(), "postgresql", is_text=False))


def measured(
    kind: VariableKind, cells: Sequence[Any], rows: float, end_ms: int
) -> Iterator[tuple[str, float, float]]:
    """Name, value and n of what one bucket that ends at ``end_ms`` says of a variable: nothing of values
    where there are none. A date is told as its age at the bucket's end."""
    count = float(cells[0])
    if rows > 0:
        yield "null_share", 1.0 - count / rows, rows
    names: dict[VariableKind, Sequence[tuple[str, Callable[[float], float]]]] = {
        VariableKind.NUMERIC: [("mean", float), ("min", float), ("max", float)],
        VariableKind.BOOLEAN: [("true_share", float)],
        VariableKind.DATE: [("age_s", lambda mean: end_ms / 1_000 - mean)],
        VariableKind.TEXT: [("length", float)],
    }
    for (name, of), cell in zip(names.get(kind, ()), cells[1:], strict=True):
        if cell is not None:
            # How many stand behind an extreme does not make it surer.
            yield name, of(float(cell)), math.nan if name in ("min", "max") else count


def _fitting(value: Expression, pattern: str) -> Expression:
    return case((value.regexp_match(pattern), value), else_=None)


def _truth(value: Expression, *, is_text: bool) -> Expression:
    if is_text:
        word = func.lower(value)
        return case((word.in_(TRUE_WORDS), 1), (word.in_(FALSE_WORDS), 0), else_=None)
    return cast(value, Integer)


def _epoch_s(value: Expression, dialect: str, *, is_text: bool) -> Expression:
    """Of text the whole days."""
    if dialect == "sqlite":
        day = func.substr(_fitting(value, DATE), 1, 10) if is_text else value
        return (func.julianday(day) - 2_440_587.5) * DAY_S
    if not is_text:
        return _seconds(value)
    fitting = _fitting(value, DATE)
    month = cast(func.substr(fitting, 1, 8).concat("01"), Date)  # every month has a first: no cast can fail
    return _seconds(month) + (cast(func.substr(fitting, 9, 2), Integer) - 1) * DAY_S


def _seconds(value: Expression) -> Expression:
    return cast(extract("epoch", value), Float(53))
