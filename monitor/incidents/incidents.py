"""From the members of a group to the incident that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Incident, IncidentState, SeriesCounts, TransitionKind
from monitor.incidents.contributors import contributors
from monitor.incidents.grouping import in_order
from monitor.incidents.lifecycle import life, severity
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules
from monitor.incidents.suspects import suspects
from monitor.incidents.title import lead, nature, title


def compose(
    founder_id: str,
    members: Sequence[Anomaly],
    now_ms: int,
    counts: SeriesCounts,
    rules: Rules,
    relations: Relations | None = None,
    sequence: int = 0,
) -> Incident:
    """The incident that ``members`` make at event time ``now_ms``. O(n log n) in the members."""
    ordered = sorted(members, key=in_order)
    lived = life(ordered, now_ms, rules)
    kind, direction = nature(lead(ordered))
    series = {m.series for m in ordered}
    return Incident(
        id=Incident.id_of(founder_id),
        founder_id=founder_id,
        state=lived.state,
        title=title(ordered, counts, lived.start_ms, lived.end_ms),
        start_ms=lived.start_ms,
        end_ms=lived.end_ms,
        score=max(m.score for m in ordered),
        severity=severity(ordered, lived),
        kind=kind.value,
        direction=direction,
        member_count=len(ordered),
        series_count=len(series),
        suspects=suspects(ordered, relations),
        contributors=contributors(series, counts),
        due_ms=lived.due_ms,
        sequence=sequence,
        members=tuple(m.id for m in ordered),
        team=ordered[0].team,
    )


def merged(incident: Incident, into: str) -> Incident:
    """What is left of an incident that became part of another: its name and its history."""
    return replace(
        incident,
        state=IncidentState.MERGED,
        merged_into=into,
        due_ms=None,
        member_count=0,
        series_count=0,
        members=(),
    )


_ENTERED = {
    IncidentState.OPEN: TransitionKind.REOPENED,
    IncidentState.CLOSED: TransitionKind.CLOSED,
    IncidentState.EXPIRED: TransitionKind.EXPIRED,
    IncidentState.MERGED: TransitionKind.MERGED,
}


def transitions(before: Incident | None, after: Incident, moved: bool) -> tuple[TransitionKind, ...]:
    """What happened between two versions; nothing when only numbers within grew.

    ``moved``: members joined or left. A growing score counts as an update, a longer span does not.
    An incident first seen when it is over has been opened all the same.
    """
    if before is None:
        over = () if after.state is IncidentState.OPEN else (_ENTERED[after.state],)
        return (TransitionKind.OPENED, *over)
    if before.state is not after.state or before.merged_into != after.merged_into:
        return (_ENTERED[after.state],)
    told = (before.score, before.kind, before.direction)
    if moved or told != (after.score, after.kind, after.direction):
        return (TransitionKind.UPDATED,)
    return ()
