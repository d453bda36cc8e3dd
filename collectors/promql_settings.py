"""PromQL expressions that are read over time, as they are declared."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from collectors.source_fields import Address, Duration, Name, Span, Spoken, Strict, Text, whole_buckets


class Query(Strict):
    """``metric``: what its series are called; empty: their own names."""

    expr: Text
    metric: str = ""


class PromqlSettings(Spoken):
    """``url``: of the server, up to before ``/api/v1``; ``bucket``: between two values, the step."""

    name: Name
    url: Address
    query: tuple[Query, ...] = Field(min_length=1, max_length=100, strict=False)
    bucket: Span
    every: Span | None = None
    delay: Duration = 30_000
    reread: Duration = 0
    backfill: Duration = 0
    chunk_buckets: Annotated[int, Field(gt=0, le=10_000)] = 500
    timeout: Span = 30_000
    series_max: Annotated[int, Field(gt=0, le=100_000)] = 10_000
    tags: dict[Text, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        whole_buckets(self.bucket, reread=self.reread, backfill=self.backfill)
        return self
