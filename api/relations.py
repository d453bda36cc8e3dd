"""Shapes of the topology: edges, communities, declared links, changes, and why a member is in its
incident."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.feedback import ActOut, LabelOut
from api.schemas import Answer, IncidentDetail, rfc3339
from monitor.correlation.network import Community
from monitor.domain.acts import Tie
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import IncidentTransition, PlacedAnomaly, SimilarIncident
from monitor.domain.topology import Bond, Evidence, LearnedEdge

TIME_MS_MAX = 41_024_448_000_000
Moment = Annotated[int, Field(ge=0, le=TIME_MS_MAX)]
Selector = Annotated[str, Field(min_length=1, max_length=512)]


class TopologyEdge(Answer):
    source_id: str
    source: str
    target_id: str
    target: str
    evidence: str
    decades: float = Field(description="−log10 of the chance that unrelated series agree so")
    lag_ms: int = Field(description="how long after the source the target begins")
    count: int = Field(description="occasions on which both began")
    of: int = Field(description="onsets of the rarer one")
    last_ms: int
    text: str


class TopologyTie(Answer):
    """What a person taught by merging, splitting or moving: the series of the two sides belong together, or
    are ``apart``, for what begins from ``since_ms`` on."""

    one: list[str]
    other: list[str]
    apart: bool
    since_ms: int


class LineageLink(BaseModel):
    """``upstream`` feeds ``downstream``; both select series: ``metric``, ``pattern*``,
    ``metric{tag=value}``."""

    model_config = ConfigDict(extra="forbid")

    upstream: Selector
    downstream: Selector
    since_ms: Moment | None = None


class TopologyPage(Answer):
    """Learned edges of the newest graph; ``version_ms`` is the day it was made for, null before the first.
    With the first page come the other kinds of edges: ``lineage`` as it is declared, and the newest
    ``ties``."""

    version_ms: int | None
    items: list[TopologyEdge]
    lineage: list[LineageLink] = []
    ties: list[TopologyTie] = []
    next: str | None = None


class TopologyCommunity(Answer):
    size: int
    hubs: list[str]
    members: list[str]


class LineageLinks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    links: Annotated[list[LineageLink], Field(max_length=10_000)]


class ChangeIn(BaseModel):
    """A deployment, a configuration, a holiday: what may have been the cause."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=512)]
    kind: Annotated[str, Field(min_length=1, max_length=32)] = "change"
    at_ms: Moment | None = Field(default=None, description="when; now, if left out")
    tags: Annotated[dict[str, str], Field(max_length=32)] = {}


class ChangeOut(Answer):
    id: str
    at: str
    at_ms: int
    kind: str
    title: str
    tags: dict[str, str]


class MemberEvidence(Answer):
    """Why an anomaly is in its incident: what it joined because of."""

    anomaly_id: str
    series: str
    evidence: str | None = Field(description="null for a member that others joined")
    because_of: str | None = Field(description="the anomaly it was tied to")
    decades: float | None
    lag_ms: int | None
    text: str


class StepOut(Answer):
    """One step in an incident's life; ``at_ms`` is the event time reached when it was noticed."""

    kind: str
    at_ms: int
    member_count: int
    score: float


class Similar(Answer):
    id: str
    title: str
    start_ms: int
    shared: int = Field(description="series that both have")
    likeness: float = Field(description="shared over the series of either")
    labels: list[str] = Field(description="what was said of it and of its anomalies, the newest first")


class IncidentStory(IncidentDetail):
    evidence: list[MemberEvidence]
    changes: list[ChangeOut] = Field(description="of the day before, and while it went on; the newest first")
    similar: list[Similar] = Field(description="earlier incidents of much the same series")
    acts: list[ActOut] = Field(description="what people did to it, the first act first")
    labels: list[LabelOut] = Field(description="what people said of it, the newest first")
    steps: list[StepOut] = Field(description="of its life, the first one first")


