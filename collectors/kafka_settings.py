"""Topics of a Kafka that are read on, as they are declared."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collectors.source_fields import Name, Secret, Span, Strict, Text
from monitor.domain.durations import MINUTE_MS


class KafkaSettings(Strict):
    """``brokers``: ``host:port`` each, of which one has to answer; ``login``: ``user:password``, by
    ``mechanism``; ``begin``: where a group begins that has no offsets yet; ``session``: the brokers give a
    reader's partitions to others after so long without a sign of it; ``precision``: of timestamps in Influx
    lines."""

    name: Name
    brokers: tuple[Text, ...] = Field(min_length=1, strict=False)
    topics: tuple[Text, ...] = Field(min_length=1, strict=False)
    group: Name = "watchkeeper"
    format: Literal["json", "ndjson", "influx"] = "ndjson"
    precision: Literal["ns", "us", "ms", "s"] = "ns"
    begin: Literal["earliest", "latest"] = "earliest"
    every: Annotated[Span, Field(le=MINUTE_MS)] = 5_000
    timeout: Span = 30_000
    session: Annotated[Span, Field(ge=6_000, le=300_000)] = 20_000
    tls: bool = False
    login: Secret | None = None
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(topic.startswith("^") for topic in self.topics):
            raise ValueError("topics: names, no patterns")
        return self
