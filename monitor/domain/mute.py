"""A mute: what is to be quiet, in which of three ways, from when to when, and who wants it so.

A maintenance window is a mute that lies in the future, or comes back every week. Times are wall times in UTC
milliseconds; the hours of a week are those of a time zone, so a window at night stays there when clocks
change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.domain.declared import matches
from monitor.domain.durations import DAY_MS, MINUTE_MS
from monitor.domain.errors import BadRequest
from monitor.domain.incident import Incident
from monitor.domain.series import Identity

LONGEST_MS = 30 * DAY_MS
AHEAD_MS = 366 * DAY_MS
PATTERN_BYTES = 256
TAGS_MAX = 40
REASON_MAX = 512
PAUSES_MAX = 62
"""Pauses of learning that a shard keeps, a bit each; those beyond have no effect there, and are refused."""
PAUSE_KEPT_MS = 14 * DAY_MS
"""A pause is kept for so long after its end: samples of its time may be as late."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Series that fit ``metric`` (``*`` stands for any characters) and all of ``tags`` (likewise), in
    incidents of ``team``, or in the one ``incident``; what is left out fits everything.

    >>> selector = Selector("latency.*", (("service", "web*"),))
    >>> selector.selects(Identity.of("latency.p99", {"service": "web-1"}))
    True
    >>> Selector("*", (("host", "*"),)).everything, Selector("**").everything
    (False, True)
    """

    metric: str = "*"
    tags: tuple[tuple[str, str], ...] = ()
    team: str | None = None
    incident: str = ""

    @property
    def everything(self) -> bool:
        return not self.metric.strip("*") and not self.tags and self.team is None and not self.incident

    @property
    def by_series(self) -> bool:
        """Does it depend on the series of an incident?"""
        return bool(self.metric.strip("*") or self.tags)

    def concerns(self, incident: Incident) -> bool:
        """May series of this incident be meant?"""
        return self.team in (None, incident.team) and self.incident in ("", incident.id)

    def selects(self, series: Identity) -> bool:
        if not matches(self.metric, series.metric):
            return False
        tags = dict(series.tags)
        return all(key in tags and matches(value, tags[key]) for key, value in self.tags)

    def checked(self) -> Selector:
        """Itself. Raises BadRequest for texts that are too long or hold control characters."""
        texts = [self.metric, self.incident, self.team or "", *(text for tag in self.tags for text in tag)]
        if not self.metric or len(self.tags) > TAGS_MAX:
            raise BadRequest(f"selector: a metric or pattern, and at most {TAGS_MAX} tags")
        if any(
            len(text.encode(errors="replace")) > PATTERN_BYTES or not text.isprintable() for text in texts
        ):
            raise BadRequest(f"selector: at most {PATTERN_BYTES} bytes a text, and no control characters")
        return self

    def to_body(self) -> dict[str, Any]:
        """Plain values, as in the log."""
        return {
            "metric": self.metric,
            "tags": [list(tag) for tag in self.tags],
            "team": self.team,
            "incident": self.incident,
        }

    @property
    def text(self) -> str:
        """
        >>> Selector("cpu*", (("host", "a"),), "web").text
        'cpu*{host=a}, team web'
        """
        tags = ",".join(f"{key}={value}" for key, value in self.tags)
        said = self.metric + (f"{{{tags}}}" if tags else "")
        said += "" if self.team is None else f", team {self.team}"
        return said + (f", incident {self.incident}" if self.incident else "")


@dataclass(frozen=True, slots=True)
class Weekly:
    """Every week on ``days`` (Monday is 0) from minute ``from_minute`` of the day on, ``minutes`` long, by
    the clocks of ``zone``."""

    days: tuple[int, ...]
    from_minute: int
    minutes: int
    zone: str = "UTC"

    def covers(self, at_ms: int) -> bool:
        """
        >>> nights = Weekly((0,), 23 * 60, 120, "Europe/Berlin")  # Mondays 23:00 to Tuesdays 01:00
        >>> [nights.covers(ms) for ms in (1_767_650_400_000, 1_767_654_000_000, 1_767_657_600_000)]
        [True, True, False]
        """
        civil = datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(ZoneInfo(self.zone))
        minute = civil.hour * 60 + civil.minute
        for days_ago in range(self.minutes // 1_440 + 2):
            since = minute + 1_440 * days_ago - self.from_minute
            if 0 <= since < self.minutes and (civil.weekday() - days_ago) % 7 in self.days:
                return True
        return False

    def spans(self, from_ms: int, until_ms: int) -> list[tuple[int, int]]:
        """What of [from, until) is covered, as spans in order, none touching another: as `covers` says it of
        each minute. 2 µs a minute.

        >>> nights = Weekly((0,), 23 * 60, 120, "Europe/Berlin")
        >>> nights.spans(1_767_571_200_000, 1_768_176_000_000)
        [(1767650400000, 1767657600000)]
        """
        found: list[tuple[int, int]] = []
        since: int | None = None
        at_ms = from_ms
        while at_ms < until_ms:
            inside = self.covers(at_ms)
            if inside and since is None:
                since = at_ms
            elif not inside and since is not None:
                found.append((since, at_ms))
                since = None
            at_ms = (at_ms // MINUTE_MS + 1) * MINUTE_MS
        return found if since is None else [*found, (since, until_ms)]

    def checked(self) -> Weekly:
        """Itself. Raises BadRequest for what no week has."""
        if not self.days or not set(self.days) <= set(range(7)):
            raise BadRequest("weekly: days are 0 (Monday) to 6")
        if not 0 <= self.from_minute < 1_440 or not 0 < self.minutes <= 7 * 1_440:
            raise BadRequest("weekly: from_minute lies in a day, and minutes in a week")
        known_zone(self.zone)
        return self


@dataclass(frozen=True, slots=True)
class Mute:
    """In force from ``start_ms`` to ``end_ms`` (exclusive), or to ``ended_ms`` where somebody has ended it.
    ``notices``: nobody is told. ``learning``: models do not learn (`monitor.shard.pauses`). ``incidents``: no
    incident begins (`monitor.domain.windows`)."""

    id: str
    selector: Selector
    start_ms: int
    end_ms: int
    author: str
    reason: str
    notices: bool = True
    incidents: bool = False
    learning: bool = False
    weekly: Weekly | None = None
    created_ms: int = 0
    ended_ms: int | None = None

    @property
    def until_ms(self) -> int:
        return self.end_ms if self.ended_ms is None else min(self.end_ms, self.ended_ms)

    def active(self, at_ms: int) -> bool:
        within = self.start_ms <= at_ms < self.until_ms
        return within and (self.weekly is None or self.weekly.covers(at_ms))

    @property
    def spans(self) -> list[tuple[int, int]]:
        """When it is in force, its weekly hours written out, in order."""
        if self.weekly is None:
            return [(self.start_ms, self.end_ms)]
        return self.weekly.spans(self.start_ms, self.end_ms)

    def checked(self) -> Mute:
        """Itself. Raises BadRequest for what may not be: in particular a mute longer than 30 days."""
        self.selector.checked()
        if not self.start_ms < self.end_ms:
            raise BadRequest("a mute ends after it has begun")
        if self.end_ms - self.start_ms > LONGEST_MS:
            raise BadRequest("a mute may last 30 days at most")
        if self.end_ms <= self.created_ms or self.start_ms > self.created_ms + AHEAD_MS:
            raise BadRequest("a mute ends in the future, and begins within a year")
        if not (self.notices or self.incidents or self.learning):
            raise BadRequest("a mute mutes notices, incidents or learning")
        if (self.learning or self.incidents) and self.selector.incident:
            raise BadRequest("learning and incidents are stopped by series, not by incident: select those")
        if not 0 < len(self.reason) <= REASON_MAX or not self.reason.isprintable():
            raise BadRequest(f"reason: 1 to {REASON_MAX} characters, no control characters")
        if self.weekly is not None:
            self.weekly.checked()
        return self

    def to_body(self) -> dict[str, Any]:
        """Plain values, as in the log."""
        body = asdict(self)
        body["selector"] = self.selector.to_body()
        if self.weekly is not None:
            body["weekly"]["days"] = list(self.weekly.days)
        return body

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Mute:
        """
        >>> mute = Mute("m", Selector("a*", (("k", "v"),)), 1, 2, "ann", "why", weekly=Weekly((0, 6), 60, 60))
        >>> Mute.from_body(mute.to_body()) == mute
        True
        """
        weekly = body["weekly"]
        return Mute(
            **{
                **body,
                "selector": selector_of(body["selector"]),
                "weekly": None if weekly is None else Weekly(**{**weekly, "days": tuple(weekly["days"])}),
            }
        )


def selector_of(body: Mapping[str, Any]) -> Selector:
    return Selector(**{**body, "tags": tuple((key, value) for key, value in body["tags"])})


def known_zone(name: str) -> ZoneInfo:
    """Raises BadRequest for a time zone there is not."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise BadRequest(f"no such time zone: {name[:64]!r}") from error
