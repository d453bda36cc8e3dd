"""Why an incident is quiet at a time: by mutes and calendars, from the series in it.

An incident is muted when each of its series is: one that is not muted is news. What is known of the series is
asked of whoever keeps them, and only where it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from monitor.alerting.text import shown
from monitor.domain.calendar import Calendar, Mode
from monitor.domain.incident import Incident
from monitor.domain.mute import Mute, Selector
from monitor.domain.series import Identity
from monitor.domain.words import moment

Series = Callable[[Incident], Iterable[Identity]]


@dataclass(frozen=True, slots=True)
class Quiet:
    """One reason to be quiet about what it selects, in words."""

    selector: Selector
    why: str


def at(mutes: Iterable[Mute], calendars: Iterable[Calendar], at_ms: int) -> list[Quiet]:
    """What notices are muted by at a time."""
    found = [Quiet(one.selector, _mute(one)) for one in mutes if one.notices and one.active(at_ms)]
    for calendar in calendars:
        span = calendar.at(at_ms) if calendar.mode is Mode.SUPPRESS_ALERT else None
        if span is not None:
            found.append(Quiet(calendar.selector, f"calendar {calendar.name}: {shown(span.title, 100)}"))
    return found


def muted(incident: Incident, quiet: Sequence[Quiet], series: Series) -> str | None:
    """Why nobody is told of the incident; None if somebody is. O(series × reasons)."""
    meant = [one for one in quiet if one.selector.concerns(incident)]
    whole = next((one for one in meant if not one.selector.by_series), None)
    if whole is not None or not meant:
        return None if whole is None else whole.why
    suspects = [Identity.of(one.metric, dict(one.tags)) for one in incident.suspects]
    if not suspects or not _all(suspects, meant):
        return None
    if incident.series_count > len(suspects) and not _all(series(incident), meant):
        return None
    return next(one.why for one in meant if one.selector.selects(suspects[0]))


def _all(series: Iterable[Identity], quiet: Sequence[Quiet]) -> bool:
    return all(any(one.selector.selects(each) for one in quiet) for each in series)


def _mute(mute: Mute) -> str:
    return f"muted by {shown(mute.author, 100)} until {moment(mute.until_ms)}: {shown(mute.reason, 200)}"
