"""What is said of sources that are polled."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from api.schemas import Answer
from monitor.domain.source import SourceState, SourceStatus


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
    samples: int = Field(description="taken in since the server started")
    parts: list[Part] = Field(default=[], description="what it reads at once, as of the newest reading")


def source(status: SourceStatus) -> Source:
    return Source(**asdict(status))
