"""The Monitor as those see it who are bound to a team: their own series, anomalies and incidents, no others.

For those bound to none it is the Monitor itself. What belongs to another team is as if it were not there:
`NotFound`, whether it exists or not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Unpack

from monitor.alerting.preview import Preview
from monitor.alerts import Alerts, Correspondence, Use
from monitor.comforting import Comfort
from monitor.domain.about import About
from monitor.domain.alert import Holding
from monitor.domain.audit import Deed
from monitor.domain.budget import Balance, Budget
from monitor.domain.calendar import Calendar
from monitor.domain.declared import Declared, is_pattern
from monitor.domain.destination import Destination
from monitor.domain.errors import NotFound
from monitor.domain.event import ChangeEvent
from monitor.domain.filters import AnomalyFilter, IncidentFilter
from monitor.domain.incident import (
    Incident,
    IncidentChange,
    IncidentTransition,
    PlacedAnomaly,
    SimilarIncident,
)
from monitor.domain.labels import Label
from monitor.domain.mute import Mute, Selector
from monitor.domain.outlook import WideBand
from monitor.domain.paging import Page, every
from monitor.domain.route import Route
from monitor.domain.series import Identity
from monitor.domain.served import METRIC, ModelSettings
from monitor.domain.told_band import told_band
from monitor.domain.units import Way
from monitor.explaining import Explained
from monitor.lab import Called, Detector, Points
from monitor.labelling import Labelling
from monitor.likely import Likely
from monitor.muting import Hits
from monitor.rehearsing import Rehearsal
from monitor.relating import BEFORE_MS
from monitor.responding import Responding
from monitor.service import Monitor
from monitor.shards import Row


class View:
    """``team`` None: all there is. Methods as those of `Monitor`, whose cost they have."""

    def __init__(self, monitor: Monitor, team: str | None) -> None:
        self._monitor = monitor
        self._team = team

    def series(self, **asked: Any) -> Page[Row]:
        return self._monitor.reading.series(**asked, team=self._team)

    def series_one(self, series_id: str) -> Row:
        return self._monitor.reading.series_one(series_id, self._team)

    def journal(self, series_id: str) -> list[Row]:
        self.series_one(series_id)
        return self._monitor.reading.journal(series_id)

    def undo(self, series_id: str) -> Row:
        self.series_one(series_id)
        return self._monitor.reading.undo(series_id)

    def open_contest(self, series_id: str) -> Row:
        self.series_one(series_id)
        return self._monitor.reading.open_contest(series_id)

    def wide_band(self, series: Row) -> WideBand | None:
        return self._monitor.reading.wide_band(series)

    def observations(self, series_id: str, **asked: Any) -> Mapping[str, Any]:
        """With the band as people are told of it (`monitor.domain.told_band`)."""
        series = self.series_one(series_id)
        columns = self._monitor.reading.observations(series_id, **asked)
        if "lower" not in columns:
            return columns
        declared = Declared(self._monitor.declaring.metrics()).of(series["metric"])
        way = Way.of(declared.get("kind"), declared.get("unit"), str(series["class"]))
        band = told_band(way, *(columns[name] for name in ("value", "expected", "lower", "upper")))
        return {**columns, "lower": band[0], "upper": band[1]}

    def challenger(self, series_id: str, **asked: Any) -> Mapping[str, Any]:
        self.series_one(series_id)
        return self._monitor.reading.challenger(series_id, **asked)

    def revisions(self, series_id: str, **asked: Any) -> Mapping[str, Any]:
        self.series_one(series_id)
        return self._monitor.reading.revisions(series_id, **asked)

    def forget_series(self, series_id: str) -> None:
        self.series_one(series_id)
        self._monitor.forget_series(series_id)

    def comfort(self, selector: Selector, days: int, scores: Sequence[float]) -> Comfort:
        """Of the series that a selector fits."""
        exact = None if is_pattern(selector.metric) else selector.metric
        return self._monitor.reading.comfort(selector.selects, days, scores, metric=exact, team=self._team)

    def comfort_of_route(self, name: str, days: int, scores: Sequence[float]) -> Comfort:
        """Of the series that a route asks for; what it asks for beside that (hours, priority) is left out."""
        route = self.route(name)
        team = self._team if self._team is not None else route.team
        return self._monitor.reading.comfort(route.selects, days, scores, team=team)

    def explain(self, series: str, at_ms: int) -> Explained:
        return self._monitor.reading.explain(series, at_ms, self._team)

    def about(self, placed: Sequence[PlacedAnomaly]) -> list[About]:
        return self._monitor.reading.about(placed)

    def models(self) -> list[Row]:
        """Served models, for a team its own."""
        return [one for one in self._monitor.serving.models() if self._has_model(one["name"])]

    def model(self, name: str, version: str | None, segment: str | None, limit: int) -> Row:
        self._check_model(name)
        return self._monitor.serving.model(name, version, segment, limit)

    def model_settings(self, name: str) -> ModelSettings:
        self._check_model(name)
        return self._monitor.serving.settings(name)

    def declare_model(self, name: str, settings: ModelSettings) -> None:
        self._check_model(name)
        self._monitor.serving.declare(name, settings)

    def _has_model(self, name: str) -> bool:
        series = Identity.of(METRIC + "predictions", {"model": name})
        return self._team is None or self._monitor.declaring.teams.of(series) == self._team

    def _check_model(self, name: str) -> None:
        if not self._has_model(name):
            raise NotFound("no such model")

    def metric_names(self) -> list[str]:
        return self._monitor.reading.metric_names(self._team)

    def declarations(self) -> dict[str, Row]:
        """All of them, since a pattern may hold for a team's metric; names are told by `declared_names`."""
        return self._monitor.declaring.metrics()

    def declared_names(self) -> list[str]:
        """Names and patterns that were declared; for a team none, as those may be of others' metrics."""
        return list(self._monitor.declaring.metrics()) if self._team is None else []

    def anomalies(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[AnomalyFilter]
    ) -> Page[PlacedAnomaly]:
        asked["team"] = self._team
        return self._monitor.recounting.anomalies(after=after, limit=limit, **asked)

    def incidents(
        self, *, after: str = "", limit: int = 100, **asked: Unpack[IncidentFilter]
    ) -> Page[Incident]:
        if self._team is not None:
            asked["team"] = self._team
        return self._monitor.recounting.incidents(after=after, limit=limit, **asked)

    def incident(self, incident_id: str) -> tuple[Incident, Sequence[PlacedAnomaly]]:
        return self._monitor.recounting.incident(incident_id, self._team)

    def likely(self, incidents: Sequence[Incident]) -> list[Likely | None]:
        """How likely people act on each; None while the ranking has not proven itself."""
        return self._monitor.ranking.of(incidents)

    def transitions(self, incident: Incident) -> Sequence[IncidentTransition]:
        """The steps of its life, the first one first."""
        return self._monitor.recounting.transitions(incident.id)

    def similar(self, incident: Incident) -> list[SimilarIncident]:
        """Earlier ones of the incident's own team."""
        return self._monitor.relating.kept.similar(incident)

    @property
    def responding(self) -> Responding:
        """What may be done to the team's incidents."""
        return self._monitor.responding.of(self._team)

    @property
    def labelling(self) -> Labelling:
        """Labels of the team's series, and what may be labelled."""
        return self._monitor.labelling.of(self._team)

    def rehearse(self, label: Label, days: int) -> Rehearsal:
        """What a label would have changed in the last days, among the team's series."""
        return self._monitor.rehearsing.of(label, days, self._team)

    def tried(self, series: str | None, points: Points, detectors: Sequence[Detector]) -> list[Called]:
        """Detectors side by side over points (`monitor.lab`); of a series, under what is declared of it."""
        if series is not None:
            row = self.series_one(series)
            declared = Declared(self._monitor.declaring.metrics()).of(row["metric"])
            points = replace(points, cadence_ms=int(row["cadence_ms"]) or None, declared=declared)
        return self._monitor.lab.run(points, detectors)

    def changes_near(self, incident: Incident) -> list[ChangeEvent]:
        """For a team none: nothing says yet whose a change is."""
        if self._team is not None:
            return []
        until_ms = incident.end_ms if incident.end_ms is not None else 2**62
        mutes = self._monitor.muting.events(incident, incident.start_ms - BEFORE_MS, until_ms)
        return sorted([*self._monitor.relating.changes_near(incident), *mutes], key=lambda one: -one.at_ms)

    def own(self, selector: Selector) -> Selector:
        """A selector as it may be used: of those bound to a team, within it."""
        return selector if self._team is None else replace(selector, team=self._team)

    def mutes(self, past: bool = False) -> list[Mute]:
        return self._monitor.muting.mutes(self._team, past)

    def mute(self, id: str) -> Mute:
        return self._monitor.muting.mute(id, self._team)

    def calendars(self) -> list[Calendar]:
        return self._monitor.muting.calendars(self._team)

    def calendar(self, id: str) -> Calendar:
        return self._monitor.muting.calendar(id, self._team)

    def hits(self, selector: Selector) -> Hits:
        """What a mute would hit now; some milliseconds a thousand series."""
        selector = self.own(selector)
        exact = None if is_pattern(selector.metric) else selector.metric
        series = every(lambda after: self.series(metric=exact, after=after, limit=1_000))
        now_ms = self._monitor.now_ms()
        going_on = every(lambda after: self.incidents(since_ms=now_ms, after=after, limit=100))
        incidents = [one for one in going_on if one.end_ms is None]
        return self._monitor.muting.hits(selector, series, incidents)

    @property
    def alerts(self) -> Alerts:
        """For what reaches every team."""
        return self._monitor.alerts

    def routes(self) -> list[Route]:
        return self._monitor.alerts.routes(self._team)

    def route(self, name: str) -> Route:
        return self._monitor.alerts.route(name, self._team)

    def check_route(self, route: Route) -> Route:
        """As it may be saved; for a team as its own."""
        return self._monitor.alerts.check_route(route, self._team)

    def put_route(self, route: Route, deed: Deed) -> None:
        self._monitor.alerts.put_route(self.check_route(route), deed)

    def drop_route(self, name: str, deed: Deed) -> None:
        self.route(name)
        self._monitor.alerts.drop_route(name, deed)

    def budgets(self) -> list[Balance]:
        return self._monitor.alerts.budgets(self._team)

    def budget_uses(self) -> list[Use]:
        return self._monitor.alerts.uses(self._team)

    def budget(self, name: str) -> Balance:
        for one in self.budgets():
            if one.budget.name == name:
                return one
        raise NotFound(f"no budget {name[:128]}")

    def check_budget(self, budget: Budget) -> Budget:
        return self._monitor.alerts.check_budget(budget, self._team)

    def put_budget(self, budget: Budget, deed: Deed) -> None:
        self._monitor.alerts.put_budget(self.check_budget(budget), deed)

    def drop_budget(self, name: str, deed: Deed) -> None:
        self.budget(name)
        self._monitor.alerts.drop_budget(name, deed)

    def receivers(self) -> list[Destination]:
        return self._monitor.alerts.receivers(self._team)

    def receiver(self, name: str) -> Destination:
        return self._monitor.alerts.receiver(name, self._team)

    def preview(self, changed: Sequence[Route], removed: Sequence[str], days: int) -> Preview:
        """For a team what its own routes would send."""
        checked = [self.check_route(route) for route in changed]
        found = self._monitor.alerts.preview(checked, removed, days)
        if self._team is None:
            return found
        own = {route.name for route in (*self.routes(), *checked)}
        return Preview(
            tuple(one for one in found.dispatches if one.route in own),
            tuple(one for one in found.holdings if one.route in own),
            found.since_ms,
            found.until_ms,
        )

    def correspondence(self, incident_id: str) -> Correspondence:
        """For a team what its own routes told, and did not."""
        self.incident(incident_id)
        found = self._monitor.alerts.correspondence(incident_id)
        if self._team is None:
            return found
        own = {route.name for route in self.routes()}
        return Correspondence(
            [one for one in found.notices if one.dispatch.route in own],
            [one for one in found.holdings if one.route in own],
        )

    def holds(self, placed: PlacedAnomaly | None) -> Sequence[Holding]:
        """What was not told of the incident that an anomaly is part of; empty where there is none to see."""
        if placed is None or placed.incident_id is None:
            return ()
        try:
            return self.correspondence(placed.incident_id).holdings
        except NotFound:
            return ()

    def status(self) -> Row:
        """For a team without shards and limits, and with open incidents of its own only."""
        status = self._monitor.status()
        if self._team is None:
            return status
        own = {"incidents_open": self._monitor.recounting.incidents_open(self._team), "series": None}
        return status | own | {"shards": [], "limits": [], "alerts": None, "sources_trouble": ""}

    async def changes(self) -> AsyncIterator[IncidentChange]:
        async for change in self._monitor.recounting.changes():
            if self._team in (None, change.incident.team):
                yield change
