"""Spans of calendars: of a calendar file with its recurrences, and of a country's holidays. Needs the extra
``calendars``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from monitor.alerting.text import shown
from monitor.domain.calendar import SPANS_MAX, TITLE_MAX, Span
from monitor.domain.errors import BadRequest
from monitor.domain.mute import known_zone

BEFORE_DAYS = 366
AHEAD_DAYS = 732
FILE_BYTES = 256 * 1024
EVENTS_MAX = 1_000
OCCURRENCES_MAX = 20_000
_A_YEAR = {"YEARLY": 1, "MONTHLY": 12, "WEEKLY": 53, "DAILY": 366, "HOURLY": 8_784}
_MISSING = "calendars need: pip install holidays icalendar recurring-ical-events"


def of_file(text: bytes, zone: str, now_ms: int) -> tuple[Span, ...]:
    """Events of an iCalendar file from a year ago to two years ahead. Days without a time, and times without
    a zone, are those of ``zone``. Raises BadRequest for a file that is none, or would hold too many."""
    here = known_zone(zone)
    if len(text) > FILE_BYTES:
        raise BadRequest(f"a calendar file has at most {FILE_BYTES // 1024} kB")
    try:
        import icalendar
        import recurring_ical_events
    except ImportError:
        raise BadRequest(_MISSING) from None
    start, end = _window(now_ms)
    try:
        calendar = icalendar.Calendar.from_ical(text)
        _bounded(calendar, end.year)
        found = recurring_ical_events.of(calendar).between(start, end)
        spans = sorted({span for event in found for span in _span(event, here)})
    except BadRequest:
        raise
    except Exception as error:  # whatever parsers make of a file that is none
        raise BadRequest("the file is no calendar that can be read") from error
    if len(spans) > SPANS_MAX:
        raise BadRequest(
            f"a calendar may hold {SPANS_MAX} entries; within its years this one has {len(spans)}"
        )
    return tuple(spans)


def of_country(country: str, region: str | None, zone: str, now_ms: int) -> tuple[Span, ...]:
    """Public holidays, each from midnight to midnight in ``zone``; last year's, this year's and those of two
    years ahead. Raises BadRequest for a country or region that is not known.

    >>> days = of_country("DE", "BY", "Europe/Berlin", 1_767_225_600_000)
    >>> [(day.title, day.end_ms - day.start_ms) for day in days if day.start_ms == 1_767_222_000_000]
    [("New Year's Day", 86400000)]
    """
    here = known_zone(zone)
    try:
        import holidays
    except ImportError:
        raise BadRequest(_MISSING) from None
    year = datetime.fromtimestamp(now_ms / 1_000, UTC).year
    try:
        years = range(year - 1, year + 3)
        days = holidays.country_holidays(country, region or None, years, language="en_US")
    except (NotImplementedError, KeyError, ValueError) as error:
        raise BadRequest(f"no holidays are known of {country[:16]!r} {(region or '')[:16]!r}") from error
    return tuple(sorted(_day(day, str(title), here) for day, title in days.items()))


def _window(now_ms: int) -> tuple[datetime, datetime]:
    now = datetime.fromtimestamp(now_ms / 1_000, UTC)
    return now - timedelta(days=BEFORE_DAYS), now + timedelta(days=AHEAD_DAYS)


def _bounded(calendar: Any, last_year: int) -> None:
    """Refuse files whose recurrences would take minutes to write out, before they are."""
    events = list(calendar.walk("VEVENT"))
    if not 0 < len(events) <= EVENTS_MAX:
        raise BadRequest(f"a calendar file has 1 to {EVENTS_MAX} events")
    occurrences = 0.0
    for event in events:
        for rule in _rules(event):
            each = str((rule.get("FREQ") or [""])[0]).upper()
            if each not in _A_YEAR:
                raise BadRequest("events may come back every hour at most")
            parts = (
                len(rule[key])
                for key in ("BYDAY", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYSECOND")
                if key in rule
            )
            times = 1
            for part in parts:
                times *= max(part, 1)
            occurrences += _A_YEAR[each] * times * (max(last_year - event.decoded("DTSTART").year, 0) + 1)
    if occurrences > OCCURRENCES_MAX:
        raise BadRequest(f"the events come back more than {OCCURRENCES_MAX:,} times")


def _rules(event: Any) -> list[Any]:
    rules = event.get("RRULE")
    return [] if rules is None else rules if isinstance(rules, list) else [rules]


def _span(event: Any, here: ZoneInfo) -> Iterator[Span]:
    title = shown(str(event.get("SUMMARY", "")), TITLE_MAX)
    start = event.decoded("DTSTART")
    end = event.decoded("DTEND") if "DTEND" in event else None
    if end is None and "DURATION" in event:
        end = start + event.decoded("DURATION")
    if end is None:
        end = start if isinstance(start, datetime) else start + timedelta(days=1)
    begun, ended = _ms(start, here), _ms(end, here)
    if begun < ended:
        yield Span(begun, ended, title)


def _day(day: date, title: str, here: ZoneInfo) -> Span:
    return Span(_ms(day, here), _ms(day + timedelta(days=1), here), shown(title, TITLE_MAX))


def _ms(when: date | datetime, here: ZoneInfo) -> int:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time(), here)
    elif when.tzinfo is None:
        when = when.replace(tzinfo=here)
    return int(when.timestamp() * 1_000)
