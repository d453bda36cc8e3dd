"""A SELECT, and what is to be computed of its rows, as they are declared."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from collectors.source_fields import REFERENCE, Duration, Name, Span, Strict, Text, whole_buckets

_COLUMNS = {
    "count": (),
    "rate": (),
    "sum": ("column",),
    "mean": ("column",),
    "distinct": ("column",),
    "percentile": ("column", "quantile"),
    "ratio": ("numerator", "denominator"),
}
"""What each computes from; ``rate`` may have a column, too."""


class Kpi(Strict):
    """One number of each bucket and each combination of tags. ``rate``: rows a second, or a column's sum a
    second; ``quantile``: between 0 and 1, of a percentile."""

    metric: Text
    compute: Literal["count", "sum", "mean", "rate", "ratio", "percentile", "distinct"]
    column: str = ""
    quantile: Annotated[float, Field(gt=0, lt=1)] | None = None
    numerator: str = ""
    denominator: str = ""

    @model_validator(mode="after")
    def _columns(self) -> Self:
        wanted = _COLUMNS[self.compute]
        for name in ("column", "quantile", "numerator", "denominator"):
            optional = (self.compute, name) == ("rate", "column")
            if bool(getattr(self, name)) != (name in wanted) and not optional:
                raise ValueError(f"{self.compute} {'needs' if name in wanted else 'takes no'} {name}")
        return self


class DatabaseSettings(Strict):
    """What is read of a database in buckets: where it is, which column says the time, and the caps."""

    name: Name
    url: Text
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

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not REFERENCE.fullmatch(self.url):
            try:
                url = make_url(self.url)
            except ArgumentError:
                raise ValueError("url: no SQLAlchemy URL, and no env:NAME or file:NAME") from None
            if url.password or any("password" in key.lower() for key in url.query):
                raise ValueError("url: a password belongs into env:NAME or file:NAME")
        whole_buckets(self.bucket, reread=self.reread, backfill=self.backfill)
        return self


class SqlSettings(DatabaseSettings):
    """A SELECT, and what is computed of its rows."""

    query: Text
    kpi: tuple[Kpi, ...] = Field(min_length=1, strict=False)
