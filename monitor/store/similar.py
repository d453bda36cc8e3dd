"""Which earlier incidents had the same series in them."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, func, select

from monitor.domain.incident import Incident, IncidentState, SimilarIncident
from monitor.domain.labels import judged
from monitor.store.labels import holding_of
from monitor.store.tables import ANOMALIES, INCIDENT_MEMBERS, INCIDENTS

LIKENESS_MIN = 0.25
MOST = 5
_SERIES_MAX = 500
"""Series that are looked for; of a larger incident any so many, by id."""


def similar(connection: Connection, incident: Incident) -> list[SimilarIncident]:
    """Incidents of its team that began before this one, by the series both have over the series either has
    (Jaccard), the most alike first. Some milliseconds a hundred series."""
    members = INCIDENT_MEMBERS.join(ANOMALIES, ANOMALIES.c.id == INCIDENT_MEMBERS.c.anomaly_id)
    mine = select(ANOMALIES.c.series_id).select_from(members)
    mine = mine.where(INCIDENT_MEMBERS.c.incident_id == incident.id).distinct()
    series = sorted(connection.execute(mine).scalars())[:_SERIES_MAX]
    shared = func.count(ANOMALIES.c.series_id.distinct()).label("shared")
    both = members.join(INCIDENTS, INCIDENTS.c.id == INCIDENT_MEMBERS.c.incident_id)
    names = (INCIDENTS.c.id, INCIDENTS.c.title, INCIDENTS.c.start_ms, INCIDENTS.c.series_count)
    wanted = (
        select(*names, shared)
        .select_from(both)
        .where(
            ANOMALIES.c.series_id.in_(series),
            INCIDENTS.c.start_ms < incident.start_ms,
            INCIDENTS.c.team == incident.team,
            INCIDENTS.c.state != IncidentState.MERGED.value,
        )
        .group_by(*names)
    )
    found = []
    for row in connection.execute(wanted):
        likeness = row.shared / max(len(series) + row.series_count - row.shared, 1)
        if likeness >= LIKENESS_MIN:
            found.append(SimilarIncident(row.id, row.title, row.start_ms, row.shared, min(likeness, 1.0)))
    nearest = sorted(found, key=lambda one: (-one.likeness, -one.start_ms, one.id))[:MOST]
    return [replace(one, labels=_said(connection, one.id)) for one in nearest]


def _said(connection: Connection, incident_id: str) -> tuple[str, ...]:
    members = select(INCIDENT_MEMBERS.c.anomaly_id).where(INCIDENT_MEMBERS.c.incident_id == incident_id)
    ruling = (one.label.said.value for one in judged(holding_of(connection, members)) if one.rules)
    return tuple(dict.fromkeys(ruling))
