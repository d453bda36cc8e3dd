"""Labels: what people say of anomalies, incidents and spans of series."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api import feedback, schemas
from api.cursors import from_cursor, to_cursor
from api.problems import Problem
from api.routes.common import PREFIX, PROBLEMS, Cursor, Limit, Text, TheAccess, TheActor, TheView, TimeMs
from api.routes.quota import Quota, quota_of
from monitor.domain.labels import Judged, Label, Said, Target
from monitor.labelling import Labelling
from monitor.rehearsing import DAYS, DAYS_MAX, Rehearsal

router = APIRouter(prefix=f"{PREFIX}/labels", tags=["labels"], responses=PROBLEMS)

TheQuota = Annotated[Quota, Depends(quota_of)]
SeriesIdQuery = Annotated[
    str | None, Query(pattern="^[0-9a-f]{16}$", description="a series' id, 16 hexadecimal digits")
]


@router.post("")
def set_label(
    view: TheView,
    access: TheAccess,
    actor: TheActor,
    quota: TheQuota,
    asked: feedback.LabelIn,
    dry_run: bool = False,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX, description="of a dry run")] = DAYS,
    force: Annotated[
        bool, Query(description="of a dry run: also where something confirmed vanishes")
    ] = False,
) -> feedback.LabelOut | feedback.RehearsalOut:
    """Say what an anomaly, an incident, or any span of a series was, also one that nobody noticed. In the
    log when answered; the same said again is the same label. Of several, the newest rules, and that they
    differ is shown. With ``dry_run`` nothing is set: the last days are scored in shadow without and with
    the label, and what would vanish or appear is listed; 409 if an anomaly would vanish that somebody
    confirmed."""
    quota.take(asked.note)
    labelling = view.labelling
    label = labelling.prepared(_target(labelling, asked), Said(asked.label), actor.name, asked.note)
    if dry_run:
        return _rehearsed(view.rehearse(label, days), force)
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


def _rehearsed(told: Rehearsal, force: bool) -> feedback.RehearsalOut:
    found = feedback.rehearsal(told)
    if told.confirmed and not force:
        many = f"{len(told.confirmed)} confirmed anomal{'y' if len(told.confirmed) == 1 else 'ies'}"
        raise Problem(
            409,
            f"{many} would vanish with this label",
            kind="confirmed-would-vanish",
            **found.model_dump(exclude={"dry_run", "label"}),
        )
    return found


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
