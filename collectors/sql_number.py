"""Text among numbers, for SQLite, whose columns hold what was written; other databases refuse it."""

from __future__ import annotations

NO_NUMBER = "a column that is computed with holds text that is no number"


def read_number(cell: str | bytes) -> float:
    """SQLite would read the digits in front, and 0 where there are none. Raises ValueError.

    >>> read_number("12.5")
    12.5
    >>> read_number("1_000")
    Traceback (most recent call last):
    ValueError: a column that is computed with holds text that is no number
    """
    if isinstance(cell, str) and cell.isascii() and "_" not in cell:
        try:
            return float(cell)
        except ValueError:
            pass
    raise ValueError(NO_NUMBER)
