"""A table whose writes are watched, as it is declared."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collectors.source_fields import Span, Text
from collectors.sql_settings import DatabaseSettings
from monitor.domain.durations import DAY_MS

VARIABLES_MAX = 200


class VariableKind(StrEnum):
    """What a variable holds, and so how it is watched; ``other`` is only counted."""

    NUMERIC = "numeric"
    ENUM = "enum"
    BOOLEAN = "boolean"
    DATE = "date"
    TEXT = "text"
    OTHER = "other"


class TableSettings(DatabaseSettings):
    """Wide: every column but ``time`` and ``tags`` is a variable. Long: ``variable`` is the column that names
    the variable, ``value`` the one that holds its value, ``kind`` the one that says what it holds, if any.

    ``only`` and ``ignore``: names of variables; ``kinds``: what they hold, instead of what is found.
    ``memory``: so long a value, or a combination of tags, is known after it was last written; ``values_max``:
    values of one enum that have a series each, all others are one. ``metric``: what names of metrics begin
    with, the source's own name unless it is given."""

    table: Text
    metric: str = ""
    only: tuple[Text, ...] = Field(default=(), strict=False)
    ignore: tuple[Text, ...] = Field(default=(), strict=False)
    kinds: dict[Text, Annotated[VariableKind, Field(strict=False)]] = Field(default_factory=dict)
    variable: str = ""
    value: str = ""
    kind: str = ""
    pad: Literal["zero", "missing"] = "zero"
    memory: Span = 7 * DAY_MS
    values_max: Annotated[int, Field(gt=0, le=1_000)] = 32

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if bool(self.variable) != bool(self.value):
            raise ValueError("variable and value: both, for a table with a variable a row, or neither")
        if self.kind and not self.variable:
            raise ValueError("kind: only with variable and value")
        if self.only and self.ignore:
            raise ValueError("only and ignore: one of them")
        return self

    @property
    def prefix(self) -> str:
        return self.metric or self.name

    @property
    def long(self) -> bool:
        return bool(self.variable)

    def watches(self, variable: str) -> bool:
        return variable in self.only if self.only else variable not in self.ignore
