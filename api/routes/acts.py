"""What people do to incidents. Every answer is the act, by then in the log; said again, it is the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from api import feedback, schemas
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheView
from api.routes.quota import Quota, quota_of
from monitor.domain.acts import Act

router = APIRouter(prefix=PREFIX, tags=["incidents"], responses=PROBLEMS)

IncidentId = Annotated[str, Path(max_length=128)]
ActId = Annotated[str, Path(max_length=64)]
TheQuota = Annotated[Quota, Depends(quota_of)]


class Writer:
    """Writes an act into the audit log, and then tells it."""

    def __init__(self, view: TheView, access: TheAccess, actor: TheActor) -> None:
        self.responding = view.responding
        self.user = actor.name
        self._access = access
        self._actor = actor

    def tell(self, act: Act, said: str) -> feedback.ActOut:
        others = [other.anomaly_id for other in act.others][:100]
        after = {"id": act.id, "comment": act.comment, "others": others}
        self._record(said, act, after)
        self.responding.tell(act)
        return feedback.act(act)

    def undo(self, act: Act) -> feedback.ActOut:
        self._record("act undone", act, {"id": act.id, "verb": act.verb.value})
        return feedback.act(self.responding.undo(act, self.user))

    def _record(self, said: str, act: Act, after: Mapping[str, object]) -> None:
        self._access.accounts.record(self._actor.did(said, f"incident:{act.incident_id}", None, after))

    def release(self, incident_id: str) -> list[feedback.ActOut]:
        acts = self.responding.unacknowledge(incident_id)
        after = {"undone": [act.id for act in acts]}
        did = self._actor.did("incident released", f"incident:{incident_id}", None, after)
        self._access.accounts.record(did)
        return [feedback.act(self.responding.undo(act, self.user)) for act in acts]


TheWriter = Annotated[Writer, Depends(Writer)]


@router.post("/incidents/{incident_id}/acknowledge")
def acknowledge(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId, said: feedback.CommentIn | None = None
) -> feedback.ActOut:
    """Take an incident: everybody sees who is on it, until it is given back. It recovers and closes as it
    would have."""
    comment = said.comment if said is not None else ""
    quota.take(comment)
    act = writer.responding.acknowledge(incident_id, writer.user, comment)
    return writer.tell(act, "incident acknowledged")


@router.post("/incidents/{incident_id}/unacknowledge")
def unacknowledge(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId
) -> schemas.ListOf[feedback.ActOut]:
    """Give an incident back, whoever took it: the acts that are undone by it."""
    quota.take()
    return schemas.ListOf(items=writer.release(incident_id))


@router.post("/incidents/{incident_id}/comment")
def comment(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId, said: feedback.SaidComment
) -> feedback.ActOut:
    """Say something about an incident."""
    quota.take(said.comment)
    act = writer.responding.comment(incident_id, writer.user, said.comment)
    return writer.tell(act, "incident commented")


@router.post("/incidents/{incident_id}/merge")
def merge(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId, asked: feedback.MergeIn
) -> feedback.ActOut:
    """Two incidents are one: the older keeps its name, the other one says into which it was merged. Their
    series belong together from then on."""
    quota.take(asked.comment)
    act = writer.responding.merge(incident_id, asked.other, writer.user, asked.comment)
    return writer.tell(act, "incidents merged")


@router.post("/incidents/{incident_id}/split")
def split(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId, asked: feedback.MembersIn
) -> feedback.ActOut:
    """Members become an incident of their own, with what joins because of them later. Their series and those
    that stay do not draw each other in from then on."""
    quota.take(asked.comment)
    act = writer.responding.split(incident_id, asked.anomalies, writer.user, asked.comment)
    return writer.tell(act, "incident split")


@router.post("/incidents/{incident_id}/move")
def move(
    writer: TheWriter, quota: TheQuota, incident_id: IncidentId, asked: feedback.MembersIn
) -> feedback.ActOut:
    """Anomalies become members of this incident, wherever they were."""
    quota.take(asked.comment)
    act = writer.responding.move(incident_id, asked.anomalies, writer.user, asked.comment)
    return writer.tell(act, "anomalies moved")


@router.post("/acts/{act_id}/undo")
def undo(writer: TheWriter, quota: TheQuota, act_id: ActId) -> feedback.ActOut:
    """Take an act back; it stays on record. What was undone stays so."""
    quota.take()
    return writer.undo(writer.responding.act(act_id))
