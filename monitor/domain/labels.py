"""Labels: what a person says of an anomaly, of an incident, or of any span of a series. Ground truth.

Labels are records of the log. They carry the shapes of what they are said of (`monitor.domain.shape`), by
which shards act on them from there on (`monitor.shard.labelled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from monitor.domain.shape import Shape
from monitor.domain.traits import Traits


class Said(StrEnum):
    """What a label says. The first four are verdicts; the last two are about how an incident was told."""

    TRUE = "true"
    FALSE_ALARM = "false alarm"
    EXPECTED = "expected"
    NEW_NORMAL = "new normal"
    WRONG_GROUP = "wrong group"
    WRONG_SEVERITY = "wrong severity"

    @property
    def facet(self) -> str:
        """Labels of one facet exclude each other."""
        return self.value if self in (Said.WRONG_GROUP, Said.WRONG_SEVERITY) else "verdict"


class TargetKind(StrEnum):
    ANOMALY = "anomaly"
    INCIDENT = "incident"
    SPAN = "span"


@dataclass(frozen=True, slots=True)
class Target:
    """``id``: of an anomaly, an incident, or of the series that has the span. ``anomaly_id``: the anomaly, or
    the incident's founder, by which it is found whatever the incident is called later. The span is that of
    what is labelled, [from, to) in event time; open at its end while what is labelled goes on."""

    kind: TargetKind
    id: str
    from_ms: int
    to_ms: int | None
    anomaly_id: str = ""
    series_id: str = ""
    team: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What labels of the same thing have in common."""
        if self.kind is TargetKind.SPAN:
            return (self.kind.value, self.series_id, str(self.from_ms), str(self.to_ms))
        return (self.kind.value, self.anomaly_id)


@dataclass(frozen=True, slots=True)
class Label:
    """``at_ms`` by the wall clock; ``position`` in the log of shard 0 decides which is the newest.
    ``traits``: of the incident that is meant, or that the anomaly is part of, as it was then."""

    id: str
    said: Said
    target: Target
    user: str
    note: str
    at_ms: int
    position: int = 0
    undone_by: str | None = None
    undone_ms: int | None = None
    shapes: tuple[Shape, ...] = ()
    traits: Traits | None = None

    def undo(self, user: str, at_ms: int) -> Label:
        return replace(self, undone_by=user, undone_ms=at_ms)

    def to_body(self) -> dict[str, Any]:
        target = self.target
        return {
            "id": self.id,
            "label": self.said.value,
            "kind": target.kind.value,
            "target": target.id,
            "anomaly": target.anomaly_id,
            "series": target.series_id,
            "from_ms": target.from_ms,
            "to_ms": target.to_ms,
            "team": target.team,
            "user": self.user,
            "note": self.note,
            "at_ms": self.at_ms,
            "shapes": [shape.to_body() for shape in self.shapes],
            **({} if self.traits is None else {"traits": self.traits.to_body()}),
        }

    @staticmethod
    def from_body(body: Mapping[str, Any], position: int = 0) -> Label:
        """
        >>> one = Label("0a", Said.EXPECTED, Target(TargetKind.SPAN, "0b", 5, 9), "user:ann", "sale", 7)
        >>> Label.from_body(one.to_body()) == one
        True
        """
        target = Target(
            kind=TargetKind(body["kind"]),
            id=body["target"],
            from_ms=body["from_ms"],
            to_ms=body["to_ms"],
            anomaly_id=body["anomaly"],
            series_id=body["series"],
            team=body["team"],
        )
        said = Said(body["label"])
        shapes = tuple(Shape.from_body(one) for one in body.get("shapes", ()))
        own = (body["id"], said, target, body["user"], body["note"], body["at_ms"], position)
        traits = Traits.from_body(body["traits"]) if body.get("traits") else None
        return Label(*own, shapes=shapes, traits=traits)


@dataclass(frozen=True, slots=True)
class Judged:
    """A label beside the others of the same thing: ``rules`` if it is the newest of its facet that holds,
    ``conflict`` if somebody's newest says something else."""

    label: Label
    rules: bool
    conflict: bool


def judged(labels: Iterable[Label]) -> list[Judged]:
    """Every label as it stands, the newest first. All labels of their targets must be among these.

    >>> span = Target(TargetKind.SPAN, "0b", 5, 9, series_id="0b")
    >>> one = Label("1", Said.TRUE, span, "user:ann", "", 7, position=1)
    >>> two = Label("2", Said.EXPECTED, span, "user:bob", "", 8, position=2)
    >>> [(j.label.id, j.rules, j.conflict) for j in judged([one, two])]
    [('2', True, True), ('1', False, True)]
    >>> [(j.label.id, j.rules, j.conflict) for j in judged([one, two.undo("user:bob", 9)])]
    [('2', False, False), ('1', True, False)]
    """
    ordered = sorted(labels, key=lambda one: (one.position, one.id), reverse=True)
    ruling: dict[tuple[str, ...], str] = {}
    newest: dict[tuple[str, ...], dict[str, Said]] = {}
    for one in ordered:
        if one.undone_by is None:
            of = (*one.target.key, one.said.facet)
            ruling.setdefault(of, one.id)
            newest.setdefault(of, {}).setdefault(one.user, one.said)
    found = []
    for one in ordered:
        of = (*one.target.key, one.said.facet)
        holds = one.undone_by is None
        others = set(newest.get(of, {}).values())
        found.append(Judged(one, holds and ruling[of] == one.id, holds and len(others) > 1))
    return found
