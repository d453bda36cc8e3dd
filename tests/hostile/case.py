"""One hostile request of RELIABILITY.md section 4, and the answer it must get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """``kept``: samples that reach the log; ``reasons``: what the answer counts or names; ``query`` with its
    question mark. ``headers`` are all that is sent beside the Host. ``status`` is 0 where nobody is
    answered, as in StatsD."""

    name: str
    body: bytes
    status: int
    kept: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Page:
    """What a source that is asked may answer, and what comes of it: samples and reasons, or if it ``fails``
    nothing, and these words."""

    name: str
    body: bytes
    kept: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    fails: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    def __str__(self) -> str:
        return self.name
