"""The statements of a table watcher: what was written of each variable, and which values of enums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, Subquery, cast, func, select

from collectors.sql_statement import BUCKET, bucketed
from collectors.table_measures import aggregates
from collectors.table_settings import TableSettings, VariableKind
from collectors.table_variables import Schema, Variable


@dataclass(frozen=True, slots=True)
class TableStatements:
    """Rows begin with the bucket's place and the tags; all end at one more than ``rows_max``."""

    settings: TableSettings
    schema: Schema
    dialect: str

    def lately(self, from_ms: int, until_ms: int) -> Subquery:
        """All rows of a span, as one bucket."""
        return bucketed(self.settings, self.schema.form, self.dialect, from_ms, until_ms, until_ms - from_ms)

    def written(self, from_ms: int, until_ms: int, bucket_ms: int) -> Select[Any]:
        """Of a wide table. Then: rows, and the aggregates of all variables, in their order."""
        inner = self._bucketed(from_ms, until_ms, bucket_ms)
        sums = [
            one
            for variable in self.schema.variables.values()
            for one in self._aggregates(variable, inner.c[variable.name])
        ]
        return self._grouped(inner, (), [func.count(), *sums])

    def written_of(
        self, kind: VariableKind, variables: Sequence[Variable], from_ms: int, until_ms: int, bucket_ms: int
    ) -> Select[Any]:
        """Of a long table, of variables of one kind. Then: variable, rows, and the aggregates."""
        inner = self._bucketed(from_ms, until_ms, bucket_ms)
        name, value = inner.c[self.settings.variable], inner.c[self.settings.value]
        is_text = any(one.is_text for one in variables)
        sums = aggregates(kind, value, self.dialect, is_text=is_text)
        found = self._grouped(inner, (name,), [func.count(), *sums])
        return found.where(name.in_([one.name for one in variables]))

    def values(self, variables: Sequence[Variable], *span: int) -> list[tuple[str, Select[Any]]]:
        """Of a wide table one for each variable; of a long one one for all, in which the variable's name
        comes next. Then: value as text, and how often it was written. ``span``: from, until, bucket."""
        inner = self._bucketed(*span)
        if not self.settings.long:
            return [(one.name, self._values(inner, inner.c[one.name])) for one in variables]
        name = inner.c[self.settings.variable]
        found = self._values(inner, inner.c[self.settings.value], name)
        return [("", found.where(name.in_([one.name for one in variables])))]

    def names(self, from_ms: int, until_ms: int) -> Select[Any]:
        """Of a long table: the variables that were written."""
        name = self.lately(from_ms, until_ms).c[self.settings.variable]
        return select(name).distinct().limit(self.settings.rows_max + 1)

    def _bucketed(self, from_ms: int, until_ms: int, bucket_ms: int) -> Subquery:
        return bucketed(self.settings, self.schema.form, self.dialect, from_ms, until_ms, bucket_ms)

    def _values(self, inner: Subquery, value: Any, *further: Any) -> Select[Any]:
        return self._grouped(inner, (*further, cast(value, String)), [func.count()]).where(value.is_not(None))

    def _aggregates(self, variable: Variable, value: Any) -> list[Any]:
        return aggregates(variable.watched_as, value, self.dialect, is_text=variable.is_text)

    def _grouped(self, inner: Subquery, further: Sequence[Any], sums: Sequence[Any]) -> Select[Any]:
        keys = [inner.c[BUCKET], *(inner.c[name] for name in self.settings.tags), *further]
        found = select(*keys, *sums).select_from(inner)
        return found.group_by(*keys).limit(self.settings.rows_max + 1)
