"""Mutes, calendars, and why an incident is quiet."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerting.calendars import of_country, of_file
from monitor.alerting.mutes import at, muted
from monitor.domain.calendar import Calendar, Mode, Span
from monitor.domain.durations import DAY_MS, HOUR_MS
from monitor.domain.errors import BadRequest
from monitor.domain.incident import Incident, Suspect
from monitor.domain.mute import LONGEST_MS, Mute, Selector, Weekly
from monitor.domain.series import Identity
from tests.fakes import NOW_MS, storm_incident

MUTE = Mute("m", Selector("latency.*"), NOW_MS, NOW_MS + HOUR_MS, "ann", "repair", created_ms=NOW_MS)


def incident(*series: Identity, known: int = 20) -> Incident:
    suspects = tuple(Suspect("0", str(s), s.metric, s.tags, 0, 1.0, "") for s in series[:known])
    return replace(storm_incident(), suspects=suspects, series_count=len(series), team="web")


def why(mute: Mute, of: Incident, series: tuple[Identity, ...] = (), at_ms: int = NOW_MS) -> str | None:
    return muted(of, at([mute], (), at_ms), lambda _: series)


def test_an_incident_is_quiet_when_each_of_its_series_is() -> None:
    inside, outside = Identity.of("latency.db"), Identity.of("orders")
    assert why(MUTE, incident(inside)) == "muted by ann until 2026-01-01 01:00 UTC: repair"
    assert why(MUTE, incident(inside, outside)) is None
    assert why(MUTE, incident(outside)) is None


def test_series_beyond_the_suspects_count_too() -> None:
    many = tuple(Identity.of(f"latency.{place}") for place in range(30))
    assert why(MUTE, incident(*many), many)
    assert why(MUTE, incident(*many), (*many, Identity.of("orders"))) is None


def test_two_mutes_together_may_cover_an_incident() -> None:
    both = incident(Identity.of("latency.db"), Identity.of("orders"))
    other = replace(MUTE, selector=Selector("orders"), reason="other")
    assert muted(both, at([MUTE, other], (), NOW_MS), lambda _: ())


@pytest.mark.parametrize(
    ("selector", "quiet"),
    [
        (Selector(), True),
        (Selector(team="web"), True),
        (Selector(team="pay"), False),
        (Selector(incident=storm_incident().id), True),
        (Selector(incident="inc-other"), False),
        (Selector(tags=(("host", "a*"),)), True),
        (Selector(tags=(("host", "b*"),)), False),
        (Selector("latency.*", (("host", "a1"),), "web"), True),
    ],
)
def test_what_a_selector_means(selector: Selector, quiet: bool) -> None:
    of = incident(Identity.of("latency.db", {"host": "a1"}))
    assert (why(replace(MUTE, selector=selector), of) is not None) is quiet


def test_a_mute_holds_from_its_beginning_to_its_end() -> None:
    of = incident(Identity.of("latency.db"))
    times = (NOW_MS - 1, NOW_MS, NOW_MS + HOUR_MS - 1, NOW_MS + HOUR_MS)
    assert [why(MUTE, of, at_ms=ms) is not None for ms in times] == [False, True, True, False]
    assert why(replace(MUTE, ended_ms=NOW_MS + 5), of, at_ms=NOW_MS + 5) is None
    assert why(replace(MUTE, notices=False, learning=True), of) is None


@pytest.mark.parametrize(
    "fault",
    [
        {"end_ms": NOW_MS},
        {"end_ms": NOW_MS + LONGEST_MS + 1},
        {"reason": ""},
        {"reason": "a\nb"},
        {"notices": False},
        {"selector": Selector("")},
        {"selector": Selector("x" * 257)},
        {"selector": Selector("é" * 200)},
        {"selector": Selector(tags=(("a", "b\x00"),))},
        {"start_ms": NOW_MS - DAY_MS, "end_ms": NOW_MS},
        {"start_ms": NOW_MS + 400 * DAY_MS, "end_ms": NOW_MS + 401 * DAY_MS},
        {"weekly": Weekly((), 0, 60)},
        {"weekly": Weekly((7,), 0, 60)},
        {"weekly": Weekly((0,), 1_440, 60)},
        {"weekly": Weekly((0,), 0, 0)},
        {"weekly": Weekly((0,), 0, 60, "Nowhere/Else")},
    ],
)
def test_mutes_that_may_not_be(fault: dict[str, object]) -> None:
    with pytest.raises(BadRequest):
        replace(MUTE, **fault).checked()  # type: ignore[arg-type]


def test_the_longest_mute_may_be() -> None:
    longest = replace(MUTE, end_ms=NOW_MS + LONGEST_MS)
    assert longest.checked() == longest


@given(
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 1_439),
    st.integers(1, 3_000),
    st.integers(0, 400 * 24 * 60),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_a_weekly_window_is_as_a_slow_look_at_its_minutes_says(
    days: set[int], first: int, minutes: int, minute: int, zone: str
) -> None:
    weekly = Weekly(tuple(sorted(days)), first, minutes, zone)
    at_ms = NOW_MS + minute * 60_000
    civil = datetime.fromtimestamp(at_ms / 1_000, UTC).astimezone(ZoneInfo(zone))
    of_week = civil.weekday() * 1_440 + civil.hour * 60 + civil.minute
    slow = any((of_week - day * 1_440 - first) % 10_080 < minutes for day in days)
    assert weekly.covers(at_ms) is slow


def test_bodies_survive_json() -> None:
    mute = replace(MUTE, selector=Selector("a", (("k", "v"),)), weekly=Weekly((0,), 5, 6))
    assert Mute.from_body(json.loads(json.dumps(mute.to_body()))) == mute


@pytest.mark.parametrize("pattern", ["*a" * 127 + "b", "*" * 256, "a*" * 128, "*a*a*a*a*a*a*a*b"])
def test_hostile_patterns_cost_little(pattern: str) -> None:
    """T17: every one of them within 10 ms of CPU, against the longest name there may be."""
    series = Identity.of("a" * 512)
    began = time.thread_time()
    Selector(pattern).selects(series)
    assert time.thread_time() - began < 0.01


# -- calendars ----------------------------------------------------------------------------------------

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//
{events}
END:VCALENDAR
"""
WEEKLY = """BEGIN:VEVENT
UID:1
SUMMARY:Release\\, long\u202e
DTSTART;TZID=Europe/Berlin:20260105T220000
DTEND;TZID=Europe/Berlin:20260106T000000
RRULE:FREQ=WEEKLY;COUNT=20
EXDATE;TZID=Europe/Berlin:20260112T220000
END:VEVENT"""
ALL_DAY = "BEGIN:VEVENT\nUID:2\nSUMMARY:Inventory\nDTSTART;VALUE=DATE:20260301\nEND:VEVENT"


