"""The file that declares sources: TOML, in which an unknown key is an error that names it.

It holds no secrets: an address with a password is named as ``env:NAME`` or ``file:NAME``.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from collectors.host_settings import HostSettings
from collectors.kafka_settings import KafkaSettings
from collectors.mlflow_settings import MlflowSettings
from collectors.promql_settings import PromqlSettings
from collectors.scrape_settings import ScrapeSettings
from collectors.source_fields import Strict
from collectors.sql_settings import SqlSettings
from collectors.table_settings import TableSettings
from collectors.watched_settings import WatchedSettings
from monitor.domain.errors import BadRequest

SOURCES_MAX = 200

Declaration = (
    SqlSettings
    | ScrapeSettings
    | PromqlSettings
    | WatchedSettings
    | HostSettings
    | TableSettings
    | KafkaSettings
    | MlflowSettings
)


class SourceFile(Strict):
    """All that is polled, by kind."""

    sql: tuple[SqlSettings, ...] = Field(default=(), strict=False)
    scrape: tuple[ScrapeSettings, ...] = Field(default=(), strict=False)
    promql: tuple[PromqlSettings, ...] = Field(default=(), strict=False)
    files: tuple[WatchedSettings, ...] = Field(default=(), strict=False)
    host: tuple[HostSettings, ...] = Field(default=(), strict=False)
    table: tuple[TableSettings, ...] = Field(default=(), strict=False)
    kafka: tuple[KafkaSettings, ...] = Field(default=(), strict=False)
    mlflow: tuple[MlflowSettings, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _names(self) -> Self:
        declared = self.declared()
        for name, count in Counter(one.name for _, one in declared).items():
            if count > 1:
                raise ValueError(f"two sources are called {name}")
        if len(declared) > SOURCES_MAX:
            raise ValueError(f"at most {SOURCES_MAX} sources")
        return self

    def declared(self) -> list[tuple[str, Declaration]]:
        """Kind and declaration of every source, in the order of kinds, then of the file."""
        return [(kind, one) for kind in KINDS for one in getattr(self, kind)]


KINDS = tuple(SourceFile.model_fields)


def read_source_file(path: Path) -> SourceFile:
    """Raises BadRequest, which names every key that is unknown or has a value it cannot have, one a line;
    never a value, which may be a secret in the wrong place."""
    try:
        return parsed(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise BadRequest(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadRequest(f"{path}: not UTF-8") from None


def parsed(text: str, place: str = "sources") -> SourceFile:
    """`read_source_file` of a text; ``place`` is what an error calls it."""
    try:
        said = tomllib.loads(text)
    except ValueError as error:
        raise BadRequest(f"{place}: no TOML: {error}") from None
    return validated(said, place)


def validated(said: dict[str, Any], place: str = "sources") -> SourceFile:
    try:
        return SourceFile.model_validate(said)
    except ValidationError as error:
        raise BadRequest("\n".join(f"{place}: {fault}" for fault in _faults(error))) from None


def _faults(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, one["loc"])) or "the file"
        yield f"{place}: {'no such key' if one['type'] == 'extra_forbidden' else one['msg']}"
