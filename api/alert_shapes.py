"""Shapes of alerts: routes and receivers as they are declared and shown, and what was sent by them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from api.schemas import Answer, NotNegative, is_zone
from monitor.domain.destination import Destination
from monitor.domain.route import Digest, Hours, Route

Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$",
        description="a letter or digit, then up to 63 letters, digits, spaces, or any of . _ -",
    ),
]
Pattern = Annotated[str, Field(min_length=1, max_length=256)]
Seconds = Annotated[int, Field(ge=0, le=30 * 86_400)]
Clock = Annotated[
    str,
    Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="a time from 00:00 to 24:00, as 08:30"),
]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class HoursIn(BaseModel):
    """Where ``until`` is not later than ``from``, until then on the next day."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    from_: Clock = Field(default="00:00", alias="from")
    until: Clock = "24:00"


class RouteIn(BaseModel):
    """What is left out asks for nothing: a route without conditions fits every incident."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    receivers: Annotated[list[Name], Field(max_length=20)] = Field(
        default=[], description="none: who takes this route is told to nobody"
    )
    position: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=100, description="routes are asked in this order, then by name; the one named default last"
    )
    team: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="null: any team; empty: those of none"
    )
    metrics: Annotated[list[Pattern], Field(max_length=100)] = []
    tags: Annotated[dict[Pattern, Pattern], Field(max_length=20)] = Field(
        default={}, description="of one member series all of these; * stands for any characters"
    )
    priority: Literal["P1", "P2", "P3", "P4"] | None = Field(default=None, description="or more urgent")
    severity: NotNegative = 0.0
    score: NotNegative = 0.0
    hours: Annotated[list[HoursIn], Field(max_length=20)] = []
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    continue_: bool = Field(default=False, alias="continue", description="the next routes are asked too")
    delay_s: Seconds = Field(default=30, description="how long an opening waits for what belongs to it")
    interval_s: Seconds = Field(default=300, description="between two updates, at least")
    repeat_s: Seconds = Field(default=4 * 3_600, description="told again while open; 0: never")
    digest: Literal["day", "week"] | None = Field(
        default=None, description="all of a day or week together, instead of one by one"
    )
    upstream: bool = Field(
        default=True, description="not while an incident of what feeds a member (declared lineage) is open"
    )
    broader: Annotated[list[Pattern], Field(max_length=10)] = Field(
        default=[], description="tags: not while a larger incident with the same value of each is open"
    )
    backfill: bool = Field(default=False, description="also what happened more than a day ago")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not is_zone(name):
            raise ValueError("no such time zone")
        return name

    @field_validator("metrics", "broader")
    @classmethod
    def _printable(cls, texts: list[str]) -> list[str]:
        if not all(text.isprintable() for text in texts):
            raise ValueError("control characters")
        return texts

    @property
    def asks(self) -> bool:
        """Is there anything that an incident must have?"""
        conditions = (self.metrics, self.tags, self.priority, self.severity, self.score, self.hours)
        return any(conditions) or self.team is not None

    def route(self, name: str) -> Route:
        return Route(
            name=name,
            receivers=tuple(dict.fromkeys(self.receivers)),
            position=self.position,
            team=self.team,
            metrics=tuple(self.metrics),
            tags=tuple(sorted(self.tags.items())),
            priority=self.priority or "",
            severity=self.severity,
            score=self.score,
            hours=tuple(_hours(one) for one in self.hours),
            timezone=self.timezone,
            goes_on=self.continue_,
            delay_s=self.delay_s,
            interval_s=self.interval_s,
            repeat_s=self.repeat_s,
            digest=Digest(self.digest or "never"),
            upstream=self.upstream,
            broader=tuple(self.broader),
            backfill=self.backfill,
        )


class RouteOut(RouteIn):
    name: str


class ReceiverIn(BaseModel):
    """``settings`` are those of the kind. A secret is named, as ``env:WATCHKEEPER_SECRET_…`` or
    ``file:NAME``, and never given."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, Field(min_length=1, max_length=32)]
    settings: Annotated[dict[str, Any], Field(max_length=50)] = {}
    team: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="whose routes may name it; null: those of no team"
    )
    fallback: Annotated[str, Field(max_length=64)] = Field(
        default="", description="the receiver that is told when this one takes no notices"
    )


class ReceiverOut(ReceiverIn):
    name: str
    unreachable_since_ms: int | None = None
    trouble: str = ""


class Trial(Answer):
    delivered: bool
    answer: str


class PreviewIn(BaseModel):
    """``route`` null: as if there were none of that name. Without a name: routes as they are."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    route: RouteIn | None = None
    days: Annotated[int, Field(ge=1, le=90)] = 7


def route_out(route: Route) -> RouteOut:
    values = {name: getattr(route, name) for name in RouteIn.model_fields if hasattr(route, name)}
    return RouteOut(
        **values
        | {
            "name": route.name,
            "receivers": list(route.receivers),
            "metrics": list(route.metrics),
            "tags": dict(route.tags),
            "priority": route.priority or None,
            "hours": [_hours_out(one) for one in route.hours],
            "continue_": route.goes_on,
            "digest": None if route.digest is Digest.NEVER else route.digest.value,
            "broader": list(route.broader),
        }
    )


def receiver_out(one: Destination) -> ReceiverOut:
    return ReceiverOut(
        name=one.name,
        kind=one.kind,
        settings=dict(one.settings),
        team=one.team,
        fallback=one.fallback,
        unreachable_since_ms=one.unreachable_ms,
        trouble=one.trouble,
    )


def _hours(said: HoursIn) -> Hours:
    days = tuple(sorted(DAYS.index(day) for day in set(said.days)))
    return Hours(days, _minutes(said.from_), _minutes(said.until))


def _hours_out(hours: Hours) -> dict[str, Any]:
    return {
        "days": [DAYS[day] for day in hours.days],
        "from": _text(hours.from_minute),
        "until": _text(hours.until_minute),
    }


def _minutes(text: str) -> int:
    """
    >>> _minutes("08:30"), _text(_minutes("24:00"))
    (510, '24:00')
    """
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
