"""Absorbed drift as it is told: the level has moved away from its reference, and the band went along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Absorbed:
    """``onset``: the bucket with which the reference was complete; ``last``: the last final one. ``value``:
    the level now, ``expected``: that of the reference, ``lower`` and ``upper``: how far it may move from
    there by itself. ``surprise``: `score.L_OPEN` where the level lies just beyond.
    """

    onset: int
    last: int
    direction: int
    value: float
    expected: float
    lower: float
    upper: float
    surprise: float

    def to_body(self) -> dict[str, Any]:
        """Plain values, for the log; `from_body` is its exact inverse."""
        return asdict(self)

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Absorbed:
        return Absorbed(**body)
