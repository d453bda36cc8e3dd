"""A table that is watched: how much is written of each variable, and what, each kind in its own way."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from collectors.base import Decoded
from collectors.lately import Lately
from collectors.pulled import ReadSecret, Row, SourceFailed, decoded, tag_text
from collectors.sql_connection import ReadOnly
from collectors.table_enums import Enums
from collectors.table_measures import measured, width
from collectors.table_settings import TableSettings, VariableKind
from collectors.table_statements import TableStatements
from collectors.table_variables import Schema, decided, schema_of
from monitor.domain.durations import HOUR_MS

Tags = tuple[tuple[str, str], ...]
Written = dict[tuple[int, Tags, str], tuple[float, Sequence[Any]]]
"""By bucket, tags and variable: rows, and the aggregates of its kind."""

SCHEMA_MS = HOUR_MS
"""After so much of what is read, columns are looked for anew."""


class TableSource:
    """One table. What it has is learned at the first reading, from as much before it as ``memory`` says."""

    remembers = True

    def __init__(self, settings: TableSettings, read_secret: ReadSecret) -> None:
        self.settings = settings
        self.step_ms = settings.bucket
        self._read_secret = read_secret
        self._opened: ReadOnly | None = None
        self._forget()

    def read(self, from_ms: int, until_ms: int) -> Decoded:
        """Some statements in one transaction. Raises SourceFailed; then all is learned anew."""
        if self._opened is None:
            self._opened = ReadOnly.of(self.settings, self._read_secret)
        try:
            with self._opened.reading() as connection:
                return decoded(list(self._rows(connection, from_ms, until_ms)))
        except SourceFailed:
            self._forget()
            raise

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _forget(self) -> None:
        self._schema: Schema | None = None
        self._schema_ms = 0
        self._known_from_ms = 0
        self._combinations = Lately[tuple[Tags, str]](self.settings.memory)
        self._enums = Enums(self.settings)

    def _rows(self, connection: Connection, from_ms: int, until_ms: int) -> Iterator[Row]:
        assert self._opened is not None
        if self._schema is not None and from_ms < self._known_from_ms:
            self._forget()
        schema = self._schema_at(connection, from_ms, until_ms)
        statements = TableStatements(self.settings, schema, self._opened.dialect)
        step = self.settings.bucket
        if not self._known_from_ms:
            begin_ms = from_ms - self.settings.memory
            before = (begin_ms, from_ms, self.settings.memory)
            for _, tags, name in self._written(connection, statements, *before):
                self._combinations.wrote((tags, name), from_ms - step)
            for (_, tags, name), counts in self._values(connection, statements, *before).items():
                self._enums.known(name, tags, counts, from_ms - step)
            self._known_from_ms = from_ms
        self._combinations.forget(from_ms)
        self._enums.forget(from_ms)
        written = self._written(connection, statements, from_ms, until_ms, step)
        values = self._values(connection, statements, from_ms, until_ms, step)
        for at_ms, tags, name in written:
            self._combinations.wrote((tags, name), at_ms)
        yield from self._told(schema, written, range(from_ms, until_ms, step))
        yield from self._enums.told(values, schema.of_kind(VariableKind.ENUM), range(from_ms, until_ms, step))

    def _schema_at(self, connection: Connection, from_ms: int, until_ms: int) -> Schema:
        assert self._opened is not None
        known = self._schema
        fresh = known is not None and until_ms - self._schema_ms < SCHEMA_MS
        if known is not None and fresh and not self._has_new(connection, known, from_ms, until_ms):
            return known
        bare = schema_of(connection, self.settings)
        statements = TableStatements(self.settings, bare, self._opened.dialect)
        lately = statements.lately(from_ms - self.settings.memory, until_ms)
        before = known.variables if known is not None else {}
        self._schema = decided(connection, self.settings, bare, lately, before)
        self._schema_ms = until_ms
        return self._schema

    def _has_new(self, connection: Connection, known: Schema, from_ms: int, until_ms: int) -> bool:
        """Of a long table, a variable that was not there before, or of which nothing was known."""
        if not self.settings.long:
            return False
        assert self._opened is not None
        statements = TableStatements(self.settings, known, self._opened.dialect)
        names = {str(name) for (name,) in connection.execute(statements.names(from_ms, until_ms)) if name}
        told = {name for name, one in known.variables.items() if one.kind is not None}
        return any(self.settings.watches(name) for name in names - told)

    def _written(self, connection: Connection, statements: TableStatements, *span: int) -> Written:
        found: Written = {}
        variables = list(statements.schema.variables.values())
        if self.settings.long:
            for kind in VariableKind:
                those = [one for one in variables if one.watched_as is kind]
                if those:
                    for place, tags, (name, rows, *cells) in self._asked(
                        connection, statements.written_of(kind, those, *span), *span
                    ):
                        found[place, tags, str(name)] = float(rows), cells
            return found
        for place, tags, (rows, *cells) in self._asked(connection, statements.written(*span), *span):
            found[place, tags, ""] = float(rows), ()
            at = 0
            for one in variables:
                end = at + width(one.watched_as)
                found[place, tags, one.name] = float(rows), cells[at:end]
                at = end
        return found

    def _values(
        self, connection: Connection, statements: TableStatements, *span: int
    ) -> dict[tuple[int, Tags, str], dict[str, int]]:
        found: dict[tuple[int, Tags, str], dict[str, int]] = defaultdict(dict)
        those = statements.schema.of_kind(VariableKind.ENUM)
        for name, statement in statements.values(those, *span) if those else ():
            for place, tags, cells in self._asked(connection, statement, *span):
                *named, value, count = cells
                found[place, tags, name or str(named[0])][str(value)] = int(count)
        return found

    def _asked(
        self, connection: Connection, statement: Any, from_ms: int, until_ms: int, bucket_ms: int
    ) -> Iterator[tuple[int, Tags, list[Any]]]:
        """Time of the bucket, tags, and the cells after them."""
        rows = connection.execute(statement).all()
        if len(rows) > self.settings.rows_max:
            raise SourceFailed(
                f"more than {self.settings.rows_max} combinations of bucket, tags and value: "
                "fewer chunk_buckets, fewer tags, a variable of fewer values, or a larger rows_max"
            )
        names = self.settings.tags
        for place, *cells in rows:
            pairs = zip(names, cells[: len(names)], strict=True)
            tags = tuple((name, tag_text(cell)) for name, cell in pairs if cell is not None and cell != "")
            yield from_ms + int(place) * bucket_ms, tags, cells[len(names) :]

    def _told(self, schema: Schema, written: Written, buckets: range) -> Iterator[Row]:
        prefix, step = self.settings.prefix, self.settings.bucket
        for (at_ms, tags, name), (rows, cells) in written.items():
            if not name:
                yield f"{prefix}.rows", tags, at_ms, rows, math.nan
                continue
            pairs = (("variable", name), *tags)
            writes = rows if self.settings.long else float(cells[0])
            yield f"{prefix}.writes", pairs, at_ms, writes, math.nan
            kind = schema.variables[name].watched_as
            for measure, value, n in measured(kind, cells, rows, at_ms + step):
                yield f"{prefix}.{measure}", pairs, at_ms, value, n
        if self.settings.pad == "zero":
            yield from self._padding(schema, written, buckets)

    def _padding(self, schema: Schema, written: Written, buckets: range) -> Iterator[Row]:
        """Zero where nothing was written of what is awaited; of a wide table without tags that is everything,
        always."""
        if self.settings.long or self.settings.tags:
            awaited = ((key, at) for key in self._combinations for at in self._awaited(key, buckets))
        else:
            awaited = (((Tags(), name), at) for name in ("", *schema.variables) for at in buckets)
        for (tags, name), at_ms in awaited:
            if (at_ms, tags, name) not in written:
                metric, pairs = ("writes", (("variable", name), *tags)) if name else ("rows", tags)
                yield f"{self.settings.prefix}.{metric}", pairs, at_ms, 0.0, math.nan

    def _awaited(self, key: tuple[Tags, str], buckets: range) -> Iterator[int]:
        return (at_ms for at_ms in buckets if self._combinations.awaited(key, at_ms))
