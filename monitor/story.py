"""The story that anomalies tell: what a `monitor.service.Monitor` asks of whoever keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, Unpack

from monitor import muting
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import Incident, IncidentChange, IncidentTransition, PlacedAnomaly
from monitor.domain.paging import Page
from monitor.engine.base import Events
from monitor.relating import Kept
from monitor.responding import Feedback


class Story(Protocol):
    """What is remembered of anomalies and incidents, and how events become them. Thread-safe.

    Lists hold up to ``limit`` things after the cursor ``after`` (empty: from the first).
    """

    def positions(self) -> Mapping[int, int]:
        """Per shard, the newest position whose events are kept."""

    def receive(self, events: Events) -> Sequence[IncidentChange]:
        """Keep the events (a second time changes nothing); what became of incidents by them."""

    def anomalies(self, *, after: str, limit: int, **asked: Unpack[AnomalyFilter]) -> Page[PlacedAnomaly]:
        """Newest onset first."""

    def incidents(self, *, after: str, limit: int, **asked: Unpack[IncidentFilter]) -> Page[Incident]:
        """Newest start first."""

    def incident(self, incident_id: str) -> Incident | None: ...

    def members(self, incident_id: str) -> Sequence[PlacedAnomaly]:
        """By (onset, id)."""

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        """The steps of its life, the first one first."""

    def incidents_open(self, team: str | None = None) -> int: ...

    def forget_series(self, series_id: str) -> Sequence[IncidentChange]:
        """Drop what is known of a deleted series' anomalies; what became of incidents by that."""

    @property
    def topology(self) -> Kept: ...

    @property
    def feedback(self) -> Feedback: ...

    @property
    def mutes(self) -> muting.Kept: ...

    def close(self) -> None: ...
