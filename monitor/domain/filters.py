"""What a list of anomalies or incidents may be narrowed to; what is left out, or None, narrows nothing."""

from __future__ import annotations

from typing import TypedDict


class AnomalyFilter(TypedDict, total=False):
    """``series``: an id; ``state``: open or closed; ``since_ms``, ``until_ms``: those whose span touches
    [since, until); ``team``: a name, empty for what belongs to no team."""

    series: str | None
    metric: str | None
    since_ms: int | None
    until_ms: int | None
    state: str | None
    team: str | None


class IncidentFilter(TypedDict, total=False):
    """``state``: one of the states, where open means all that are not over; without it, all but those merged
    into others. ``since_ms``: open then, or ended later; ``priority``: this or more urgent; ``kind``: of its
    worst member; ``q``: in the title or the name of a member series, in any case; ``tag``: a name and the
    value that a member series has; ``team`` as above."""

    state: str | None
    since_ms: int | None
    priority: str | None
    kind: str | None
    q: str | None
    tag: tuple[str, str] | None
    team: str | None


class LabelFilter(TypedDict, total=False):
    """``label``: what it says; ``target``: the id of an incident, an anomaly or a series; ``since_ms``: said
    then or later, by the wall clock; ``team`` as above."""

    label: str | None
    user: str | None
    series: str | None
    target: str | None
    since_ms: int | None
    team: str | None