def spans(events: str, zone: str = "UTC") -> tuple[Span, ...]:
    return of_file(FILE.format(events=events).encode(), zone, NOW_MS)


def test_recurrences_follow_the_clocks_and_their_exceptions() -> None:
    found = spans(WEEKLY)
    assert len(found) == 19
    hours = {datetime.fromtimestamp(s.start_ms / 1_000, ZoneInfo("Europe/Berlin")).hour for s in found}
    assert hours == {22}
    assert {s.end_ms - s.start_ms for s in found} == {2 * HOUR_MS}
    assert found[0].title == "Release, long\\u202e"


def test_a_day_is_one_of_its_zone() -> None:
    (day,) = spans(ALL_DAY, "America/New_York")
    assert day == Span(1_772_341_200_000, 1_772_427_600_000, "Inventory")


@pytest.mark.parametrize(
    "events",
    [
        "",
        "BEGIN:VEVENT\nUID:1\nEND:VEVENT",
        WEEKLY.replace("FREQ=WEEKLY;COUNT=20", "FREQ=SECONDLY"),
        WEEKLY.replace("FREQ=WEEKLY;COUNT=20", "FREQ=MINUTELY"),
        WEEKLY.replace("FREQ=WEEKLY;COUNT=20", "FREQ=HOURLY"),
        WEEKLY.replace("FREQ=WEEKLY;COUNT=20", "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7;BYMINUTE=0,1,2,3,4,5,6,7"),
        WEEKLY.replace("20260105T220000", "00010105T220000").replace("FREQ=WEEKLY;COUNT=20", "FREQ=DAILY"),
        "\n".join(ALL_DAY.replace("UID:2", f"UID:{n}") for n in range(1_001)),
    ],
)
def test_files_that_are_none_or_too_much_are_refused_soon(events: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadRequest):
        spans(events)
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("text", [b"", b"\x00", b"<html>", b"BEGIN:VCALENDAR", b"x" * 300_000, b"\xff\xfe"])
def test_what_is_no_calendar_is_refused(text: bytes) -> None:
    with pytest.raises(BadRequest):
        of_file(text, "UTC", NOW_MS)


