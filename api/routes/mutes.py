"""Mutes, maintenance windows and calendars."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api import quiet, schemas
from api.routes.common import PREFIX, PROBLEMS, TheAccess, TheActor, TheMonitor, TheView
from monitor.alerting import calendars
from monitor.domain.calendar import Calendar
from monitor.domain.durations import MINUTE_MS
from monitor.domain.errors import BadRequest

router = APIRouter(prefix=PREFIX, tags=["mutes"], responses=PROBLEMS)
MuteId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="a mute's id, 16 hexadecimal digits")]


@router.get("/mutes")
def list_mutes(
    monitor: TheMonitor,
    view: TheView,
    past: Annotated[bool, Query(description="those that are over, too")] = False,
) -> schemas.ListOf[quiet.MuteOut]:
    """Mutes in force and to come, by their beginning."""
    now_ms = monitor.now_ms()
    return schemas.ListOf(items=[quiet.mute(one, now_ms) for one in view.mutes(past)])


@router.post("/mutes")
def add_mute(
    monitor: TheMonitor, view: TheView, access: TheAccess, actor: TheActor, asked: quiet.MuteIn
) -> quiet.MuteOut:
    """Mute notices, stop learning, or keep anomalies out of incidents, for a time. An incident is quiet when
    each of its series is muted; one that still goes on at the end is told of then. What models knew at the
    beginning they know at the end. An anomaly that begins meanwhile and still goes on at the end begins an
    incident then; what began before the mute was asked for stays in its own.
    Whoever is bound to a team mutes its incidents only. In the log when answered."""
    now_ms = monitor.now_ms()
    selector = view.own(asked.selector.selector())
    mute = monitor.muting.check(asked.mute(secrets.token_hex(8), actor.name, now_ms, selector))
    told: dict[str, Any] = quiet.said(mute) | ({"force": True} if selector.everything else {})
    access.accounts.record(actor.did("mute added", f"mute:{mute.id}", None, told))
    monitor.muting.add(mute)
    return quiet.mute(mute, now_ms)


@router.post("/mutes/preview")
def preview_mute(view: TheView, asked: quiet.MutePreviewIn) -> quiet.MutePreview:
    """What a selector hits now: series, and open incidents of which nobody would be told any more."""
    return quiet.preview(view.hits(asked.selector.selector()))


@router.delete("/mutes/{mute_id}")
def end_mute(
    monitor: TheMonitor, view: TheView, access: TheAccess, actor: TheActor, mute_id: MuteId
) -> quiet.MuteOut:
    """End a mute now. What still goes on is told of."""
    now_ms = monitor.now_ms()
    mute = view.mute(mute_id)
    access.accounts.record(actor.did("mute ended", f"mute:{mute.id}", quiet.said(mute), None))
    monitor.muting.end(mute, actor.name)
    ended_ms = now_ms if mute.ended_ms is None else mute.ended_ms
    return quiet.mute(replace(mute, ended_ms=ended_ms), now_ms)


@router.get("/calendars")
def list_calendars(monitor: TheMonitor, view: TheView) -> schemas.ListOf[quiet.CalendarOut]:
    """Calendars by name, each with its next entries."""
    now_ms = monitor.now_ms()
    return schemas.ListOf(items=[quiet.calendar(one, now_ms) for one in view.calendars()])


@router.post("/calendars")
def add_calendar(
    monitor: TheMonitor, view: TheView, access: TheAccess, actor: TheActor, asked: quiet.CalendarIn
) -> quiet.CalendarOut:
    """Add a calendar in whose entries nobody is told of incidents, or models do not learn. Its entries are
    written out when it is added, from a year ago to two years ahead. In the log when answered."""
    now_ms = monitor.now_ms()
    selector = view.own(asked.selector.selector())
    if selector.everything and not asked.force:
        raise BadRequest("this selects everything: say force as well, if it is meant")
    zone = asked.zone or monitor.settings.default_timezone
    if (asked.ics is None) == (asked.country is None):
        raise BadRequest("either ics or country")
    if asked.ics is not None:
        spans, source = calendars.of_file(asked.ics.encode(errors="replace"), zone, now_ms), "file"
    else:
        country, region = (asked.country or "").upper(), asked.region
        spans = calendars.of_country(country, region, zone, now_ms)
        source = f"holidays of {country}" + (f", {region}" if region else "")
    calendar = Calendar(
        id=secrets.token_hex(8),
        name=asked.name,
        source=source,
        mode=asked.mode,
        selector=selector,
        spans=spans,
        author=actor.name,
        before_ms=asked.before_minutes * MINUTE_MS,
        after_ms=asked.after_minutes * MINUTE_MS,
        created_ms=now_ms,
    )
    monitor.muting.check_calendar(calendar)
    told = quiet.said(calendar) | ({"force": True} if selector.everything else {})
    access.accounts.record(actor.did("calendar added", f"calendar:{calendar.id}", None, told))
    monitor.muting.add_calendar(calendar)
    return quiet.calendar(calendar, now_ms)


@router.delete("/calendars/{calendar_id}")
def remove_calendar(
    monitor: TheMonitor,
    view: TheView,
    access: TheAccess,
    actor: TheActor,
    calendar_id: Annotated[
        str, Path(pattern="^[0-9a-f]{16}$", description="a calendar's id, 16 hexadecimal digits")
    ],
) -> schemas.Health:
    """Remove a calendar, from now on."""
    calendar = view.calendar(calendar_id)
    access.accounts.record(
        actor.did("calendar removed", f"calendar:{calendar.id}", quiet.said(calendar), None)
    )
    monitor.muting.remove_calendar(calendar, actor.name)
    return schemas.Health(status="removed")
