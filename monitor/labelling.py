"""Labels: said of an anomaly, an incident or a span of a series, listed, and taken back.

As with acts, a label is prepared first and told to the log after that. It carries the shapes of what it is
said of, by which shards act on it (`monitor.shard.heeding`); what else it brings about:
`monitor.consequences`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

from monitor.consequences import Consequences
from monitor.domain.acts import Undo
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import NotFound, Unfit
from monitor.domain.filters import LabelFilter
from monitor.domain.incident import Incident, PlacedAnomaly
from monitor.domain.labels import Judged, Label, Said, Target, TargetKind
from monitor.domain.paging import Page
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity
from monitor.domain.shape import Shape, missed, shape_of
from monitor.domain.traits import Traits, traits_of
from monitor.recent import Recent
from monitor.responding import Feedback, Found
from monitor.shards import Shards

FUTURE_MS = 10 * MINUTE_MS
SHAPES_MAX = 5
"""Of an incident, or of a span with many anomalies, the highest scores act."""
SPAN_BUCKETS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Labelling:
    """``incident(id, team)`` and ``series(id, team)`` find one or raise NotFound; ``team_of(series)`` says
    whose a series is. ``touching(series, from_ms, to_ms)``: its anomalies that touch a span;
    ``observations``: as of `Monitor`. ``team`` as in `Responding`."""

    kept: Feedback
    incident: Callable[[str, str | None], Found]
    series: Callable[[str, str | None], Mapping[str, Any]]
    team_of: Callable[[Identity], str]
    append: Callable[[Control], None]
    now_ms: Callable[[], int]
    touching: Callable[[str, int, int], Sequence[PlacedAnomaly]]
    observations: Callable[..., Mapping[str, Any]]
    consequences: Consequences
    team: str | None = None
    recent: Recent[Label] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "recent", Recent(self.kept.label))

    def of(self, team: str | None) -> Labelling:
        """The same for those who are bound to a team."""
        bound = replace(self, team=team)
        object.__setattr__(bound, "recent", self.recent)
        return bound

    def set(self, target: Target, said: Said, user: str, note: str = "") -> Label:
        """Say it; in the log when this returns. The same said again by the same is the same label."""
        label = self.prepared(target, said, user, note)
        self.tell(label)
        return label

    def anomaly(self, anomaly_id: str) -> Target:
        placed = self.kept.anomaly(anomaly_id)
        if placed is None or self.team not in (None, placed.anomaly.team):
            raise NotFound(f"no anomaly {anomaly_id[:64]}")
        one = placed.anomaly
        series_id = f"{one.series.fingerprint():016x}"
        return Target(TargetKind.ANOMALY, one.id, one.onset_ms, one.end_ms, one.id, series_id, one.team)

    def whole(self, incident_id: str) -> Target:
        """An incident; of one that was merged into another, as in an older message, that other one."""
        one, _ = self.incident(incident_id, self.team)
        while one.merged_into is not None:
            one, _ = self.incident(one.merged_into, self.team)
        span = (one.start_ms, one.end_ms)
        return Target(TargetKind.INCIDENT, one.id, *span, anomaly_id=one.founder_id, team=one.team)

    def span(self, series_id: str, from_ms: int, to_ms: int) -> Target:
        """Any time of a series, whether anything was noticed in it or not. Raises Unfit for one that ends
        before it begins, or that lies in the future."""
        row = self.series(series_id, self.team)
        if to_ms <= from_ms:
            raise Unfit("a span ends after it begins")
        if to_ms > self.now_ms() + FUTURE_MS:
            raise Unfit("a span lies in the past")
        team = self.team_of(Identity.of(row["metric"], row["tags"]))
        return Target(TargetKind.SPAN, series_id, from_ms, to_ms, series_id=series_id, team=team)

    def prepared(self, target: Target, said: Said, user: str, note: str = "") -> Label:
        if said.facet != "verdict" and target.kind is not TargetKind.INCIDENT and not target.anomaly_id:
            raise Unfit(f"{said} is said of an incident or an anomaly")
        id, known = self.recent.name(*target.key, said.value, user, note)
        if known is not None:
            return known
        verdict = said.facet == "verdict"
        shapes = self._shapes(target, said) if verdict else []
        traits = self._traits(target) if verdict else None
        label = Label(id, said, target, user, note, self.now_ms(), shapes=tuple(shapes), traits=traits)
        self.consequences.check(label)
        return label

    def _traits(self, target: Target) -> Traits | None:
        """Of the incident that is meant, or that the anomaly is part of."""
        id: str | None = target.id
        if target.kind is not TargetKind.INCIDENT:
            placed = self.kept.anomaly(target.anomaly_id) if target.anomaly_id else None
            id = placed.incident_id if placed is not None else None
        if id is None:
            return None
        incident, _ = self.incident(id, self.team)
        try:
            row = self.series(incident.founder_id[:16], self.team)
        except NotFound:
            row = {}
        return traits_of(incident, row)

    def _shapes(self, target: Target, said: Said) -> list[Shape]:
        """Those of the anomalies that are meant; of a span in which nothing was noticed, if it is confirmed,
        what was missed."""
        if target.kind is TargetKind.INCIDENT:
            _, placed = self.incident(target.id, self.team)
        elif target.kind is TargetKind.ANOMALY:
            found = self.kept.anomaly(target.anomaly_id)
            placed = [found] if found is not None else []
        else:
            placed = self.touching(target.series_id, target.from_ms, target.to_ms or target.from_ms + 1)
        highest = sorted(placed, key=lambda one: (-one.anomaly.score, one.anomaly.id))[:SHAPES_MAX]
        shapes = [shape for one in highest if (shape := shape_of(one.anomaly)) is not None]
        if placed or target.kind is not TargetKind.SPAN or said is not Said.TRUE:
            return shapes
        span = (target.from_ms, target.to_ms or target.from_ms + 1)
        columns = self.observations(
            target.series_id, from_ms=span[0], to_ms=span[1], max_points=SPAN_BUCKETS_MAX
        )
        metric = str(self.series(target.series_id, self.team)["metric"])
        shape = missed(target.series_id, metric, span, columns)
        return [shape] if shape is not None else []

    def tell(self, label: Label) -> None:
        if self.recent.get(label.id) is None:
            self.append(Control(Kind.LABEL, label.to_body()))
            self.recent.put(label.id, label)
            self.consequences.bring_about(label)

    def label(self, label_id: str) -> Label:
        """One label. Raises NotFound, also for another team's."""
        found = self.recent.get(label_id)
        if found is None or self.team not in (None, found.target.team):
            raise NotFound(f"no label {label_id[:64]}")
        return found

    def undo(self, label: Label, user: str) -> Label:
        """Take a label back; in the log when this returns. What was undone stays so."""
        if label.undone_by is not None:
            return label
        undone = label.undo(user, self.now_ms())
        self.append(Control(Kind.LABEL, Undo(label.id, user, undone.undone_ms or 0).to_body()))
        self.recent.put(label.id, undone)
        self.consequences.take_back(undone)
        return undone

    def list(self, *, after: str = "", limit: int = 100, **asked: Unpack[LabelFilter]) -> Page[Judged]:
        """The newest first."""
        if self.team is not None:
            asked["team"] = self.team
        page = self.kept.labels(after=after, limit=limit, **asked)
        return replace(page, items=self._as_known(page.items))

    def of_incidents(self, incidents: Sequence[Incident]) -> Mapping[str, Sequence[Judged]]:
        """By incident id, what was said of it; of one that nobody spoke of there may be nothing."""
        found = self.kept.labels_of_incidents(incidents)
        return {id: self._as_known(labels) for id, labels in found.items()}

    def of_anomalies(self, placed: Sequence[PlacedAnomaly]) -> Mapping[str, Sequence[Judged]]:
        """By anomaly id, also what was said of spans that touch it."""
        found = self.kept.labels_of_anomalies([one.anomaly for one in placed])
        return {id: self._as_known(labels) for id, labels in found.items()}

    def _as_known(self, stored: Sequence[Judged]) -> Sequence[Judged]:
        """What was just taken back is so, also where the store has not heard of it yet."""
        known = [replace(one, label=self.recent.as_known(one.label.id, one.label)) for one in stored]
        return [replace(one, rules=one.rules and one.label.undone_by is None) for one in known]


def labels_in_force(shards: Shards, metrics: Sequence[str]) -> list[Label]:
    """Those that speak of these metrics; every shard has all of them."""
    bodies = shards.ask(0, "labels", metrics=list(metrics))
    return [Label.from_body(body, position) for position, body in enumerate(bodies, start=1)]
