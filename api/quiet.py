"""Shapes of mutes and calendars, and how they come of what was asked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.relations import Moment
from api.schemas import Answer, rfc3339
from monitor.domain.calendar import Calendar, Mode
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import BadRequest
from monitor.domain.mute import Mute, Selector, Weekly
from monitor.muting import Hits

_Text = Annotated[str, Field(min_length=1, max_length=256)]
_Name = Annotated[str, Field(min_length=1, max_length=128)]


class SelectorShape(BaseModel):
    """What is meant: series of a metric or pattern with all of these tags, incidents of a team, or one
    incident. ``*`` stands for any characters. What is left out narrows nothing."""

    model_config = ConfigDict(extra="forbid")

    metric: _Text = "*"
    tags: Annotated[dict[_Text, _Text], Field(max_length=40)] = {}
    team: Annotated[str | None, Field(max_length=128)] = None
    incident: Annotated[str, Field(max_length=128)] = ""

    def selector(self) -> Selector:
        return Selector(self.metric, tuple(sorted(self.tags.items())), self.team, self.incident).checked()


class WeeklyShape(BaseModel):
    """Every week on these days (0 is Monday) from ``from_minute`` of the day on, by the clocks of
    ``zone``."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    from_minute: Annotated[int, Field(ge=0, lt=1_440)]
    minutes: Annotated[int, Field(gt=0, le=10_080)]
    zone: Annotated[str, Field(max_length=64)] = "UTC"


class MuteIn(BaseModel):
    """A mute or maintenance window of at most 30 days."""

    model_config = ConfigDict(extra="forbid")

    selector: SelectorShape
    reason: Annotated[str, Field(min_length=1, max_length=512)]
    start_ms: Moment | None = Field(default=None, description="from when on; now, if left out")
    end_ms: Moment | None = Field(default=None, description="until when; or say minutes")
    minutes: Annotated[int, Field(gt=0, le=43_200)] | None = None
    weekly: WeeklyShape | None = None
    notices: bool = Field(
        default=True, description="nobody is told of an incident whose series are all muted"
    )
    learning: bool = Field(
        default=False,
        description="models of the series learn nothing meanwhile, and go on as they were at its end",
    )
    incidents: bool = Field(
        default=False,
        description="anomalies that begin meanwhile are in no incident; what goes on at the end begins one",
    )
    force: bool = Field(default=False, description="needed for a mute that selects everything")

    def mute(self, id: str, author: str, now_ms: int, selector: Selector) -> Mute:
        """Raises BadRequest for what may not be."""
        if selector.everything and not self.force:
            raise BadRequest("this selects everything: say force as well, if it is meant")
        start_ms = self.start_ms if self.start_ms is not None else now_ms
        if (self.end_ms is None) == (self.minutes is None):
            raise BadRequest("either end_ms or minutes")
        end_ms = self.end_ms if self.end_ms is not None else start_ms + (self.minutes or 0) * MINUTE_MS
        weekly = None
        if self.weekly is not None:
            said = self.weekly
            weekly = Weekly(tuple(sorted(set(said.days))), said.from_minute, said.minutes, said.zone)
        return Mute(
            id=id,
            selector=selector,
            start_ms=start_ms,
            end_ms=end_ms,
            author=author,
            reason=self.reason,
            notices=self.notices,
            learning=self.learning,
            incidents=self.incidents,
            weekly=weekly,
            created_ms=now_ms,
        )


class MuteOut(Answer):
    id: str
    selector: SelectorShape
    text: str = Field(description="the selector in one line")
    state: str = Field(description="to come, muting, between its weekly hours, or over")
    start_ms: int
    start: str
    end_ms: int
    end: str
    weekly: WeeklyShape | None
    notices: bool
    learning: bool
    incidents: bool
    author: str
    reason: str


class MutePreviewIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    selector: SelectorShape


class MutedIncident(Answer):
    id: str
    title: str
    score: float
    start_ms: int


