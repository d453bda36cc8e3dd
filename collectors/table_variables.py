"""Which variables a table has, and what each holds: by its schema, and of text by its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    Enum,
    Float,
    FromClause,
    Integer,
    Numeric,
    String,
    Subquery,
    case,
    column,
    distinct,
    func,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.types import TypeEngine

from collectors.pulled import SourceFailed
from collectors.table_measures import DATE, FALSE_WORDS, NUMBER, TRUE_WORDS
from collectors.table_settings import VARIABLES_MAX, TableSettings, VariableKind

ENUM_VALUES_MAX = 32
_REPEATED = 8
"""Text of few values, each written so often on average, is an enum."""
_BY_TYPE: tuple[tuple[type[TypeEngine[Any]], VariableKind], ...] = (
    (Enum, VariableKind.ENUM),
    (Boolean, VariableKind.BOOLEAN),
    (Integer, VariableKind.NUMERIC),
    (Numeric, VariableKind.NUMERIC),
    (Float, VariableKind.NUMERIC),
    (Date, VariableKind.DATE),
    (DateTime, VariableKind.DATE),
    (String, VariableKind.TEXT),
)


@dataclass(frozen=True, slots=True)
class Variable:
    """``kind`` None: nothing is known yet, since nothing was written; ``is_text``: its values are text that
    has to be read as what it holds."""

    name: str
    kind: VariableKind | None
    is_text: bool

    @property
    def watched_as(self) -> VariableKind:
        return self.kind or VariableKind.OTHER


@dataclass(frozen=True, slots=True)
class Schema:
    """``form``: the table with the columns that are read; ``variables``: of a wide table all, of a long one
    those that were written lately."""

    form: FromClause
    variables: Mapping[str, Variable]
    value_kind: VariableKind

    def of_kind(self, kind: VariableKind) -> list[Variable]:
        return [one for one in self.variables.values() if one.watched_as is kind]


def schema_of(connection: Connection, settings: TableSettings) -> Schema:
    """Of a long table still without variables. Raises SourceFailed for a table or column that is not there,
    and for more than 200 variables."""
    schema, _, name = settings.table.rpartition(".")
    inspector = inspect(connection)
    try:
        found = {one["name"]: one["type"] for one in inspector.get_columns(name, schema or None)}
    except NoSuchTableError:
        raise SourceFailed(f"there is no table {settings.table}") from None
    own = [settings.time, *settings.tags, settings.variable, settings.value, settings.kind]
    needed = [one for one in own if one]
    for one in (*needed, *settings.only):
        if one not in found and (one in needed or not settings.long):
            raise SourceFailed(f"{settings.table} has no column {one}")
    variables: dict[str, Variable] = {}
    if not settings.long:
        keys = set(inspector.get_pk_constraint(name, schema or None)["constrained_columns"])
        links = inspector.get_foreign_keys(name, schema or None)
        foreign = {key for one in links for key in one["constrained_columns"]}
        names = [one for one in found if one not in needed and settings.watches(one)]
        for one in names:
            if one not in keys or one in settings.only:
                kind = VariableKind.OTHER if one in foreign else _by_type(found[one])
                variables[one] = _declared(settings, one, kind)
    _check_count(variables)
    form = table(name, *(column(one) for one in dict.fromkeys([*needed, *variables])), schema=schema or None)
    return Schema(form, variables, _by_type(found[settings.value]) if settings.long else VariableKind.OTHER)


def decided(
    connection: Connection,
    settings: TableSettings,
    schema: Schema,
    lately: Subquery,
    known: Mapping[str, Variable],
) -> Schema:
    """With what the rows of ``lately`` say of text, and of a long table's variables; what is ``known`` stays
    as it is."""
    found = dict(schema.variables)
    if settings.long:
        found.update(_of_rows(connection, settings, schema, lately))
    else:
        texts = [one for one in found.values() if one.kind is VariableKind.TEXT]
        open_ = [one.name for one in texts if one.name not in settings.kinds]
        pairs = [(func.count(lately.c[name]), func.count(distinct(lately.c[name]))) for name in open_]
        if pairs:
            row = connection.execute(select(*chain.from_iterable(pairs))).one()
            for name, count, different in zip(open_, row[::2], row[1::2], strict=True):
                found[name] = Variable(name, _text_or_enum(count, different), is_text=True)
    for name, variable in known.items():
        if variable.kind is not None and (name in found or settings.long):
            found[name] = variable
    _check_count(found)
    return Schema(schema.form, found, schema.value_kind)


def _of_rows(
    connection: Connection, settings: TableSettings, schema: Schema, lately: Subquery
) -> Iterator[tuple[str, Variable]]:
    name, value = lately.c[settings.variable], lately.c[settings.value]
    kinds: dict[str, VariableKind | None]
    if settings.kind:
        said = lately.c[settings.kind]
        rows = connection.execute(
            select(name, said, func.count()).group_by(name, said).order_by(func.count(), said)
        )
        # The most frequent comes last, and stays.
        kinds = {str(one): _named(str(kind)) for one, kind, _ in rows if one is not None}
    elif schema.value_kind is not VariableKind.TEXT:
        rows = connection.execute(select(distinct(name)))
        kinds = {str(one): schema.value_kind for (one,) in rows if one is not None}
    else:
        words = (*TRUE_WORDS, *FALSE_WORDS)
        fitting = (
            value.regexp_match(NUMBER),
            func.lower(value).in_(words),
            value.regexp_match(DATE),
        )
        sums = [func.sum(case((one, 1), else_=0)) for one in fitting]
        counts = select(name, func.count(value), func.count(distinct(value)), *sums).group_by(name)
        rows = connection.execute(counts)
        kinds = {str(one): _by_values(*cells) for one, *cells in rows if one is not None}
    for one, kind in kinds.items():
        if settings.watches(one):
            yield one, _declared(settings, one, kind, is_text=schema.value_kind is VariableKind.TEXT)


def _declared(
    settings: TableSettings, name: str, kind: VariableKind | None, *, is_text: bool | None = None
) -> Variable:
    said = settings.kinds.get(name)
    as_text = kind is VariableKind.TEXT if is_text is None else is_text
    return Variable(name, said or kind, as_text)


def _by_type(kind: TypeEngine[Any]) -> VariableKind:
    return next((held for one, held in _BY_TYPE if isinstance(kind, one)), VariableKind.OTHER)


def _by_values(count: int, different: int, numbers: int, words: int, dates: int) -> VariableKind | None:
    """
    >>> _by_values(9, 2, 0, 9, 0), _by_values(9, 9, 0, 0, 9), _by_values(9, 9, 0, 0, 0).value
    (<VariableKind.BOOLEAN: 'boolean'>, <VariableKind.DATE: 'date'>, 'text')
    """
    for fitting, kind in (
        (numbers, VariableKind.NUMERIC),
        (words, VariableKind.BOOLEAN),
        (dates, VariableKind.DATE),
    ):
        if count and fitting == count:
            return kind
    return _text_or_enum(count, different)


def _text_or_enum(count: int, different: int) -> VariableKind | None:
    if not count:
        return None
    few = different <= ENUM_VALUES_MAX and count >= _REPEATED * different
    return VariableKind.ENUM if few else VariableKind.TEXT


def _named(kind: str) -> VariableKind:
    try:
        return VariableKind(kind.lower())
    except ValueError:
        return VariableKind.OTHER


def _check_count(variables: Mapping[str, Variable]) -> None:
    if len(variables) > VARIABLES_MAX:
        raise SourceFailed(f"more than {VARIABLES_MAX} variables: name some in only or ignore")
