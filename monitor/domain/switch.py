"""What a series lived by and lives by now, and why that changed: the entries of its journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Cause(StrEnum):
    """Who changed a series' models; ``rolled back``: a pass undid the switch of the one before."""

    LEARNED = "learning pass"
    UNDO = "undo"
    CONTEST = "contest opened again"
    FROZEN = "frozen"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Lives:
    """Families of the models by name, the tail's too; class; seasons in buckets."""

    champion: str
    challenger: str
    threshold: str
    metric_class: str
    periods: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Switch:
    """One change of what a series (its ``row``) lives by.

    In force from the bucket ``at_ms`` on, after ``buckets`` final ones. ``before`` None: there was no model.
    ``reasons``: of class and seasons, and how the contest ended; ``losses``: candidate -> loss in nats a
    value, of the best few, with what they pay. ``former``: plain values and bytes from which a shard restores
    exactly what was replaced.
    """

    row: int
    at_ms: int
    buckets: int
    cause: Cause
    before: Lives | None
    after: Lives
    reasons: tuple[str, ...] = ()
    losses: Mapping[str, float] = field(default_factory=dict)
    former: Mapping[str, Any] | None = None
