"""What people do to incidents: take them, talk about them, put them together and take them apart.

An act is a record of the log. It names anomalies, never "whatever was in the incident", so what it means
depends on nothing but itself and the anomalies, in whatever order those are heard of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Verb(StrEnum):
    """``merge``: the others' incidents belong to this one. ``split``: the others go off on their own.
    ``move``: the others belong to this one, and what they were with stays behind."""

    ACKNOWLEDGE = "acknowledge"
    COMMENT = "comment"
    MERGE = "merge"
    SPLIT = "split"
    MOVE = "move"

    @property
    def arranges(self) -> bool:
        """Does it change which anomalies are one incident?"""
        return self in (Verb.MERGE, Verb.SPLIT, Verb.MOVE)


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anomaly by its id, and when it counts as begun (`Anomaly.begin_ms`)."""

    anomaly_id: str
    begin_ms: int


@dataclass(frozen=True, slots=True)
class Tie:
    """What an act teaches: the series of the one side and of the other belong together, or are ``apart``, for
    what begins from ``since_ms`` on. Each side: ids of series with their names."""

    one: tuple[tuple[str, str], ...]
    other: tuple[tuple[str, str], ...]
    since_ms: int
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """``incident_id`` as it was named then; ``anchor``: the anomaly that founded it, which is what counts.
    ``others``: what is merged (founders of the others), split off or moved. ``at_ms`` by the wall clock, for
    people to read; ``position`` in the log of shard 0 decides which of two acts is the later one.
    """

    id: str
    verb: Verb
    incident_id: str
    anchor: Anchor
    user: str
    at_ms: int
    comment: str = ""
    others: tuple[Anchor, ...] = ()
    ties: tuple[Tie, ...] = ()
    team: str = ""
    position: int = 0
    undone_by: str | None = None
    undone_ms: int | None = None

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        return (self.anchor, *self.others)

    def undo(self, user: str, at_ms: int) -> Act:
        return replace(self, undone_by=user, undone_ms=at_ms)

    def to_body(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "verb": self.verb.value,
            "incident": self.incident_id,
            "anchors": [[a.anomaly_id, a.begin_ms] for a in self.anchors],
            "ties": [[_plain(t.one), _plain(t.other), t.since_ms, t.apart] for t in self.ties],
            "team": self.team,
            "user": self.user,
            "at_ms": self.at_ms,
            "comment": self.comment,
        }

    @staticmethod
    def from_body(body: Mapping[str, Any], position: int = 0) -> Act:
        """
        >>> act = Act("0a", Verb.COMMENT, "inc-1", Anchor("1", 5), "user:ann", 7, "on it")
        >>> Act.from_body(act.to_body()) == act
        True
        """
        first, *others = (Anchor(name, begin_ms) for name, begin_ms in body["anchors"])
        return Act(
            id=body["id"],
            verb=Verb(body["verb"]),
            incident_id=body["incident"],
            anchor=first,
            user=body["user"],
            at_ms=body["at_ms"],
            comment=body["comment"],
            others=tuple(others),
            ties=tuple(Tie(_named(one), _named(other), *rest) for one, other, *rest in body["ties"]),
            team=body["team"],
            position=position,
        )


@dataclass(frozen=True, slots=True)
class Undo:
    """An act, or a label, is taken back; it stays on record."""

    undoes: str
    user: str
    at_ms: int

    def to_body(self) -> dict[str, Any]:
        return {"undoes": self.undoes, "user": self.user, "at_ms": self.at_ms}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Undo:
        return Undo(body["undoes"], body["user"], body["at_ms"])


def name_of(*content: object) -> str:
    """An id that follows from what is said: the same said again has the same.

    >>> name_of("merge", "a") == name_of("merge", "a"), len(name_of("merge", "b"))
    (True, 32)
    """
    return hashlib.blake2b(json.dumps(content).encode(), digest_size=16).hexdigest()


def _plain(side: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [list(one) for one in side]


def _named(side: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((id, name) for id, name in side)
