"""From the members of a group to the incident that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.anomaly import Anomaly
from monitor.domain.incident import Incident, IncidentState, SeriesCounts, TransitionKind
from monitor.incidents.contributors import contributors
from monitor.incidents.grouping import in_order
from monitor.incidents.lifecycle import confirmed, life
from monitor.incidents.relations import Relations
from monitor.incidents.rules import Rules
from monitor.incidents.severity import weigh
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
    weighed = weigh(ordered, lived, len(series))
    return Incident(
        id=Incident.id_of(founder_id),
        founder_id=founder_id,
        state=lived.state,
        title=title(ordered, counts, lived.start_ms, lived.end_ms, unstable=lived.flaps > 0),
        start_ms=lived.start_ms,
        end_ms=lived.end_ms,
        score=max(m.score for m in ordered),
        severity=weighed.severity,
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
        opened=confirmed(ordered, rules),
        weight=weighed.weight,
        priority=weighed.priority,
        reasons=weighed.reasons,
        flaps=lived.flaps,
    )


def merged(incident: Incident, into: str) -> Incident:
    """What is left of an incident that became part of another: its name and its history."""
    return replace(_emptied(incident), state=IncidentState.MERGED, merged_into=into)


def retracted(incident: Incident) -> Incident:
    """What is left of an incident without members: nothing of it was true, or it was taken apart."""
    return replace(_emptied(incident), state=IncidentState.RETRACTED, merged_into=None)


def _emptied(incident: Incident) -> Incident:
    return replace(incident, due_ms=None, member_count=0, series_count=0, members=())


def transitions(before: Incident | None, after: Incident, moved: bool) -> tuple[TransitionKind, ...]:
    """What happened between two versions; nothing when only numbers within grew.

    ``moved``: members joined or left. A growing score counts as an update, a longer span does not unless it
    changes the priority. An incident first seen when it is over has been opened all the same, if it ever was
    more than pending. It is opened once: whatever takes it back to pending, it is never opened again.
    """
    found = [] if before is not None or after.opened else [TransitionKind.PENDING]
    if after.opened and not (before is not None and before.opened):
        found.append(TransitionKind.OPENED)
    found += _entered(before, after)
    if before is not None and not found and (moved or _told(before) != _told(after)):
        found.append(TransitionKind.UPDATED)
    return tuple(found)


def _entered(before: Incident | None, after: Incident) -> list[TransitionKind]:
    was = before.state if before is not None else IncidentState.PENDING
    if after.state.over:
        into = before.merged_into if before is not None else None
        same = was is after.state and into == after.merged_into
        return [] if same else [TransitionKind(after.state.value)]
    found = [TransitionKind.REOPENED] if was.over else []
    taken = after.acknowledged_by is not None
    if taken and (before is None or before.acknowledged_by is None):
        found.append(TransitionKind.ACKNOWLEDGED)
    if after.state is IncidentState.RECOVERING and not found and was is not after.state:
        found.append(TransitionKind.RECOVERING)
    return found


def _told(incident: Incident) -> tuple[object, ...]:
    """What is worth an update when it changes."""
    what = (incident.score, incident.kind, incident.direction, incident.priority)
    return (*what, incident.state, incident.acknowledged_by)
