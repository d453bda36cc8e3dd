"""Stand-ins for the story, and for what people told about it: what they show is set by the test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

from monitor.domain.acts import Act, Tie
from monitor.domain.anomaly import Anomaly
from monitor.domain.calendar import Calendar
from monitor.domain.event import ChangeEvent
from monitor.domain.filters import AnomalyFilter, IncidentFilter, LabelFilter
from monitor.domain.incident import (
    Incident,
    IncidentChange,
    IncidentTransition,
    PlacedAnomaly,
    SimilarIncident,
)
from monitor.domain.labels import Judged, Label, TargetKind, judged
from monitor.domain.lineage import Lineage
from monitor.domain.mute import Mute
from monitor.domain.paging import Page
from monitor.domain.topology import LearnedEdge
from monitor.engine.base import Events


@dataclass
class FakeStory:
    """What it shows is set by the test."""

    placed: list[PlacedAnomaly] = field(default_factory=list)
    kept: list[Incident] = field(default_factory=list)
    changes: list[IncidentChange] = field(default_factory=list)
    steps: list[IncidentTransition] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False
    topology: FakeTopology = field(default_factory=lambda: FakeTopology())
    feedback: FakeFeedback = field(init=False)
    mutes: FakeMutes = field(default_factory=lambda: FakeMutes())

    def __post_init__(self) -> None:
        self.feedback = FakeFeedback(self.placed)

    def positions(self) -> Mapping[int, int]:
        return {}

    def receive(self, events: Events) -> Sequence[IncidentChange]:
        return self.changes

    def anomalies(self, *, after: str, limit: int, **asked: Unpack[AnomalyFilter]) -> Page[PlacedAnomaly]:
        team = asked.get("team")
        return Page([p for p in self.placed if team in (None, p.anomaly.team)][:limit])

    def incidents(self, *, after: str, limit: int, **asked: Unpack[IncidentFilter]) -> Page[Incident]:
        state, team = asked.get("state"), asked.get("team")
        kept = [i for i in self.kept if state in (None, i.state.value) and team in (None, i.team)]
        return Page(kept[:limit])

    def incident(self, incident_id: str) -> Incident | None:
        return next((i for i in self.kept if i.id == incident_id), None)

    def members(self, incident_id: str) -> Sequence[PlacedAnomaly]:
        return [p for p in self.placed if p.incident_id == incident_id]

    def transitions(self, incident_id: str) -> Sequence[IncidentTransition]:
        return [step for step in self.steps if step.incident_id == incident_id]

    def incidents_open(self, team: str | None = None) -> int:
        return sum(not i.state.over for i in self.kept if team in (None, i.team))

    def forget_series(self, series_id: str) -> Sequence[IncidentChange]:
        self.forgotten.append(series_id)
        return []

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeFeedback:
    """What is stored of acts and labels, as the test sets it; of what is told, nothing arrives."""

    placed: list[PlacedAnomaly]
    done: list[Act] = field(default_factory=list)
    said: list[Label] = field(default_factory=list)

    def anomaly(self, anomaly_id: str) -> PlacedAnomaly | None:
        return next((p for p in self.placed if p.anomaly.id == anomaly_id), None)

    def act(self, act_id: str) -> Act | None:
        return next((act for act in self.done if act.id == act_id), None)

    def acts(self, incident_id: str, members: Iterable[str]) -> list[Act]:
        return [act for act in self.done if act.incident_id == incident_id]

    def label(self, label_id: str) -> Label | None:
        return next((label for label in self.said if label.id == label_id), None)

    def labels(self, *, after: str = "", limit: int = 100, **asked: Unpack[LabelFilter]) -> Page[Judged]:
        team = asked.get("team")
        return Page([j for j in judged(self.said) if team in (None, j.label.target.team)][:limit])

    def labels_of_incidents(self, incidents: Sequence[Incident]) -> dict[str, list[Judged]]:
        told = [j for j in judged(self.said) if j.label.target.kind is TargetKind.INCIDENT]
        return {i.id: [j for j in told if j.label.target.anomaly_id in i.members] for i in incidents}

    def labels_of_anomalies(self, anomalies: Sequence[Anomaly]) -> dict[str, list[Judged]]:
        told = judged(self.said)
        return {a.id: [j for j in told if j.label.target.id == a.id] for a in anomalies}


@dataclass
class FakeTopology:
    """Stored projections as the test sets them."""

    links: Lineage = field(default_factory=Lineage)
    told_ties: list[Tie] = field(default_factory=list)
    told: list[ChangeEvent] = field(default_factory=list)
    found: list[LearnedEdge] = field(default_factory=list)

    def version(self) -> int | None:
        return None

    def edges(self, focus: str | None = None, after: str = "", limit: int = 100) -> Page[LearnedEdge]:
        found = [e for e in self.found if focus in (None, e.source, e.target)]
        until = int(after or 0) + limit
        return Page(found[int(after or 0) : until], str(until) if until < len(found) else None)

    def lineage(self) -> Lineage:
        return self.links

    def ties(self) -> list[Tie]:
        return list(self.told_ties)

    def similar(self, incident: Incident) -> list[SimilarIncident]:
        return []

    def changes(self, from_ms: int, until_ms: int, limit: int = 100) -> list[ChangeEvent]:
        return [c for c in self.told if from_ms <= c.at_ms < until_ms][:limit]


@dataclass
class FakeMutes:
    """Mutes and calendars in memory."""

    kept: dict[str, Mute] = field(default_factory=dict)
    days: dict[str, Calendar] = field(default_factory=dict)

    def mutes(self) -> list[Mute]:
        return sorted(self.kept.values(), key=lambda mute: (mute.start_ms, mute.id))

    def calendars(self) -> list[Calendar]:
        return list(self.days.values())

    def tell_mute(self, body: dict[str, Any]) -> None:
        if "mute" in body:
            mute = Mute.from_body(body["mute"])
            self.kept[mute.id] = mute
        else:
            self.kept[body["ended"]] = replace(self.kept[body["ended"]], ended_ms=body["at_ms"])

    def tell_calendar(self, body: dict[str, Any]) -> None:
        if "calendar" in body:
            calendar = Calendar.from_body(body["calendar"])
            self.days[calendar.id] = calendar
        else:
            del self.days[body["removed"]]