class MutePreview(Answer):
    """What a selector hits now."""

    series: int
    whole: bool = Field(description="false: only the first 100,000 series were looked at")
    names: list[str] = Field(description="the first 50 of the series")
    incidents: list[MutedIncident] = Field(description="open ones of which nobody would be told any more")


class CalendarIn(BaseModel):
    """Either a calendar file, or the holidays of a country and, if wanted, a region."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    selector: SelectorShape = SelectorShape()
    ics: Annotated[str, Field(max_length=262_144, description="an iCalendar file")] | None = None
    country: (
        Annotated[str, Field(pattern="^[A-Za-z]{2,3}$", description="a country's code, as DE")] | None
    ) = None
    region: (
        Annotated[str, Field(pattern="^[A-Za-z0-9 _-]{1,40}$", description="a region's code, as BY")] | None
    ) = None
    zone: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="time zone of days; that of the server's settings, if left out"
    )
    before_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0
    after_minutes: Annotated[int, Field(ge=0, le=10_080)] = 0
    mode: Mode = Field(
        default=Mode.SUPPRESS_ALERT, description="nobody is told, or models do not learn, in its entries"
    )
    force: bool = Field(default=False, description="needed for a calendar that selects everything")


class CalendarSpan(Answer):
    start_ms: int
    end_ms: int
    title: str


class CalendarOut(Answer):
    id: str
    name: str
    source: str
    mode: Mode
    selector: SelectorShape
    before_minutes: int
    after_minutes: int
    author: str
    spans: int
    until_ms: int = Field(description="the end of its last entry: it holds none after that")
    next: list[CalendarSpan] = Field(description="the next ten entries, and the one that holds now")


def mute(value: Mute, now_ms: int) -> MuteOut:
    weekly = value.weekly
    return MuteOut(
        id=value.id,
        selector=selector(value.selector),
        text=value.selector.text,
        state=_state(value, now_ms),
        start_ms=value.start_ms,
        start=rfc3339(value.start_ms),
        end_ms=value.until_ms,
        end=rfc3339(value.until_ms),
        weekly=None
        if weekly is None
        else WeeklyShape(
            days=list(weekly.days), from_minute=weekly.from_minute, minutes=weekly.minutes, zone=weekly.zone
        ),
        notices=value.notices,
        learning=value.learning,
        incidents=value.incidents,
        author=value.author,
        reason=value.reason,
    )


def preview(hits: Hits) -> MutePreview:
    incidents = [
        MutedIncident(id=one.id, title=one.title, score=one.score, start_ms=one.start_ms)
        for one in hits.incidents
    ]
    return MutePreview(series=hits.series, whole=hits.whole, names=list(hits.names), incidents=incidents)


def calendar(value: Calendar, now_ms: int) -> CalendarOut:
    later = [span for span in value.spans if span.end_ms > now_ms][:10]
    return CalendarOut(
        id=value.id,
        name=value.name,
        source=value.source,
        mode=value.mode,
        selector=selector(value.selector),
        before_minutes=value.before_ms // MINUTE_MS,
        after_minutes=value.after_ms // MINUTE_MS,
        author=value.author,
        spans=len(value.spans),
        until_ms=max(span.end_ms for span in value.spans),
        next=[CalendarSpan(start_ms=one.start_ms, end_ms=one.end_ms, title=one.title) for one in later],
    )


def selector(value: Selector) -> SelectorShape:
    return SelectorShape(metric=value.metric, tags=dict(value.tags), team=value.team, incident=value.incident)


def said(value: Mute | Calendar) -> dict[str, Any]:
    """As the audit log tells of it."""
    body = value.to_body()
    if isinstance(value, Calendar):
        return {**body, "spans": len(value.spans)}
    return body


def _state(value: Mute, now_ms: int) -> str:
    if now_ms >= value.until_ms:
        return "over"
    if now_ms < value.start_ms:
        return "to come"
    return "muting" if value.active(now_ms) else "between its weekly hours"