def edge(value: LearnedEdge) -> TopologyEdge:
    lag = duration(value.lag_ms)
    text = f"{value.target_name} began {lag} after {value.source_name}, {value.count} of {value.of} times"
    return TopologyEdge(
        source_id=value.source,
        source=value.source_name,
        target_id=value.target,
        target=value.target_name,
        evidence=Evidence.TOGETHER.value,
        decades=value.decades,
        lag_ms=value.lag_ms,
        count=value.count,
        of=value.of,
        last_ms=value.last_ms,
        text=text,
    )


def community(value: Community) -> TopologyCommunity:
    return TopologyCommunity(size=len(value.members), hubs=list(value.hubs), members=list(value.members))


def change(value: ChangeEvent) -> ChangeOut:
    at = rfc3339(value.at_ms)
    tags = dict(value.tags)
    return ChangeOut(id=value.id, at=at, at_ms=value.at_ms, kind=value.kind, title=value.title, tags=tags)


def step(value: IncidentTransition) -> StepOut:
    return StepOut(
        kind=value.kind.value, at_ms=value.at_ms, member_count=value.member_count, score=value.score
    )


def similar(value: SimilarIncident) -> Similar:
    return Similar(**{name: getattr(value, name) for name in SimilarIncident.__slots__})


def evidence(members: Sequence[PlacedAnomaly]) -> list[MemberEvidence]:
    """A line for each bond of each member, in the members' order; one for a member without."""
    names = {placed.anomaly.id: str(placed.anomaly.series) for placed in members}
    told: list[MemberEvidence] = []
    for place, placed in enumerate(members):
        series = str(placed.anomaly.series)
        for bond in placed.bonds:
            text = said(bond, names)
            told.append(
                MemberEvidence(
                    anomaly_id=placed.anomaly.id,
                    series=series,
                    evidence=bond.kind.value,
                    because_of=bond.other,
                    decades=bond.decades,
                    lag_ms=bond.lag_ms,
                    text=text,
                )
            )
        if not placed.bonds:
            text = "the first to begin" if place == 0 else "began by itself; a later member ties it in"
            told.append(
                MemberEvidence(
                    anomaly_id=placed.anomaly.id,
                    series=series,
                    evidence=None,
                    because_of=None,
                    decades=None,
                    lag_ms=None,
                    text=text,
                )
            )
    return told


def said(bond: Bond, names: Mapping[str, str]) -> str:
    """A bond in words.

    >>> said(Bond(Evidence.TAG, "00ab-1f-a", 2.0, 120_000, "host=a"), {"00ab-1f-a": "errors{host=a}"})
    'began 2 min after errors{host=a}, which has host=a too: 1 in 100 by chance'
    """
    other = names.get(bond.other, "one that is no member any more")
    when = f"began {duration(bond.lag_ms)} after {other}" if bond.lag_ms else f"began together with {other}"
    if bond.kind is Evidence.CONFIRMED:
        return f"{when}, and people said that they belong together"
    if bond.kind is Evidence.AGAIN:
        return f"{when}, one of {bond.what} that the series began of late"
    if bond.kind is Evidence.LINEAGE:
        return f"{when}, tied to it by declared lineage ({bond.what})"
    chance = f"1 in {10 ** min(bond.decades, 9.0):,.0f} by chance"
    if bond.kind is Evidence.TOGETHER:
        return f"{when}, as they did before ({bond.what}): {chance}"
    if bond.kind is Evidence.PRECEDENT:
        return f"{when}, and was with its incident before at this lag ({bond.what}): {chance}"
    return f"{when}, which has {bond.what} too: {chance}"


def duration(span_ms: int) -> str:
    """
    >>> duration(5_400_000), duration(0), duration(120_000)
    ('1.5 h', '0 min', '2 min')
    """
    for unit_ms, unit in ((DAY_MS, "d"), (HOUR_MS, "h")):
        if span_ms >= unit_ms:
            return f"{round(span_ms / unit_ms, 1):g} {unit}"
    return f"{round(span_ms / 60_000, 1):g} min"


def tie(value: Tie) -> TopologyTie:
    one, other = ([name for _, name in side] for side in (value.one, value.other))
    return TopologyTie(one=one, other=other, apart=value.apart, since_ms=value.since_ms)
