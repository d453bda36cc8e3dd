"""Commands that ask a running server."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from rich.markup import escape

from api.client import Client
from api.tables import cell, out, print_json, show, table
from monitor.domain.units import counted

INCIDENT_COLUMNS = {
    "priority": "priority",
    "state": "state",
    "start_ms": "start (UTC)",
    "end_ms": "end (UTC)",
    "score": "score",
    "series_count": "series",
    "title": "title",
    "id": "id",
}
ANOMALY_COLUMNS = {
    "onset_ms": "onset (UTC)",
    "end_ms": "end (UTC)",
    "series": "series",
    "kind": "kind",
    "score": "score",
    "value": "value",
    "expected": "expected",
    "percent": "size %",
    "unusual": "how unusual",
    "normal": "would be normal",
    "judged_by": "judged by",
    "incident_id": "incident",
}
_MEMBERS = {**{key: name for key, name in ANOMALY_COLUMNS.items() if key != "incident_id"}, "id": "id"}
SERIES_COLUMNS = {
    "id": "id",
    "series": "series",
    "class": "class",
    "stage": "stage",
    "champion": "champion",
    "challenger": "challenger",
    "final_buckets": "buckets",
    "last_ms": "last value's bucket (UTC)",
}
_SUSPECTS = {"onset_ms": "onset (UTC)", "series": "suspect", "score": "score", "why": "why"}
_EVIDENCE = {"series": "member", "evidence": "evidence", "text": "why it is one"}
_SIMILAR = {
    "start_ms": "earlier (UTC)",
    "title": "like this one",
    "shared": "same series",
    "said": "was labelled",
    "id": "id",
}
_ACTS = {
    "at": "done (UTC)",
    "verb": "act",
    "user": "by",
    "comment": "comment",
    "undone_by": "undone by",
    "id": "id",
}
_LABELS = {"at": "said (UTC)", "label": "label", "user": "by", "note": "note", "rules": "rules", "id": "id"}
_CHANGES = {"at": "change (UTC)", "kind": "kind", "title": "title"}
_SHARDS = {
    "shard": "shard",
    "appended": "log",
    "applied": "applied",
    "checkpointed": "saved",
    "lag_samples": "lag",
    "series": "series",
    "samples": "samples",
    "late": "late",
    "duplicate": "duplicate",
    "conflict": "conflict",
    "clock_ms": "clock (UTC)",
    "log_ok": "log ok",
}


def incidents(url: str, token: str, one: str | None, *, state: str | None, limit: int, as_json: bool) -> int:
    with Client(url, token) as server:
        if one is None:
            rows = server.items("/api/v1/incidents", limit, state=state)
            return show(rows, INCIDENT_COLUMNS, as_json, "no incidents")
        incident = server.get(f"/api/v1/incidents/{one}")
    if as_json:
        print_json(incident)
        return 0
    console = out()
    console.print(table([incident], INCIDENT_COLUMNS))
    for reason in incident["reasons"]:
        console.print("  " + cell("text", reason))
    for contributor in incident["contributors"]:
        console.print("  " + cell("text", contributor["text"]))
    console.print(table(incident["suspects"], _SUSPECTS))
    console.print(table(incident["members"], _MEMBERS))
    console.print(table(incident["evidence"], _EVIDENCE))
    if incident["acts"]:
        console.print(table(incident["acts"], _ACTS))
    if incident["labels"]:
        console.print(table(incident["labels"], _LABELS))
    if incident["similar"]:
        told = [one | {"said": ", ".join(one["labels"])} for one in incident["similar"]]
        console.print(table(told, _SIMILAR))
    if incident["changes"]:
        console.print(table(incident["changes"], _CHANGES))
    return 0


def anomalies(url: str, token: str, *, limit: int, as_json: bool, **asked: str | None) -> int:
    with Client(url, token) as server:
        return show(
            server.items("/api/v1/anomalies", limit, **asked), ANOMALY_COLUMNS, as_json, "no anomalies"
        )


def series(url: str, token: str, *, limit: int, as_json: bool, **asked: str | None) -> int:
    with Client(url, token) as server:
        return show(server.items("/api/v1/series", limit, **asked), SERIES_COLUMNS, as_json, "no series")


def delete_series(url: str, token: str, series_id: str) -> int:
    with Client(url, token) as server:
        server.delete(f"/api/v1/series/{quote(series_id, safe='')}")
    out().print(f"series {series_id} is deleted")
    return 0


def status(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        answer: dict[str, Any] = server.get("/api/v1/status")
    if as_json:
        print_json(answer)
        return 0
    console = out()
    console.print(
        f"watchkeeper {answer['version']} · engine {answer['engine']} · auth = {answer['auth']} · "
        f"{answer['series']} series · {counted(answer['incidents_open'], 'open incident')}"
    )
    console.print(table(answer["shards"], _SHARDS))
    for shard in answer["shards"]:
        for line in shard["trouble"]:
            console.print(f"shard {shard['shard']}: {escape(line)}", soft_wrap=True)
    for receiver in (answer["alerts"] or {"unreachable": []})["unreachable"]:
        since = cell("start_ms", receiver["since_ms"])
        said = cell(
            "trouble", f"{receiver['name']} takes no notices since {since} UTC: {receiver['trouble']}"
        )
        console.print(f"receiver {said}", soft_wrap=True)
    used = [limit for limit in answer["limits"] if limit["hits"] or limit["used"]]
    if used:
        console.print(table(used, {"name": "limit", "value": "value", "used": "used", "hits": "hits"}))
    return 0
