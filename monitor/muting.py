"""Mutes and calendars as people declare them, what they hit, and why an incident is quiet.

Declared ones are control records in the log, and known to whoever asks as soon as they are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from monitor.alerting.mutes import Series, at, muted
from monitor.domain.calendar import Calendar, Mode
from monitor.domain.errors import NotFound, Refused
from monitor.domain.event import ChangeEvent
from monitor.domain.incident import Incident
from monitor.domain.mute import PAUSE_KEPT_MS, PAUSES_MAX, Mute, Selector
from monitor.domain.records import Control, Kind
from monitor.domain.series import Identity

MUTES_MAX = 1_000
CALENDARS_MAX = 100
LOOKED_AT_MAX = 100_000
"""Series that a preview looks at."""
SHOWN = 50


class Kept(Protocol):
    """The stored projections. What is told twice is told once."""

    def mutes(self) -> Sequence[Mute]: ...

    def calendars(self) -> Sequence[Calendar]: ...

    def tell_mute(self, body: dict[str, Any]) -> None: ...

    def tell_calendar(self, body: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Hits:
    """What a selector hits now: how many series, the first of them, and the open incidents that would be
    quiet. ``whole``: every series was looked at."""

    series: int
    whole: bool
    names: Sequence[str]
    incidents: Sequence[Incident]


@dataclass(frozen=True, slots=True)
class Muting:
    """``tell`` appends a control record and returns when it is on disk; ``series`` are those of an incident,
    as far as they are kept."""

    kept: Kept
    tell: Callable[[Control], None]
    now_ms: Callable[[], int]
    series: Series

    def muted(self, incident: Incident, at_ms: int, series: Sequence[Identity] | None = None) -> str | None:
        """Why nobody is told of an incident at a wall time, in words; None if somebody is. ``series``: its
        own, where they may not be written yet. 1 µs a mute where none is active."""
        quiet = at(self.kept.mutes(), self.kept.calendars(), at_ms)
        return muted(incident, quiet, self.series if series is None else lambda _: series) if quiet else None

    def mutes(self, team: str | None = None, past: bool = False) -> list[Mute]:
        """Those in force or to come, of one team its own; with ``past``, all."""
        now_ms = self.now_ms()
        mine = (one for one in self.kept.mutes() if team in (None, one.selector.team))
        return [one for one in mine if past or one.until_ms > now_ms]

    def mute(self, id: str, team: str | None = None) -> Mute:
        """Raises NotFound, also for another team's."""
        found = next((one for one in self.mutes(team, past=True) if one.id == id), None)
        if found is None:
            raise NotFound("no such mute")
        return found

    def check(self, mute: Mute) -> Mute:
        """Raises BadRequest for what may not be, and Refused for one mute too many."""
        if len(self.mutes()) >= MUTES_MAX:
            raise Refused(f"at most {MUTES_MAX} mutes may be in force or to come", "mutes_max")
        if mute.learning:
            self._check_pauses()
        return mute.checked()

    def add(self, mute: Mute) -> None:
        """In the log when this returns."""
        body: dict[str, Any] = {"mute": mute.to_body()}
        if mute.learning:
            body["pause"] = _pause(mute.id, mute.selector, mute.spans, mute.created_ms)
        self._tell(Kind.MUTE, body, self.kept.tell_mute)

    def end(self, mute: Mute, by: str) -> None:
        """From now on; what is still going on is told of then."""
        self._tell(Kind.MUTE, {"ended": mute.id, "at_ms": self.now_ms(), "by": by}, self.kept.tell_mute)

    def calendars(self, team: str | None = None) -> list[Calendar]:
        return [one for one in self.kept.calendars() if team in (None, one.selector.team)]

    def calendar(self, id: str, team: str | None = None) -> Calendar:
        """Raises NotFound, also for another team's."""
        found = next((one for one in self.calendars(team) if one.id == id), None)
        if found is None:
            raise NotFound("no such calendar")
        return found

    def check_calendar(self, calendar: Calendar) -> Calendar:
        """Raises BadRequest for what may not be, and Refused for one calendar too many."""
        if len(self.kept.calendars()) >= CALENDARS_MAX:
            raise Refused(f"there may be {CALENDARS_MAX} calendars at most", "calendars_max")
        if calendar.mode is Mode.SUPPRESS_LEARNING:
            self._check_pauses()
        return calendar.checked()

    def add_calendar(self, calendar: Calendar) -> None:
        """In the log when this returns."""
        body: dict[str, Any] = {"calendar": calendar.to_body()}
        if calendar.mode is Mode.SUPPRESS_LEARNING:
            body["pause"] = _pause(calendar.id, calendar.selector, calendar.widened, calendar.created_ms)
        self._tell(Kind.CALENDAR, body, self.kept.tell_calendar)

    def remove_calendar(self, calendar: Calendar, by: str) -> None:
        body = {"removed": calendar.id, "at_ms": self.now_ms(), "by": by}
        self._tell(Kind.CALENDAR, body, self.kept.tell_calendar)

    def hits(
        self, selector: Selector, series: Iterable[dict[str, Any]], incidents: Iterable[Incident]
    ) -> Hits:
        """What a mute with this selector would hit among rows of series and open incidents; where it means
        one incident, that one's series."""
        selector.checked()
        incidents = list(incidents)
        if selector.incident:
            meant = [one for one in incidents if one.id == selector.incident]
            own = sorted({str(series) for one in meant for series in self.series(one)})
            return Hits(len(own), True, own[:SHOWN], meant)
        names: list[str] = []
        count = looked_at = 0
        for row in islice(series, LOOKED_AT_MAX):
            looked_at += 1
            if selector.selects(Identity.of(row["metric"], row["tags"])):
                count += 1
                if len(names) < SHOWN:
                    names.append(str(row["series"]))
        mute = Mute("", selector, 0, 1, "", "")
        quiet = at([mute], (), 0)
        hit = [one for one in incidents if muted(one, quiet, self.series) is not None]
        return Hits(count, looked_at < LOOKED_AT_MAX, names, hit)

    def events(self, incident: Incident, from_ms: int, until_ms: int) -> list[ChangeEvent]:
        """Beginnings and ends of mutes that concern an incident in a span of time, the newest first."""
        suspects = [Identity.of(one.metric, dict(one.tags)) for one in incident.suspects]
        found = []
        for mute in self.kept.mutes():
            selector = mute.selector
            if not selector.concerns(incident) or not any(map(selector.selects, suspects)):
                continue
            said = f"{selector.text} ({mute.author}: {mute.reason})"
            found.append(ChangeEvent(mute.start_ms, "mute", f"muted: {said}"))
            if mute.until_ms <= self.now_ms():
                found.append(ChangeEvent(mute.until_ms, "mute", f"no longer muted: {said}"))
        near = [one for one in found if from_ms <= one.at_ms < until_ms]
        return sorted(near, key=lambda one: -one.at_ms)

    def _check_pauses(self) -> None:
        """Raises Refused where shards keep as many pauses of learning as they may."""
        since_ms = self.now_ms() - PAUSE_KEPT_MS
        mutes = sum(one.learning and one.end_ms >= since_ms for one in self.kept.mutes())
        calendars = sum(one.mode is Mode.SUPPRESS_LEARNING for one in self.kept.calendars())
        if mutes + calendars >= PAUSES_MAX:
            raise Refused(
                f"learning is stopped by {PAUSES_MAX} mutes and calendars at most, two weeks after their end"
                " included",
                "pauses_max",
            )

    def _tell(self, kind: Kind, body: dict[str, Any], keep: Callable[[dict[str, Any]], None]) -> None:
        self.tell(Control(kind, body))
        keep(body)


def _pause(id: str, selector: Selector, spans: Sequence[tuple[int, int]], created_ms: int) -> dict[str, Any]:
    """What shards are told of a pause of learning (`monitor.shard.pauses`)."""
    listed = [list(span) for span in spans]
    return {"id": id, "selector": selector.to_body(), "spans": listed, "created_ms": created_ms}
