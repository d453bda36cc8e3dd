"""A destination: a receiver as people declare it, by name, kind and the settings of that kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Destination:
    """``settings`` hold no secret: those are named, as ``env:NAME`` or ``file:NAME``. ``fallback``:
    the receiver that is told when this one cannot be reached. ``team``: whose it is; None where it is of
    none. ``unreachable_ms``: wall time since when nothing was taken, once a notice had to be given up.
    """

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    team: str | None = None
    fallback: str = ""
    unreachable_ms: int | None = None
    trouble: str = ""
