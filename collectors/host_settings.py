"""The machine that the server runs on, as a source."""

from __future__ import annotations

from pydantic import Field

from collectors.source_fields import Name, Span, Strict, Text
from monitor.domain.durations import MINUTE_MS


class HostSettings(Strict):
    """``host`` is a tag, the machine's own name unless ``tags`` has it; ``proc``: where its kernel tells
    of it, for a container that sees the machine's elsewhere."""

    name: Name
    every: Span = MINUTE_MS
    timeout: Span = 10_000
    tags: dict[Text, Text] = Field(default_factory=dict)
    proc: Text = "/proc"