def test_holidays_by_country_and_region() -> None:
    bavaria = {day.title for day in of_country("DE", "BY", "Europe/Berlin", NOW_MS)}
    berlin = {day.title for day in of_country("DE", "BE", "Europe/Berlin", NOW_MS)}
    assert "Epiphany" in bavaria - berlin
    for country, region in (("XX", None), ("DE", "XX"), ("../x", None)):
        with pytest.raises(BadRequest):
            of_country(country, region, "UTC", NOW_MS)


def test_a_day_with_margins_mutes_what_it_selects() -> None:
    day = Span(NOW_MS, NOW_MS + DAY_MS, "New Year\u202e")
    calendar = Calendar(
        "c", "NL", "holidays of NL", Mode.SUPPRESS_ALERT, Selector("latency.*"), (day,), "ann", HOUR_MS, 0
    )
    of = incident(Identity.of("latency.db"))
    times = (NOW_MS - HOUR_MS - 1, NOW_MS - HOUR_MS, NOW_MS + DAY_MS - 1, NOW_MS + DAY_MS)
    found = [muted(of, at((), [calendar], ms), lambda _: ()) for ms in times]
    assert found == [None, "calendar NL: New Year\\u202e", "calendar NL: New Year\\u202e", None]
    learning = replace(calendar, mode=Mode.SUPPRESS_LEARNING)
    assert at((), [learning], NOW_MS) == []


@settings(max_examples=12)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=3),
    st.integers(0, 1_439),
    st.integers(1, 2_000),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    st.integers(0, 4 * DAY_MS // 60_000),
)
def test_weekly_hours_written_out_are_those_that_cover(
    days: list[int], first: int, minutes: int, zone: str, since: int
) -> None:
    weekly = Weekly(tuple(sorted(set(days))), first, minutes, zone)
    from_ms = 1_774_310_400_000 + since * 60_000  # before clocks go forward in Berlin
    spans = weekly.spans(from_ms, from_ms + 3 * DAY_MS)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(spans))
    for at_ms in range(from_ms, from_ms + 3 * DAY_MS, 17 * 60_000):
        assert any(first <= at_ms < end for first, end in spans) == weekly.covers(at_ms)


def test_spans_of_a_calendar_with_their_margins_do_not_touch() -> None:
    spans = (Span(10, 20, "a"), Span(22, 30, "b"), Span(60, 70, "c"))
    days = Calendar("c", "x", "file", Mode.SUPPRESS_LEARNING, Selector("a"), spans, "ann", 1, 1)
    assert days.checked().widened == [(9, 31), (59, 71)]
    with pytest.raises(BadRequest, match="by series"):
        replace(days, selector=Selector(incident="inc-1")).checked()
    with pytest.raises(BadRequest, match="by series"):
        replace(MUTE, learning=True, selector=Selector(incident="inc-1")).checked()
