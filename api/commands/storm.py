"""What the demo must find: the winter storm of 8–9 February 2013, once, and few other incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.domain.durations import DAY_MS

CANCELLED = "flights.cancelled_share"
AIRPORTS = frozenset({"EWR", "JFK", "LGA"})
INCIDENTS_MAX = 60
LONGEST_MS = 4 * DAY_MS

_NEW_YORK = ZoneInfo("America/New_York")


def _local_ms(month: int, day: int) -> int:
    return int(datetime(2013, month, day, tzinfo=_NEW_YORK).timestamp() * 1000)


STORM_MS = (_local_ms(2, 8), _local_ms(2, 10))
"""The days of the storm, and (exclusive) the end of them."""
AROUND_MS = (_local_ms(2, 7), _local_ms(2, 12))
"""7 to 11 February: its incident begins and ends within."""

Incident = dict[str, Any]


def shortcomings(incidents: Sequence[Incident], until_ms: int) -> list[str]:
    """Why the year was not told as it must be; empty if it was.

    ``incidents`` with their members, as ``GET /api/v1/incidents/{id}`` gives them; one still open
    counts as lasting to ``until_ms``.
    """
    faults = []
    if len(incidents) > INCIDENTS_MAX:
        faults.append(f"{len(incidents)} incidents in the year, at most {INCIDENTS_MAX} are allowed")
    faults += [
        f"{incident['id']} lasts {_length_ms(incident, until_ms) / DAY_MS:.1f} days, at most 4 are allowed"
        for incident in incidents
        if _length_ms(incident, until_ms) > LONGEST_MS
    ]
    near = [incident for incident in incidents if _on_storm_days(incident, until_ms)]
    if not any(is_storm(incident, until_ms) for incident in near):
        seen = "; ".join(f"{i['id']} with {_airports(i)}, {i['start']} to {i['end']}" for i in near) or "none"
        faults.append(
            "no incident within 7-11 February that has the cancelled share of EWR, JFK and LGA; "
            f"incidents on 8-9 February: {seen}"
        )
    return faults


def is_storm(incident: Incident, until_ms: int) -> bool:
    """Whether this is the storm: on its days, within 7-11 February, with all three airports."""
    inside = AROUND_MS[0] <= incident["start_ms"] and _end_ms(incident, until_ms) <= AROUND_MS[1]
    return _on_storm_days(incident, until_ms) and inside and set(_airports(incident)) >= AIRPORTS


def _airports(incident: Incident) -> list[str]:
    members = [m for m in incident["members"] if m["metric"] == CANCELLED and m["direction"] > 0]
    return sorted({m["tags"]["origin"] for m in members if "origin" in m["tags"]})


def _on_storm_days(incident: Incident, until_ms: int) -> bool:
    return bool(incident["start_ms"] < STORM_MS[1] and _end_ms(incident, until_ms) > STORM_MS[0])


def _end_ms(incident: Incident, until_ms: int) -> int:
    return int(until_ms if incident["end_ms"] is None else incident["end_ms"])


def _length_ms(incident: Incident, until_ms: int) -> int:
    return _end_ms(incident, until_ms) - int(incident["start_ms"])
