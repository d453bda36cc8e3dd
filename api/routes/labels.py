"""Labels: what people say of anomalies, incidents and spans of series."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api import feedback, schemas
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PROBLEMS, Cursor, Limit, Text, TheAccess, TheActor, TheView, TimeMs
from api.routes.quota import Quota, quota_of
from monitor.domain.labels import Judged, Label, Said, Target
from monitor.labelling import Labelling

router = APIRouter(prefix="/labels", tags=["labels"], responses=PROBLEMS)

TheQuota = Annotated[Quota, Depends(quota_of)]
SeriesIdQuery = Annotated[str | None, Query(pattern="^[0-9a-f]{16}$")]


@router.post("")
def set_label(
    view: TheView, access: TheAccess, actor: TheActor, quota: TheQuota, asked: feedback.LabelIn
) -> feedback.LabelOut:
    """Say what an anomaly, an incident, or any span of a series was, also one that nobody noticed. In the log
    when answered; the same said again is the same label. Of several, the newest rules, and that they differ
    is shown."""
    quota.take(asked.note)
    labelling = view.labelling
    label = labelling.prepared(_target(labelling, asked), Said(asked.label), actor.name, asked.note)
    access.accounts.record(actor.did("label set", f"label:{label.id}", None, label.to_body()))
    labelling.tell(label)
    return feedback.label(_alone(label))


@router.get("")
def list_labels(
    view: TheView,
    label: feedback.SaidName | None = None,
    user: Text = None,
    series: SeriesIdQuery = None,
    target: Annotated[
        str | None, Query(max_length=128, description="id of an incident, an anomaly or a series")
    ] = None,
    since_ms: TimeMs = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> schemas.ListOf[feedback.LabelOut]:
    """Labels, the newest first; those undone too."""
    page = view.labelling.list(
        label=label,
        user=user,
        series=series,
        target=target,
        since_ms=since_ms,
        after=from_cursor(cursor),
        limit=limit,
    )
    return schemas.ListOf(items=[feedback.label(one) for one in page.items], next=to_cursor(page.next))


@router.post("/{label_id}/undo")
def undo_label(
    view: TheView,
    access: TheAccess,
    actor: TheActor,
    quota: TheQuota,
    label_id: Annotated[str, Path(max_length=64)],
) -> feedback.LabelOut:
    """Take a label back; it stays on record. The one before it rules again."""
    quota.take()
    label = view.labelling.label(label_id)
    access.accounts.record(actor.did("label undone", f"label:{label.id}", label.to_body()))
    return feedback.label(_alone(view.labelling.undo(label, actor.name)))


def _target(labelling: Labelling, asked: feedback.LabelIn) -> Target:
    named = [asked.anomaly, asked.incident, asked.series]
    if sum(one is not None for one in named) != 1:
        raise Problem(422, "one of anomaly, incident and series is labelled", kind="invalid-parameter")
    span = (asked.from_ms, asked.to_ms)
    if (asked.series is None) != (span == (None, None)) or (asked.series is not None and None in span):
        raise Problem(422, "from_ms and to_ms go with series", kind="invalid-parameter")
    if asked.anomaly is not None:
        return labelling.anomaly(asked.anomaly)
    if asked.incident is not None:
        return labelling.whole(asked.incident)
    return labelling.span(asked.series or "", asked.from_ms or 0, asked.to_ms or 0)


def _alone(label: Label) -> Judged:
    """As it will stand when the log has been heard."""
    return Judged(label, rules=label.undone_by is None, conflict=False)
