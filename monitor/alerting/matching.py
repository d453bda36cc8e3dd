"""Which routes an incident takes: the first that fits, and the next ones while those say so."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.alerting.urgency import rank
from monitor.domain.alert import Standing
from monitor.domain.route import PRIORITIES, Route


def taken(routes: Sequence[Route], standing: Standing, at_ms: int) -> list[Route]:
    """Of routes in their order, those that an incident takes at a time. O(routes × series × tags)."""
    found = []
    for route in routes:
        if fits(route, standing, at_ms):
            found.append(route)
            if not route.goes_on:
                break
    return found


def fits(route: Route, standing: Standing, at_ms: int) -> bool:
    incident = standing.incident
    if route.team is not None and route.team != incident.team:
        return False
    if incident.severity < route.severity or incident.score < route.score:
        return False
    if route.priority and rank(incident) < PRIORITIES.index(route.priority):
        return False
    if not (standing.recent or route.backfill) or not route.awake(at_ms):
        return False
    if not route.metrics and not route.tags:
        return True
    return any(route.selects(series) for series in standing.series)
