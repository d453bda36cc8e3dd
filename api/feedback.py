"""Shapes of what people do to incidents and say of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Answer, rfc3339
from monitor.domain.acts import Act
from monitor.domain.anomaly import Anomaly
from monitor.domain.labels import Judged, Label
from monitor.rehearsing import Rehearsal

TIME_MS_MAX = 41_024_448_000_000
Id = Annotated[str, Field(min_length=1, max_length=128)]
Moment = Annotated[int, Field(ge=0, le=TIME_MS_MAX)]
SaidName = Literal["true", "false alarm", "expected", "new normal", "wrong group", "wrong severity"]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CommentIn(Asked):
    """``comment``: of at most `http.note_bytes`, kept as it is and shown as text."""

    comment: str = ""


class SaidComment(Asked):
    comment: Annotated[str, Field(min_length=1)]


class MergeIn(CommentIn):
    other: Id = Field(description="the incident that is one with this one")


class MembersIn(CommentIn):
    anomalies: Annotated[list[Id], Field(min_length=1, max_length=1_000)]


class ActOut(Answer):
    id: str
    verb: Literal["acknowledge", "comment", "merge", "split", "move"]
    incident_id: str = Field(description="as it was called then")
    others: list[str] = Field(description="anomalies split off or moved; of a merge, the other's first")
    user: str
    at: str
    at_ms: int
    comment: str
    undone_by: str | None
    undone_ms: int | None


class LabelIn(Asked):
    """Of an anomaly, an incident, or a span of a series: one of the three."""

    label: SaidName
    anomaly: Id | None = None
    incident: Id | None = None
    series: (
        Annotated[str, Field(pattern="^[0-9a-f]{16}$", description="a series' id, 16 hexadecimal digits")]
        | None
    ) = None
    from_ms: Moment | None = Field(default=None, description="of a span; event time")
    to_ms: Moment | None = Field(default=None, description="of a span, exclusive")
    note: str = ""


class LabelOut(Answer):
    id: str
    label: SaidName
    kind: Literal["anomaly", "incident", "span"]
    target: str = Field(description="id of the anomaly, the incident, or the span's series")
    series_id: str | None
    from_ms: int
    to_ms: int | None = Field(description="null: what is labelled went on")
    user: str
    note: str
    at: str
    at_ms: int
    undone_by: str | None
    undone_ms: int | None
    rules: bool = Field(description="the newest of its kind that holds for this target")
    conflict: bool = Field(description="somebody's newest label of it says something else")


class RehearsedOut(Answer):
    """An anomaly of a rehearsal; its id is that of the anomaly told, where there is one."""

    id: str
    series: str
    kind: str
    onset_ms: int
    end_ms: int | None
    score: float
    confirmed: bool = Field(description="somebody called it, or its span, true")


class RehearsalOut(Answer):
    """What a label would have changed in the last days, scored twice in shadow. Nothing was set."""

    dry_run: Literal[True] = True
    label: SaidName
    from_ms: int
    to_ms: int
    series: int = Field(description="how many were scored: those meant, and siblings")
    vanish: list[RehearsedOut]
    appear: list[RehearsedOut]


def act(value: Act) -> ActOut:
    return ActOut(
        id=value.id,
        verb=value.verb.value,
        incident_id=value.incident_id,
        others=[other.anomaly_id for other in value.others],
        user=value.user,
        at=rfc3339(value.at_ms),
        at_ms=value.at_ms,
        comment=value.comment,
        undone_by=value.undone_by,
        undone_ms=value.undone_ms,
    )


def label(told: Judged) -> LabelOut:
    value: Label = told.label
    target = value.target
    return LabelOut(
        id=value.id,
        label=value.said.value,
        kind=target.kind.value,
        target=target.id,
        series_id=target.series_id or None,
        from_ms=target.from_ms,
        to_ms=target.to_ms,
        user=value.user,
        note=value.note,
        at=rfc3339(value.at_ms),
        at_ms=value.at_ms,
        undone_by=value.undone_by,
        undone_ms=value.undone_ms,
        rules=told.rules,
        conflict=told.conflict,
    )


def rehearsal(told: Rehearsal) -> RehearsalOut:
    confirmed = {one.id for one in told.confirmed}
    return RehearsalOut(
        label=told.label.said.value,
        from_ms=told.from_ms,
        to_ms=told.to_ms,
        series=told.series,
        vanish=[_rehearsed(one, one.id in confirmed) for one in told.vanish],
        appear=[_rehearsed(one, False) for one in told.appear],
    )


def _rehearsed(one: Anomaly, confirmed: bool) -> RehearsedOut:
    return RehearsedOut(
        id=one.id,
        series=str(one.series),
        kind=one.kind.value,
        onset_ms=one.onset_ms,
        end_ms=one.end_ms,
        score=one.score,
        confirmed=confirmed,
    )
