"""What is known of an incident when somebody judges it, or is to be told of it: what a ranking goes by.

A label carries the traits of what it is said of, as it was then. So what is learned from labels is a function
of the log, whatever becomes of the incident later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import Incident

TAGS_MAX = 20


@dataclass(frozen=True, slots=True)
class Traits:
    """``minutes``: how long it has lasted; ``series``: how many it has; ``kind`` and ``direction``: of its
    worst member; ``hour``: of the day at which it began, in its series' own zone. ``metric``, ``tags``,
    ``metric_class`` and ``family`` (of the model that judged it): of the series it began with; empty where
    not known."""

    score: float
    minutes: float
    series: int
    kind: str
    direction: int
    hour: int
    metric: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    metric_class: str = ""
    family: str = ""

    def to_body(self) -> dict[str, Any]:
        return asdict(self) | {"tags": [list(tag) for tag in self.tags]}

    @staticmethod
    def from_body(body: Mapping[str, Any]) -> Traits:
        """
        >>> one = Traits(71.0, 5.0, 2, "spike", 1, 13, "orders", (("country", "NL"),), "count", "ema")
        >>> Traits.from_body(one.to_body()) == one
        True
        """
        return Traits(**{**body, "tags": tuple((key, value) for key, value in body["tags"])})


def traits_of(incident: Incident, row: Mapping[str, Any]) -> Traits:
    """``row``: that of the series it began with (`Monitor.series_one`); empty if there is none any more. Of
    an incident that goes on the length is that up to the newest bucket of that series."""
    end_ms = incident.end_ms if incident.end_ms is not None else int(row.get("last_ms", incident.start_ms))
    zone = ZoneInfo(str(row["timezone"])) if row else UTC
    return Traits(
        score=incident.score,
        minutes=max(end_ms - incident.start_ms, 0) / MINUTE_MS,
        series=incident.series_count,
        kind=incident.kind,
        direction=incident.direction,
        hour=datetime.fromtimestamp(incident.start_ms / 1_000, zone).hour,
        metric=str(row.get("metric", "")),
        tags=tuple(sorted(row.get("tags", {}).items()))[:TAGS_MAX],
        metric_class=str(row.get("class", "")),
        family=str(row.get("champion", "")),
    )
