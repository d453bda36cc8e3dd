"""What is said of sources that are polled."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer
from monitor.domain.source import SourceState, SourceStatus

Name = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="up to 64 letters, digits, or any of . _ -"),
]


class Part(Answer):
    """Of a source that reads several at once, such as targets."""

    name: str
    error: str = Field(description="why it did not answer; empty where it did")


class Source(Answer):
    """``state``: of the newest attempt to read it."""

    name: str
    kind: str
    state: SourceState
    every_ms: int
    success_ms: int | None = Field(description="when it last answered")
    error_ms: int | None = Field(description="when it last did not")
    error: str = Field(description="why it last did not; no secret is in it")
    read_until_ms: int | None = Field(description="up to here its data were taken in")
    newest_ms: int | None = Field(description="time of its newest sample, or of its first reading if later")
    samples: int = Field(description="taken in since the server started")
    refused: int = Field(default=0, description="that could not be kept, since the server started")
    parts: list[Part] = Field(default=[], description="what it reads at once, as of the newest reading")


class Sources(Answer):
    """``trouble``: why the file that declares them does not hold as it is; empty where it does."""

    items: list[Source]
    next: str | None = None
    trouble: str = ""


class Said(BaseModel):
    """``settings``: the keys of the kind, as they are written in the file of sources. A secret is named, as
    ``env:WATCHKEEPER_SECRET_…`` or ``file:NAME``, and never given."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(min_length=1, max_length=32)]
    settings: Annotated[dict[str, Any], Field(max_length=50)] = {}


class New(Said):
    name: Name


class Preview(New):
    rows: Annotated[int, Field(ge=1, le=100)] = 10


class Declared(Answer):
    name: str
    kind: str
    settings: dict[str, Any]


class Row(Answer):
    series: str
    ts_ms: int
    value: float
    n: float | None


class Previewed(Answer):
    """``error``: why the source did not answer; empty where it did."""

    error: str
    samples: int
    series: int
    refused: dict[str, int] = Field(description="how many samples were refused, by reason")
    rows: list[Row]


def source(status: SourceStatus) -> Source:
    return Source(**asdict(status))
