"""``watchkeeper incident …``, ``label`` and ``labels``: answering a running server's incidents."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api.client import Client
from api.commands.times import moment_ms
from api.tables import cell, out, print_json, show
from monitor.domain.words import moment as moment_of

LABEL_COLUMNS = {
    "at": "said (UTC)",
    "label": "label",
    "kind": "of",
    "target": "id",
    "user": "by",
    "note": "note",
    "rules": "in force",
    "conflict": "conflict",
    "undone_by": "undone by",
    "id": "label id",
}

REHEARSED_COLUMNS = {
    "would": "would",
    "onset_ms": "onset (UTC)",
    "series": "series",
    "kind": "kind",
    "score": "score",
    "confirmed": "confirmed",
    "id": "id",
}


def act(url: str, token: str, incident: str, verb: str, body: dict[str, Any] | None, *, as_json: bool) -> int:
    """Do something to an incident and say what was done."""
    return _post(url, token, f"/api/v1/incidents/{quote(incident, safe='')}/{verb}", body, as_json)


def undo_act(url: str, token: str, act_id: str, *, as_json: bool) -> int:
    return _post(url, token, f"/api/v1/acts/{quote(act_id, safe='')}/undo", None, as_json)


def label(
    url: str,
    token: str,
    asked: dict[str, Any],
    *,
    tz: str,
    as_json: bool,
    dry_run: bool = False,
    days: int | None = None,
    force: bool = False,
) -> int:
    """``asked``: as `POST /api/v1/labels` takes it, with ``from`` and ``to`` as times in words; with
    ``dry_run`` what it would have changed in the last ``days`` is shown, and nothing is set."""
    body = {key: value for key, value in asked.items() if value is not None and key not in ("from", "to")}
    for key in ("from", "to"):
        if asked[key] is not None:
            body[f"{key}_ms"] = moment_ms(asked[key], tz, f"--{key}")
    if not dry_run:
        return _post(url, token, "/api/v1/labels", body, as_json)
    with Client(url, token) as server:
        told = server.post("/api/v1/labels", body, dry_run="1", days=days, force="1" if force else None)
    rows = [{"would": way, **one} for way in ("vanish", "appear") for one in told[way]]
    if as_json:
        print_json(told)
        return 0
    nothing = "nothing would change: it is said of no anomaly of the last days"
    if told["series"]:
        since = moment_of(told["from_ms"])
        nothing = f"nothing would change since {since} ({told['series']} series scored)"
    return show(rows, REHEARSED_COLUMNS, as_json, nothing)


def undo_label(url: str, token: str, label_id: str, *, as_json: bool) -> int:
    return _post(url, token, f"/api/v1/labels/{quote(label_id, safe='')}/undo", None, as_json)


def labels(url: str, token: str, *, limit: int, as_json: bool, **asked: str | None) -> int:
    with Client(url, token) as server:
        rows = list(server.items("/api/v1/labels", limit, **asked))
    if not as_json:
        rows = [row | {key: "yes" if row[key] else "" for key in ("rules", "conflict")} for row in rows]
    return show(rows, LABEL_COLUMNS, as_json, "no labels")


def _post(url: str, token: str, path: str, body: dict[str, Any] | None, as_json: bool) -> int:
    with Client(url, token) as server:
        answer = server.post(path, body)
    if as_json:
        print_json(answer)
        return 0
    for one in answer.get("items", [answer]):
        out().print(cell("text", said(one)), soft_wrap=True)
    if not answer.get("items", [answer]):
        out().print("nothing was to be undone")
    return 0


def said(one: dict[str, Any]) -> str:
    """
    >>> said({"verb": "merge", "incident_id": "inc-1", "id": "0a", "undone_by": None})
    'merge inc-1 (0a)'
    >>> said({"label": "true", "kind": "span", "target": "0b", "id": "0a", "undone_by": "user:ann"})
    'undone: true, of span 0b (0a)'
    """
    undone = "undone: " if one["undone_by"] is not None else ""
    if "verb" in one:
        return f"{undone}{one['verb']} {one['incident_id']} ({one['id']})"
    return f"{undone}{one['label']}, of {one['kind']} {one['target']} ({one['id']})"
