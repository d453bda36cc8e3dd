"""Changes that people and machines tell of: a deployment, a new configuration, a holiday."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """Something was changed at ``at_ms``. ``tags`` say where, in the words of series' tags."""

    at_ms: int
    kind: str
    title: str
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The same for the same change told twice."""
        text = json.dumps([self.at_ms, self.kind, self.title, self.tags])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    def to_body(self) -> dict[str, Any]:
        return {"at_ms": self.at_ms, "kind": self.kind, "title": self.title, "tags": dict(self.tags)}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> ChangeEvent:
        return ChangeEvent(body["at_ms"], body["kind"], body["title"], tuple(sorted(body["tags"].items())))
