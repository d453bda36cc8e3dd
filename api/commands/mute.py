"""``watchkeeper mute`` and ``watchkeeper calendar``: on a running server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api.client import Client, Values
from api.commands.times import moment_ms
from api.tables import out, print_json, show
from monitor.domain.errors import BadRequest
from monitor.domain.units import counted

MUTE_COLUMNS = {
    "id": "id",
    "state": "state",
    "text": "what",
    "does": "does",
    "start_ms": "from (UTC)",
    "end_ms": "until (UTC)",
    "author": "by",
    "reason": "why",
}
CALENDAR_COLUMNS = {
    "id": "id",
    "name": "name",
    "source": "source",
    "what": "what",
    "spans": "entries",
    "next": "next (UTC)",
    "until_ms": "until (UTC)",
}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS = {"m": 1, "h": 60, "d": 1_440}


def add(
    url: str,
    token: str,
    selector: Values,
    *,
    reason: str,
    lasts: str,
    start: str,
    weekly: str,
    zone: str,
    does: Values,
    force: bool,
    as_json: bool,
) -> int:
    body: dict[str, Any] = {"selector": selector, "reason": reason, "minutes": minutes(lasts), "force": force}
    body |= does
    if start:
        body["start_ms"] = moment_ms(start, zone, "--from")
    if weekly:
        body["weekly"] = hours(weekly, zone)
    with Client(url, token) as server:
        made = server.post("/api/v1/mutes", body)
    if as_json:
        print_json(made)
    else:
        out().print(f"mute {made['id']}: {made['text']}, {made['state']}, until {made['end']}", markup=False)
    return 0


def listed(url: str, token: str, *, past: bool, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/mutes", past=str(past).lower())["items"]
    if not as_json:
        rows = [row | {"does": _does(row)} for row in rows]
    return show(rows, MUTE_COLUMNS, as_json, "no mutes")


def end(url: str, token: str, id: str) -> int:
    with Client(url, token) as server:
        made = server.delete(f"/api/v1/mutes/{identifier(id)}")
    out().print(f"mute {made['id']} is over", markup=False)
    return 0


def preview(url: str, token: str, selector: Values, *, as_json: bool) -> int:
    with Client(url, token) as server:
        hits = server.post("/api/v1/mutes/preview", {"selector": selector})
    if as_json:
        print_json(hits)
        return 0
    least = "" if hits["whole"] else "at least "
    out().print(f"{least}{hits['series']} series", markup=False)
    for name in hits["names"]:
        out().print(f"  {name}", markup=False)
    open_ones = counted(len(hits["incidents"]), "open incident")
    out().print(f"{open_ones} of which nobody would be told", markup=False)
    for one in hits["incidents"]:
        out().print(f"  {one['id']}  {one['title']}", markup=False)
    return 0


def calendar_add(
    url: str,
    token: str,
    name: str,
    selector: Values,
    *,
    file: Path | None,
    country: str,
    region: str,
    zone: str,
    before: str,
    after: str,
    mode: str,
    force: bool,
    as_json: bool,
) -> int:
    if (file is None) == (not country):
        raise BadRequest("either a FILE or --country")
    body: dict[str, Any] = {"name": name, "selector": selector, "mode": mode, "force": force}
    body |= {"before_minutes": minutes(before), "after_minutes": minutes(after)}
    body |= {key: value for key, value in (("country", country), ("region", region), ("zone", zone)) if value}
    if file is not None:
        body["ics"] = _text(file)
    with Client(url, token) as server:
        made = server.post("/api/v1/calendars", body)
    if as_json:
        print_json(made)
    else:
        entries = "entry" if made["spans"] == 1 else "entries"
        out().print(f"calendar {made['id']}: {made['spans']} {entries}", markup=False)
    return 0


def calendar_list(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/calendars")["items"]
    if not as_json:
        rows = [row | {"what": row["selector"]["metric"], "next": _next(row)} for row in rows]
    return show(rows, CALENDAR_COLUMNS, as_json, "no calendars")


def calendar_remove(url: str, token: str, id: str) -> int:
    with Client(url, token) as server:
        server.delete(f"/api/v1/calendars/{identifier(id)}")
    out().print(f"calendar {id} is removed", markup=False)
    return 0


def selector_from(metric: str, tags: list[str], team: str | None, incident: str) -> Values:
    """
    >>> selector_from("cpu*", ["host=a"], None, "")["tags"]
    {'host': 'a'}
    """
    return {"metric": metric, "tags": pairs(tags), "team": team, "incident": incident}


def pairs(tags: list[str]) -> dict[str, str]:
    """Of each ``--tag``. Raises BadRequest."""
    named = {}
    for tag in tags:
        key, equals, value = tag.partition("=")
        if not equals or not key or not value:
            raise BadRequest(f"--tag: {tag[:64]!r} is no key=value")
        named[key] = value
    return named


def minutes(text: str) -> int:
    """
    >>> [minutes(text) for text in ("90m", "2h", "1d", "0m")]
    [90, 120, 1440, 0]
    """
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isascii() or not number.isdigit():
        raise BadRequest(f"{text[:32]!r} is no time as 90m, 2h or 1d")
    return int(number[:9]) * _UNITS[unit]


def hours(text: str, zone: str) -> Values:
    """
    >>> hours("sat,sun 22:30-01:00", "UTC")
    {'days': [5, 6], 'from_minute': 1350, 'minutes': 150, 'zone': 'UTC'}
    """
    try:
        days, span = text.lower().split()
        first, last = (int(one[:-3]) * 60 + int(one[-2:]) for one in span.split("-"))
        listed = [_DAYS.index(day) for day in days.split(",")]
    except ValueError as error:
        raise BadRequest(f"{text[:64]!r} is no time of the week as 'sat,sun 22:30-01:00'") from error
    return {"days": listed, "from_minute": first, "minutes": (last - first) % 1_440 or 1_440, "zone": zone}


def identifier(id: str) -> str:
    if len(id) != 16 or not set(id) <= set("0123456789abcdef"):
        raise BadRequest(f"{id[:32]!r} is no id")
    return id


def _does(row: Values) -> str:
    """
    >>> _does({"notices": True, "learning": True, "incidents": False})
    'tells nobody, learns nothing'
    """
    said = (("notices", "tells nobody"), ("incidents", "no incidents"), ("learning", "learns nothing"))
    return ", ".join(words for name, words in said if row[name])


def _next(row: Values) -> str:
    return f"{row['next'][0]['title']}" if row["next"] else ""


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise BadRequest(f"{file}: cannot be read: {error}") from error
