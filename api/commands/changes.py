"""``watchkeeper change``: telling a running server of changes, and listing them."""

from __future__ import annotations

from typing import Any

from api.client import Client
from api.commands.mute import pairs
from api.commands.times import moment_ms
from api.tables import out, print_json, show

COLUMNS = {"at": "change (UTC)", "kind": "kind", "title": "title", "with": "tags", "id": "id"}


def tell(
    url: str, token: str, title: str, kind: str, at: str, tags: list[str], zone: str, *, as_json: bool
) -> int:
    body: dict[str, Any] = {"title": title, "kind": kind, "tags": pairs(tags)}
    if at:
        body["at_ms"] = moment_ms(at, zone)
    with Client(url, token) as server:
        made = server.post("/api/v1/changes", body)
    if as_json:
        print_json(made)
    else:
        out().print(f"told: {made['kind']} at {made['at']}", markup=False)
    return 0


def listed(url: str, token: str, limit: int, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/changes", limit=limit)["items"]
    if not as_json:
        rows = [row | {"with": ", ".join(f"{k}={v}" for k, v in sorted(row["tags"].items()))} for row in rows]
    return show(rows, COLUMNS, as_json, "no changes")
