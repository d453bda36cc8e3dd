"""Targets that are scraped, as they are declared."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from collectors.relabel import Rule
from collectors.source_fields import Name, Span, Spoken, Text
from collectors.targets import TARGETS_MAX, split_host
from monitor.domain.durations import MINUTE_MS


class ScrapeSettings(Spoken):
    """``targets``: ``host:port``, asked at ``scheme`` and ``path``; ``dns``: likewise, and every address the
    name resolves to is a target of its own. ``name`` is the tag ``job``."""

    name: Name
    targets: tuple[Text, ...] = Field(default=(), strict=False)
    dns: tuple[Text, ...] = Field(default=(), strict=False)
    scheme: Literal["http", "https"] = "http"
    path: Annotated[str, Field(pattern=r"^/[^\s#]*$")] = "/metrics"
    every: Span = MINUTE_MS
    timeout: Span = 10_000
    samples_max: Annotated[int, Field(gt=0, le=1_000_000)] = 50_000
    tags: dict[Text, Text] = Field(default_factory=dict)
    relabel: tuple[Rule, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.targets and not self.dns:
            raise ValueError("targets or dns: at least one")
        if len(self.targets) + len(self.dns) > TARGETS_MAX:
            raise ValueError(f"at most {TARGETS_MAX} targets")
        for text in (*self.targets, *self.dns):
            split_host(text)
        if self.timeout > self.every:
            raise ValueError("timeout: at most every")
        return self
