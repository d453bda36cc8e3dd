"""How bad an incident is, in steps that are worth telling of."""

from __future__ import annotations

import math

from monitor.domain.alert import Standing, Told
from monitor.domain.incident import Incident
from monitor.domain.route import PRIORITIES


def level(incident: Incident) -> int:
    """The steps of severity: one more each time it doubles, from 1 on.

    >>> from math import log2
    >>> [int(log2(s)) for s in (1, 90, 180, 360)]
    [0, 6, 7, 8]
    """
    return int(math.log2(max(incident.severity, 1.0)))


def quiet(incident: Incident) -> bool:
    """Is it too little yet to interrupt anybody? The incident's own life says so."""
    return incident.state.value == "pending"


def rank(incident: Incident) -> int:
    """The more urgent, the higher."""
    return PRIORITIES.index(incident.priority.value)


def risen(standing: Standing, told: Told) -> tuple[str, ...]:
    """What has become worse since a receiver was told, in words; empty if nothing has. Only ever upward."""
    incident, news = standing.incident, []
    if rank(incident) > told.rank >= 0:
        news.append(f"priority is {incident.priority} now")
    if level(incident) > told.level:
        news.append(f"severity has risen to {incident.severity:.0f}")
    fresh = [kind for kind in standing.kinds if kind not in told.kinds]
    if fresh:
        news.append(f"new kind: {', '.join(fresh)}")
    return tuple(news)
