"""The file that declares sources: TOML, in which an unknown key is an error that names it.

It holds no secrets: an address with a password is named as ``env:NAME`` or ``file:NAME``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from monitor.domain.errors import BadRequest

SOURCES_MAX = 200
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d{1,6})([smhd])")
_REFERENCE = re.compile(r"(env|file):.+")


def duration_ms(text: object) -> int:
    """
    >>> duration_ms("90s"), duration_ms("1d")
    (90000, 86400000)
    """
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("a time such as 30s, 5m, 2h or 1d")
    return int(found[1]) * _UNITS_MS[found[2]]


Duration = Annotated[int, BeforeValidator(duration_ms), Field(ge=0)]
Span = Annotated[int, BeforeValidator(duration_ms), Field(ge=1_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Kpi(_Strict):
    """One number of each bucket and each combination of tags."""

    metric: Text
    compute: Literal["count", "sum", "mean", "ratio"]
    column: str = ""
    numerator: str = ""
    denominator: str = ""

    @model_validator(mode="after")
    def _columns(self) -> Self:
        wanted = {
            "count": (),
            "sum": ("column",),
            "mean": ("column",),
            "ratio": ("numerator", "denominator"),
        }[self.compute]
        for name in ("column", "numerator", "denominator"):
            if bool(getattr(self, name)) != (name in wanted):
                raise ValueError(f"{self.compute} {'needs' if name in wanted else 'takes no'} {name}")
        return self


class SqlSettings(_Strict):
    """A SELECT, and what is computed of its rows."""

    name: Name
    url: Text
    query: Text
    time: Text
    time_type: Literal["timestamp", "epoch_s", "epoch_ms", "iso_text"] = "timestamp"
    bucket: Span
    every: Span | None = None
    delay: Duration = 0
    reread: Duration = 0
    backfill: Duration = 0
    chunk_buckets: Annotated[int, Field(gt=0, le=500)] = 60
    timeout: Span = 30_000
    rows_max: Annotated[int, Field(gt=0, le=1_000_000)] = 50_000
    tags: tuple[Text, ...] = Field(default=(), strict=False)
    kpi: tuple[Kpi, ...] = Field(min_length=1, strict=False)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not _REFERENCE.fullmatch(self.url):
            try:
                url = make_url(self.url)
            except ArgumentError:
                raise ValueError("url: no SQLAlchemy URL, and no env:NAME or file:NAME") from None
            if url.password:
                raise ValueError("url: a password belongs into env:NAME or file:NAME")
        for name in ("reread", "backfill"):
            if getattr(self, name) % self.bucket:
                raise ValueError(f"{name}: whole buckets")
        return self


class SourceFile(_Strict):
    """All that is polled."""

    sql: tuple[SqlSettings, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name, count in Counter(one.name for one in self.sql).items():
            if count > 1:
                raise ValueError(f"two sources are called {name}")
        if len(self.sql) > SOURCES_MAX:
            raise ValueError(f"at most {SOURCES_MAX} sources")
        return self


def read_source_file(path: Path) -> SourceFile:
    """Raises BadRequest, which names every key that is unknown or has a value it cannot have, one a line;
    never a value, which may be a secret in the wrong place."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadRequest(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise BadRequest(f"{path}: no TOML: {error}") from None
    try:
        return SourceFile.model_validate(said)
    except ValidationError as error:
        raise BadRequest("\n".join(f"{path}: {fault}" for fault in _faults(error))) from None


def _faults(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, one["loc"])) or "the file"
        yield f"{place}: {'no such key' if one['type'] == 'extra_forbidden' else one['msg']}"
