"""Incidents and anomalies."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from api import feedback, relations, schemas, shapes
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, Text, TheView, TimeMs

StateName = Literal["pending", "open", "acknowledged", "recovering", "closed", "expired", "retracted"]
Sort = Literal["newest", "likely"]
RANKED_MAX = 1_000
PriorityName = Literal["P1", "P2", "P3", "P4"]

router = APIRouter(prefix=PREFIX, tags=["incidents"], responses=PROBLEMS)


@router.get("/incidents")
def list_incidents(
    view: TheView,
    state: StateName | None = None,
    since_ms: TimeMs = None,
    priority: Annotated[PriorityName | None, Query(description="this, or more urgent")] = None,
    kind: Text = None,
    q: Annotated[str | None, Query(max_length=512, description="in the title or a member's name")] = None,
    tag: Annotated[str | None, Query(max_length=1_024, description="name=value of a member")] = None,
    team: Annotated[str | None, Query(max_length=128, description="empty: those of none")] = None,
    sort: Annotated[Sort, Query(description="likely: those that people act on first, if known")] = "newest",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> schemas.ListOf[schemas.Incident]:
    """Incidents, newest start first. ``state=open``: all that are not over. Whoever is bound to a team is
    told of its incidents, whatever ``team`` says. ``sort=likely`` orders the newest thousand that fit,
    without a cursor; until the ranking has proven itself they stay as they are."""
    name, equals, value = (tag or "").partition("=")
    if tag is not None and not equals:
        raise Problem(422, "tag: name=value is expected", kind="invalid-parameter")
    page = view.incidents(
        state=state,
        since_ms=since_ms,
        priority=priority,
        kind=kind,
        q=q or None,
        tag=None if tag is None else (name, value),
        team=team,
        after=cursor or "",
        limit=limit if sort == "newest" else RANKED_MAX,
    )
    found = list(zip(page.items, view.likely(page.items), strict=True))
    if sort == "likely":
        found = sorted(found, key=lambda one: -one[1].chance if one[1] is not None else 0.0)[:limit]
    following = page.next if sort == "newest" else None
    said = view.labelling.of_incidents([one for one, _ in found])
    items = [shapes.incident(one, said.get(one.id, ()), likely) for one, likely in found]
    return schemas.ListOf(items=items, next=following)


@router.get("/incidents/{incident_id}")
def one_incident(view: TheView, incident_id: Annotated[str, Path(max_length=128)]) -> relations.IncidentStory:
    """One incident with its member anomalies, why each is one, all suspects and contributors, changes near
    it, earlier ones like it and how those were labelled, what people did to it and said of it."""
    incident, members = view.incident(incident_id)
    labels = view.labelling.of_incidents([incident]).get(incident.id, ())
    shape = shapes.incident_detail(
        incident, shapes.anomalies(view, members), labels, view.likely([incident])[0]
    )
    changes = [relations.change(one) for one in view.changes_near(incident)]
    similar = [relations.similar(one) for one in view.similar(incident)]
    return relations.IncidentStory(
        **dict(shape),
        evidence=relations.evidence(members),
        changes=changes,
        similar=similar,
        acts=[feedback.act(one) for one in view.responding.acts(incident)],
        labels=[feedback.label(one) for one in labels],
        steps=[relations.step(one) for one in view.transitions(incident)],
    )


@router.get("/anomalies")
def list_anomalies(
    view: TheView,
    series: Text = None,
    metric: Text = None,
    since_ms: TimeMs = None,
    until_ms: TimeMs = None,
    state: Literal["open", "closed"] | None = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> schemas.ListOf[schemas.Anomaly]:
    """Anomalies, newest onset first, each with its size, how unusual it is, which model judged it, and what
    would have been normal."""
    page = view.anomalies(
        series=series,
        metric=metric,
        since_ms=since_ms,
        until_ms=until_ms,
        state=state,
        after=cursor or "",
        limit=limit,
    )
    return schemas.ListOf(items=shapes.anomalies(view, page.items), next=page.next)
