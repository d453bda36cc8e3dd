"""What is said of Watchkeeper itself: its own series, what is wrong by them, the freeze and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api import schemas, shapes
from api.relations import ChangeOut, Moment, change
from api.schemas import Answer
from monitor.domain.labels import Judged
from monitor.domain.meta import FIGURES
from monitor.overseeing import MetaIncident
from monitor.service import Monitor

Name = Annotated[str, Field(min_length=1, max_length=64)]


class OwnSeries(Answer):
    """One of Watchkeeper's own series; its values are observations like any other's."""

    id: str
    tags: dict[str, str]


class OwnFigure(Answer):
    """One of the own metrics. ``share``: of values of one at most; ``watched``: it may become an anomaly."""

    metric: str
    group: str
    words: str
    share: bool
    watched: bool
    series: list[OwnSeries]


class MetaIncidentOut(Answer):
    """``cause_kind`` and ``cause``: which family, source or part; ``hit``: metrics that are concerned."""

    incident: schemas.Incident
    headline: str
    cause_kind: str
    cause: str
    hit: int
    changes: list[ChangeOut]


class Meta(Answer):
    enabled: bool = Field(description="are own series written")
    version: str
    frozen: str | None = Field(description="why passes change no models now; null while they may")
    frozen_by: str | None = Field(description="who froze, if a person did")
    incidents: list[MetaIncidentOut] = Field(description="meta-incidents that are open")
    figures: list[OwnFigure]
    heartbeat_ms: int | None = Field(description="when the newest heartbeat was taken; null: none was")
    heartbeat_trouble: str | None = Field(
        description="why the newest one was not; null: it was, or none is set"
    )


class FreezeIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=512)] = ""


class Frozen(Answer):
    frozen: str | None


class RollbackIn(BaseModel):
    """Which changes of models: those that took effect at ``since_ms`` (event time) or later, to or from
    ``family``."""

    model_config = ConfigDict(extra="forbid")

    since_ms: Moment
    family: Name | None = None
    dry_run: bool = False


class ReopenIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    since_ms: Moment
    family: Name | None = None


class Change(Answer):
    """A series whose models were, or would be, given back. ``changes``: how many there were since then; only
    what the newest one replaced can be."""

    id: str
    series: str
    at_ms: int
    before: dict[str, Any]
    after: dict[str, Any]
    changes: int


class RolledBack(Answer):
    dry_run: bool
    items: list[Change]


def changed(found: Mapping[str, Any]) -> Change:
    return Change(**{name: found[name] for name in Change.model_fields})


def meta(monitor: Monitor) -> Meta:
    freeze, heartbeat = monitor.overseeing.freeze, monitor.heartbeat
    return Meta(
        enabled=monitor.settings.meta.enabled,
        version=monitor.version,
        frozen=freeze.reason or None,
        frozen_by=freeze.person or None,
        incidents=_incidents(monitor),
        figures=[one for one in _figures(monitor) if one.series],
        heartbeat_ms=None if heartbeat is None else heartbeat.sent_ms,
        heartbeat_trouble=None if heartbeat is None else heartbeat.trouble or None,
    )


def _incidents(monitor: Monitor) -> list[MetaIncidentOut]:
    found = monitor.overseeing.incidents()
    said = monitor.labelling.of_incidents([one.incident for one in found])
    return [_incident(one, said.get(one.incident.id, ())) for one in found]


def _incident(found: MetaIncident, labels: Sequence[Judged]) -> MetaIncidentOut:
    return MetaIncidentOut(
        incident=shapes.incident(found.incident, labels),
        headline=found.headline,
        cause_kind=found.cause[0],
        cause=found.cause[1],
        hit=found.hit,
        changes=[change(one) for one in found.changes],
    )


def _figures(monitor: Monitor) -> list[OwnFigure]:
    by_metric: dict[str, list[OwnSeries]] = {}
    for row in monitor.overseeing.own_series():
        by_metric.setdefault(row["metric"], []).append(OwnSeries(id=row["id"], tags=row["tags"]))
    return [
        OwnFigure(
            metric=figure.metric,
            group=figure.group,
            words=figure.title,
            share=figure.is_share,
            watched=figure.watched,
            series=sorted(by_metric.get(figure.metric, []), key=lambda one: sorted(one.tags.items())),
        )
        for figure in FIGURES
    ]
