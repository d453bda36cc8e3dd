"""Numbers of a database: a SELECT's rows, counted by bucket and tags where they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from collectors.base import Decoded
from collectors.pulled import ReadSecret, Row, SourceFailed, decoded, tag_text
from collectors.sql_connection import ReadOnly
from collectors.sql_settings import Kpi, SqlSettings
from collectors.sql_statement import statement

_COUNTS = ("count", "rate", "distinct")
"""Of no rows they are 0."""


class SqlSource:
    """One declared SELECT. The database is first spoken to when something is read."""

    remembers = True

    def __init__(self, settings: SqlSettings, read_secret: ReadSecret) -> None:
        self.settings = settings
        self.step_ms = settings.bucket
        self._read_secret = read_secret
        self._opened: ReadOnly | None = None

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """One statement. A bucket that holds no row has no value, except a count without tags: that is 0."""
        settings, database = self.settings, self._database()
        with database.reading() as connection:
            found = connection.execute(statement(settings, database.dialect, from_ms, until_ms)).all()
        if len(found) > settings.rows_max:
            raise SourceFailed(
                f"more than {settings.rows_max} combinations of bucket and tags in one statement: "
                "fewer chunk_buckets, fewer tags, or a larger rows_max"
            )
        return decoded(self._rows(found, from_ms, until_ms))

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _database(self) -> ReadOnly:
        if self._opened is None:
            self._opened = ReadOnly.of(self.settings, self._read_secret)
        return self._opened

    def _rows(self, found: Sequence[Any], from_ms: int, until_ms: int) -> Iterator[Row]:
        settings, tags = self.settings, len(self.settings.tags)
        filled: set[int] = set()
        for row in found:
            ts_ms = from_ms + int(row[0]) * settings.bucket
            filled.add(ts_ms)
            pairs = [
                (name, tag_text(cell))
                for name, cell in zip(settings.tags, row[1 : 1 + tags], strict=True)
                if cell is not None and cell != ""
            ]
            for i, kpi in enumerate(settings.kpi):
                at = 1 + tags + 2 * i
                value, n = _value(kpi, row[at], row[at + 1], settings.bucket)
                if value is not None:
                    yield kpi.metric, pairs, ts_ms, value, n
        if not tags:
            counts = [kpi.metric for kpi in settings.kpi if kpi.compute in _COUNTS]
            for ts_ms in range(from_ms, until_ms, settings.bucket):
                if ts_ms not in filled:
                    yield from ((metric, (), ts_ms, 0.0, math.nan) for metric in counts)


def _value(kpi: Kpi, value: Any, n: Any, bucket_ms: int) -> tuple[float | None, float]:
    """Value and n; None where nothing can be said, as of a ratio of nothing."""
    try:
        if value is None:
            return None, math.nan
        if kpi.compute in ("count", "sum", "distinct"):
            return float(value), math.nan
        if kpi.compute == "rate":
            return float(value) / (bucket_ms / 1_000), math.nan
        if kpi.compute in ("mean", "percentile"):
            return float(value), float(n)
        whole = float(n) if n is not None else 0.0
        return (float(value) / whole, whole) if whole > 0 else (None, math.nan)
    except (TypeError, ValueError) as error:
        raise SourceFailed(f"{kpi.metric}: the column holds no numbers") from error
