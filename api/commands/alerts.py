"""Commands on routes and receivers of a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from api.alert_shapes import DAYS
from api.client import Client, Values
from api.tables import cell, out, print_json, show, table
from monitor.domain.errors import BadRequest
from monitor.domain.words import moment

_ROUTES = {
    "name": "route",
    "position": "position",
    "fits": "fits",
    "receivers": "receivers",
    "digest": "digest",
    "team": "team",
}
_RECEIVERS = {
    "name": "receiver",
    "kind": "kind",
    "team": "team",
    "fallback": "fallback",
    "since": "takes nothing since (UTC)",
    "trouble": "trouble",
}
_NOTICES = {
    "at": "at (UTC)",
    "receiver": "receiver",
    "kind": "kind",
    "title": "title",
    "changed": "what is new",
    "route": "route",
}
_WITHHELD = {"at": "at (UTC)", "incident_id": "not told", "route": "route", "why": "why"}


def route_list(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/routes")["items"]
    told = [row | _fits(row) | {"receivers": ", ".join(row["receivers"])} for row in rows]
    return show(rows if as_json else told, _ROUTES, as_json, "no routes: nobody is told of anything")


def route_set(url: str, token: str, name: str, body: Values) -> int:
    with Client(url, token) as server:
        server.put(f"/api/v1/routes/{quote(name)}", body)
    out().print(f"route {cell('name', name)} is declared")
    return 0


def route_preview(url: str, token: str, name: str, body: Values, *, days: int, as_json: bool) -> int:
    """An empty body previews the route as it is declared."""
    with Client(url, token) as server:
        if not body:
            server.get(f"/api/v1/routes/{quote(name)}")  # says so where there is none
        asked: Values = {"days": days} | ({"name": name, "route": body} if body else {})
        found = server.post("/api/v1/routes/preview", asked)
    if as_json:
        print_json(found)
        return 0
    console = out()
    counts = "".join(f", {one} {count}" for one, count in found["by_receiver"].items())
    since, until = moment(found["since_ms"]), moment(found["until_ms"])
    console.print(cell("text", f"{found['count']} notices from {since} to {until}{counts}"))
    if found["notices"]:
        rows = [one | {"changed": "; ".join(one["changed"])} for one in found["notices"]]
        console.print(table(rows, _NOTICES))
    if found["withheld"]:
        console.print(table(found["withheld"], _WITHHELD))
    return 0


def receiver_list(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/receivers")["items"]
    told = [row | {"since": _since(row)} for row in rows]
    return show(rows if as_json else told, _RECEIVERS, as_json, "no receivers")


def receiver_set(
    url: str, token: str, name: str, *, kind: str, settings: list[str], fallback: str, team: str | None
) -> int:
    body = {"kind": kind, "settings": _pairs(settings), "fallback": fallback, "team": team}
    with Client(url, token) as server:
        server.put(f"/api/v1/receivers/{quote(name)}", body)
    out().print(f"receiver {cell('name', name)} is declared")
    return 0


def receiver_test(url: str, token: str, name: str) -> int:
    with Client(url, token) as server:
        found = server.post(f"/api/v1/receivers/{quote(name)}/test")
    out().print(cell("answer", found["answer"]))
    return 0 if found["delivered"] else 1


def remove(url: str, token: str, kind: str, name: str) -> int:
    with Client(url, token) as server:
        server.delete(f"/api/v1/{kind}/{quote(name)}")
    out().print(f"{kind.removesuffix('s')} {cell('name', name)} is removed")
    return 0


def route_body(file: Path | None, **said: Any) -> Values:
    """A route of a file, with what options say in the place of what it says; ``tags`` and ``hours`` as they
    are written on the command line, None or empty says nothing. Raises BadRequest."""
    given = {name: value for name, value in said.items() if value is not None and value != ""}
    if "tags" in given:
        given["tags"] = _pairs(given["tags"])
    if "hours" in given:
        given["hours"] = [_hours(text) for text in given["hours"]]
    return _read(file) | given


def _read(file: Path | None) -> Values:
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadRequest(f"{file}: no JSON can be read: {error}") from error
    if not isinstance(found, dict):
        raise BadRequest(f"{file}: an object is needed")
    return found


def _pairs(texts: list[str]) -> dict[str, str]:
    """
    >>> _pairs(["service=web", "query=a=b"])
    {'service': 'web', 'query': 'a=b'}
    """
    pairs = [text.partition("=") for text in texts]
    if bad := [key for key, equals, _ in pairs if not key or not equals]:
        raise BadRequest(f"{bad[0][:64]!r} is no key=value")
    return {key: value for key, _, value in pairs}


def _hours(text: str) -> dict[str, Any]:
    """
    >>> _hours("fri-mon 22:00-06:00")
    {'days': ['mon', 'fri', 'sat', 'sun'], 'from': '22:00', 'until': '06:00'}
    """
    days, _, span = text.strip().lower().partition(" ")
    first, _, last = days.partition("-")
    begin, dash, end = span.strip().partition("-")
    if first not in DAYS or (last or first) not in DAYS or not dash:
        raise BadRequest(f"hours {text[:64]!r}: as mon-fri 08:00-18:00")
    at, until = DAYS.index(first), DAYS.index(last or first)
    chosen = {(at + i) % 7 for i in range((until - at) % 7 + 1)}
    return {"days": [DAYS[i] for i in sorted(chosen)], "from": begin, "until": end}


def _fits(row: Values) -> dict[str, str]:
    """What an incident must have, in words."""
    said = [f"metric {', '.join(row['metrics'])}"] if row["metrics"] else []
    said += [f"{key}={value}" for key, value in row["tags"].items()]
    said += [f"{row['priority']} or more urgent"] if row["priority"] else []
    said += [f"{name} ≥ {row[name]:g}" for name in ("severity", "score") if row[name]]
    for one in row["hours"]:
        said.append(f"{' '.join(one['days'])} {one['from']}-{one['until']} {row['timezone']}")
    return {"fits": "; ".join(said) or "everything"}


def _since(row: Values) -> str:
    from api.schemas import rfc3339

    since = row["unreachable_since_ms"]
    return rfc3339(since) if since is not None else ""
