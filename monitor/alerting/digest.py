"""Digests: what happened in a day or a week, in one notice."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.alert import Dispatch, Standing
from monitor.domain.durations import MINUTE_MS
from monitor.domain.notice import NoticeKind
from monitor.domain.route import Digest, Route


def turns(route: Route, at_ms: int) -> bool:
    """Does a day, or a week (on Monday), of the route's zone begin with this minute?

    >>> monday = 4 * 86_400_000
    >>> daily, weekly = Route("a", digest=Digest.DAY), Route("a", digest=Digest.WEEK)
    >>> turns(daily, monday), turns(weekly, monday), turns(weekly, 5 * 86_400_000), turns(Route("a"), monday)
    (True, True, False, False)
    """
    if route.digest is Digest.NEVER:
        return False
    local, before = route.local(at_ms), route.local(at_ms - MINUTE_MS)
    return local.date() != before.date() and (route.digest is Digest.DAY or local.weekday() == 0)


def digest(route: Route, standings: Sequence[Standing], at_ms: int) -> list[Dispatch]:
    """One notice for each of the route's receivers, the worst incident first."""
    ordered = sorted(standings, key=lambda one: (-one.incident.severity, one.incident.id))
    incidents = tuple(one.incident for one in ordered)
    title = f"{len(incidents)} incident{'s' * (len(incidents) > 1)} of the {route.digest.value}"
    key = f"digest-{route.name}-{at_ms}"
    return [
        Dispatch(receiver, route.name, key, NoticeKind.DIGEST, at_ms, at_ms, at_ms, incidents, title=title)
        for receiver in route.receivers
    ]
