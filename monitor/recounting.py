"""Anomalies and incidents as the outside reads them, and incidents as they change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Unpack

from monitor.changes import Watchers
from monitor.domain.anomaly import Anomaly
from monitor.domain.errors import NotFound
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import Incident, IncidentChange, IncidentTransition, PlacedAnomaly
from monitor.domain.meta import PREFIX
from monitor.domain.paging import Page
from monitor.domain.series import Identity
from monitor.story import Story


class Recounting:
    """Thread-safe. Lists come as `Page`, ordered by their key."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self._watchers = Watchers()

    def anomalies(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[AnomalyFilter]
    ) -> Page[PlacedAnomaly]:
        return self._story.anomalies(after=after, limit=limit, **asked)

    def anomalies_before(self, series_id: str, until_ms: int) -> Sequence[PlacedAnomaly]:
        """The newest three of a series that began before a time."""
        return self.anomalies(limit=3, series=series_id, until_ms=until_ms).items

    def anomalies_touching(self, series_id: str, from_ms: int, to_ms: int) -> Sequence[PlacedAnomaly]:
        """Up to a hundred of a series that a span touches."""
        return self.anomalies(limit=100, series=series_id, since_ms=from_ms, until_ms=to_ms).items

    def anomalies_since(self, since_ms: int) -> Sequence[Anomaly]:
        """Up to a thousand that had not ended by then."""
        return [one.anomaly for one in self.anomalies(limit=1_000, since_ms=since_ms).items]

    def incidents(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[IncidentFilter]
    ) -> Page[Incident]:
        return self._story.incidents(after=after, limit=limit, **asked)

    def incident(self, incident_id: str, team: str | None = None) -> tuple[Incident, Sequence[PlacedAnomaly]]:
        """An incident, with its member anomalies by onset. Raises NotFound, also for another team's."""
        incident = self._story.incident(incident_id)
        if incident is None or team not in (None, incident.team):
            raise NotFound(f"no incident {incident_id[:64]}")
        return incident, self._story.members(incident_id)

    def incidents_open(self, team: str | None = None) -> int:
        return self._story.incidents_open(team)

    def meta_incidents(self) -> list[Incident]:
        """Those of Watchkeeper's own series that are not over."""
        found = self.incidents(limit=1_000, state="open", q=PREFIX).items
        return [one for one in found if one.of_itself]

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        """The steps of an incident's life, the first one first; empty where there is none of that name."""
        return self._story.transitions(incident_id)

    def series_of(self, incident: Incident) -> list[Identity]:
        return [placed.anomaly.series for placed in self._story.members(incident.id)]

    def changes(self) -> AsyncIterator[IncidentChange]:
        """Incidents as they change, from now on, until the server stops. A reader too slow to keep up
        is let go."""
        return self._watchers.follow()

    def tell(self, change: IncidentChange) -> None:
        """To every reader of `changes`."""
        self._watchers.tell(change)

    @property
    def watchers(self) -> int:
        """How many read `changes` now."""
        return len(self._watchers)

    def end_changes(self) -> None:
        """Let go of every reader of `changes`, so that a server can stop."""
        self._watchers.end()
