"""Runs and models of an MLflow, as they are declared."""

from __future__ import annotations

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from collectors.source_fields import REFERENCE, Duration, Name, Span, Strict, Text
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS


class MlflowSettings(Strict):
    """``uri``: of the tracking server or store, ``registry`` where models are elsewhere; an address with a
    password is named. ``experiments``: names; none: all. ``metrics``: patterns of names. ``prefix``: before
    each metric's name. ``run_tags``: tags or parameters of runs that become tags of series. ``models``:
    registered ones by name; none: all. ``verdicts``: what is found is written back as tags."""

    name: Name
    uri: Text
    registry: str = ""
    experiments: tuple[Text, ...] = Field(default=(), strict=False)
    metrics: tuple[Text, ...] = Field(default=("*",), min_length=1, strict=False)
    prefix: str = "mlflow."
    run_tags: tuple[Text, ...] = Field(default=(), max_length=20, strict=False)
    models: tuple[Text, ...] = Field(default=(), strict=False)
    every: Span = MINUTE_MS
    reread: Duration = HOUR_MS
    backfill: Duration = 30 * DAY_MS
    timeout: Span = 120_000
    runs_max: Annotated[int, Field(ge=1, le=100_000)] = 10_000
    verdicts: bool = False

    @model_validator(mode="after")
    def _no_password(self) -> Self:
        for uri in (self.uri, self.registry):
            if not REFERENCE.fullmatch(uri) and urlsplit(uri).password:
                raise ValueError("a password belongs into env:NAME or file:NAME")
        return self
