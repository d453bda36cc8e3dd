"""Commands on alert budgets of a running server."""

from __future__ import annotations

from urllib.parse import quote

from api.client import Client
from api.tables import cell, out, show

_BUDGETS = {
    "name": "budget",
    "per_week": "a week",
    "told_week": "told in the last week",
    "score": "told from score",
    "held_now": "held back now",
}


def budget_list(url: str, token: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        rows = server.get("/api/v1/budgets")["items"]
    if not as_json:
        rows = [row | {"held_now": len(row["held"])} for row in rows]
    return show(rows, _BUDGETS, as_json, "no budgets: nothing is held back for their sake")


def budget_set(url: str, token: str, name: str, per_week: float) -> int:
    with Client(url, token) as server:
        shown = server.put(f"/api/v1/budgets/{quote(name)}", {"per_week": per_week})
    out().print(f"budget {cell('name', name)}: incidents are told from score {shown['score']:.1f} on")
    return 0
