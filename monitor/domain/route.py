"""A route: which incidents are told of, to whom, when and how often."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from monitor.domain.declared import matches
from monitor.domain.series import Identity

DEFAULT = "default"
"""The route of this name is asked last, for what no other one fitted."""
DAY_MINUTES = 24 * 60
PRIORITIES = ("P4", "P3", "P2", "P1")
"""From the least to the most urgent."""


class Digest(StrEnum):
    """How often a route's incidents are told of together instead of one by one."""

    NEVER = "never"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Hours:
    """On these days (0 is Monday) from one minute of the day until another, exclusive; where that is not
    later, until then on the next day."""

    days: tuple[int, ...]
    from_minute: int = 0
    until_minute: int = DAY_MINUTES

    def hold(self, day: int, minute: int) -> bool:
        """
        >>> night = Hours((4,), 22 * 60, 6 * 60)
        >>> night.hold(4, 23 * 60), night.hold(5, 60), night.hold(5, 23 * 60)
        (True, True, False)
        """
        if self.from_minute < self.until_minute:
            return day in self.days and self.from_minute <= minute < self.until_minute
        began_yesterday = (day - 1) % 7 in self.days and minute < self.until_minute
        return began_yesterday or (day in self.days and minute >= self.from_minute)


@dataclass(frozen=True, slots=True)
class Route:
    """An incident fits if it has all that is asked for; what is empty asks for nothing.

    ``metrics``: names or patterns, of which a member series has one, and with it every one of ``tags``
    (``*`` in a value stands for any characters). ``priority``: that or a more urgent one. ``team``: None
    is any, empty those without. ``hours``: of the week in ``timezone``; outside them the route does not fit.
    Routes are asked by (``position``, name), and the first that fits is taken; ``goes_on``: the next ones
    are asked too. ``delay_s``: how long an opening waits for what belongs to it. ``interval_s``: between two
    updates at least; ``repeat_s``: after which an incident that is still open is told of again, 0 never.
    ``upstream``: not while an incident of a series that feeds a member (declared lineage) is open.
    ``broader``: not while an incident of more series is open whose members all have one value of each of
    these tags, the same as this one's. ``backfill``: also what is older than live.
    """

    name: str
    receivers: tuple[str, ...] = ()
    position: int = 100
    team: str | None = None
    metrics: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    priority: str = ""
    severity: float = 0.0
    score: float = 0.0
    hours: tuple[Hours, ...] = ()
    timezone: str = "UTC"
    goes_on: bool = False
    delay_s: int = 30
    interval_s: int = 300
    repeat_s: int = 4 * 3_600
    digest: Digest = Digest.NEVER
    upstream: bool = True
    broader: tuple[str, ...] = ()
    backfill: bool = False

    def awake(self, at_ms: int) -> bool:
        """Do the hours hold at a time?

        >>> Route("a", hours=(Hours((0,)),)).awake(4 * 86_400_000), Route("a").awake(0)
        (True, True)
        """
        if not self.hours:
            return True
        local = self.local(at_ms)
        minute = local.hour * 60 + local.minute
        return any(one.hold(local.weekday(), minute) for one in self.hours)

    def selects(self, series: Identity) -> bool:
        """Is a series one of those that the route asks for?

        >>> Route("a", metrics=("cpu*",)).selects(Identity.of("cpu_1")), Route("a").selects(Identity.of("x"))
        (True, True)
        """
        if self.metrics and not any(matches(pattern, series.metric) for pattern in self.metrics):
            return False
        tags = dict(series.tags)
        return all(key in tags and matches(value, tags[key]) for key, value in self.tags)

    def local(self, at_ms: int) -> datetime:
        """A time in the route's zone."""
        return datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(_zone(self.timezone))

    def to_body(self) -> dict[str, Any]:
        """Everything but the name, as plain values.

        >>> Route.from_body("a", Route("a", tags=(("x", "y"),)).to_body()).tags
        (('x', 'y'),)
        """
        body = asdict(self)
        del body["name"]
        body["tags"] = dict(self.tags)
        body["digest"] = self.digest.value
        return body

    @staticmethod
    def from_body(name: str, body: Mapping[str, Any]) -> Route:
        known = {field.name for field in fields(Route)}
        values = {key: value for key, value in body.items() if key in known}
        for key in ("receivers", "metrics", "broader"):
            values[key] = tuple(values.get(key, ()))
        values["tags"] = tuple(sorted(dict(values.get("tags", {})).items()))
        values["hours"] = tuple(
            Hours(tuple(one["days"]), one["from_minute"], one["until_minute"])
            for one in values.get("hours", ())
        )
        values["digest"] = Digest(values.get("digest", "never"))
        return Route(name, **values)


def in_order(routes: Iterable[Route]) -> list[Route]:
    """As they are asked, the default one last.

    >>> [one.name for one in in_order([Route(DEFAULT, position=0), Route("b"), Route("a")])]
    ['a', 'b', 'default']
    """
    return sorted(routes, key=lambda one: (one.name == DEFAULT, one.position, one.name))


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
