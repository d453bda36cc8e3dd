"""Anomalies and incidents as the service asks for them: the incident engine writes, queries read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, Unpack

from monitor.correlation.learned import learn
from monitor.domain.acts import Act, Undo
from monitor.domain.event import ChangeEvent
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import (
    Incident,
    IncidentChange,
    IncidentTransition,
    PlacedAnomaly,
    SeriesCounts,
)
from monitor.domain.labels import Label
from monitor.domain.lineage import Lineage, Link
from monitor.domain.paging import Page
from monitor.domain.records import Kind
from monitor.domain.topology import Edge
from monitor.domain.windows import Windows
from monitor.engine.base import Events, Told
from monitor.engine.team_counts import of_team
from monitor.incidents.engine import IncidentEngine
from monitor.store.database import Database
from monitor.store.feedback import FeedbackStore
from monitor.store.mutes import MuteStore
from monitor.store.projections import Announce, SqlLedger
from monitor.store.queries import Queries
from monitor.store.topology import TopologyStore


class Story:
    """One incident engine over the events of all shards, and one database behind it. Thread-safe.
    ``announce`` writes what is told of each step, in the transaction that keeps it."""

    def __init__(self, database: Database, announce: Announce | None = None) -> None:
        self._database = database
        self._queries = Queries(database)
        self.topology = TopologyStore(database)
        self.feedback = FeedbackStore(database)
        self.mutes = MuteStore(database)
        self._counts: dict[int, Mapping[str, int]] = {}
        self._lock = Lock()
        self._incidents = IncidentEngine(
            SqlLedger(database, announce),
            counts=self._series_counts,
            learn=learn,
            lineage=self.topology.lineage(),
            on_graph=self._keep_graph,
            windows=self._windows(),
        )

    @property
    def lineage(self) -> Lineage:
        """As it is declared now."""
        return self._incidents.lineage

    def positions(self) -> dict[int, int]:
        """Per shard, the newest position whose events are kept."""
        return self._incidents.positions()

    def receive(self, events: Events) -> Sequence[IncidentChange]:
        """Keep the events (a second time changes nothing); what changed by them."""
        with self._lock:
            if events.counts:
                self._counts[events.shard] = events.counts
        changes: list[IncidentChange] = []
        for told in self._unheard(events):
            if told.kind == Kind.CHANGE:
                self.topology.tell(ChangeEvent.from_body(told.body))
            elif told.kind == Kind.MUTE:
                self.mutes.tell_mute(told.body)
                changes += self._muted(told.body)
            elif told.kind == Kind.CALENDAR:
                self.mutes.tell_calendar(told.body)
            elif told.kind == Kind.LINEAGE:
                links = [Link(*link) for link in told.body["links"]]
                # Grouped anew before it is kept: dying between, the record is told of again.
                changes += self._incidents.relate(Lineage(links))
                self.topology.declare(links)
            elif told.kind == Kind.ACT:
                changes += self._incidents.act(_act_of(told))
            elif told.kind == Kind.LABEL:
                self.feedback.tell(_label_of(told))
        return [*changes, *self._incidents.absorb(events)]

    def _unheard(self, events: Events) -> list[Told]:
        if not events.told:
            return []
        heard = self._incidents.positions().get(events.shard, 0)
        return [told for told in events.told if told.position > heard]

    def _muted(self, body: Mapping[str, Any]) -> list[IncidentChange]:
        """A mute, or the end of one, as far as it keeps anomalies out of incidents."""
        id = body["mute"]["id"] if "mute" in body else body["ended"]
        meant = [one for one in self.mutes.mutes() if one.id == id and one.incidents]
        return self._incidents.mute(self._windows(), meant[0].start_ms) if meant else []

    def _windows(self) -> Windows:
        return Windows(self.mutes.mutes())

    def _keep_graph(self, day_ms: int, edges: Iterable[Edge]) -> None:
        if self.topology.version() != day_ms:
            self.topology.write(day_ms, edges)

    def _series_counts(self, team: str) -> SeriesCounts:
        tags: dict[tuple[str, str], int] = {}
        metrics: dict[str, int] = {}
        for counts in list(self._counts.values()):
            for key, count in of_team(counts, team):
                name, separator, value = key.partition("=")
                if separator:
                    tags[name, value] = tags.get((name, value), 0) + count
                else:
                    metrics[key] = metrics.get(key, 0) + count
        return SeriesCounts(sum(metrics.values()), tags, metrics)

    def forget_series(self, series_id: str) -> Sequence[IncidentChange]:
        self.topology.forget(series_id)
        return self._incidents.forget(series_id)

    def anomalies(self, *, after: str, limit: int, **asked: Unpack[AnomalyFilter]) -> Page[PlacedAnomaly]:
        return self._queries.anomalies(after=after, limit=limit, **asked)

    def incidents(self, *, after: str, limit: int, **asked: Unpack[IncidentFilter]) -> Page[Incident]:
        return self._queries.incidents(after=after, limit=limit, **asked)

    def incident(self, incident_id: str) -> Incident | None:
        return self._queries.incident(incident_id)

    def members(self, incident_id: str) -> Sequence[PlacedAnomaly]:
        return self._queries.members(incident_id)

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        return self._queries.transitions(incident_id)

    def incidents_open(self, team: str | None = None) -> int:
        return self._queries.incidents_open(team)

    def close(self) -> None:
        self._database.close()


def _act_of(told: Told) -> Act | Undo:
    return Undo.from_body(told.body) if "undoes" in told.body else Act.from_body(told.body, told.position)


def _label_of(told: Told) -> Label | Undo:
    return Undo.from_body(told.body) if "undoes" in told.body else Label.from_body(told.body, told.position)
