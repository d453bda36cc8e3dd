"""``watchkeeper topology``: what hangs together, as it was learned; and declaring what is known to."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from api.client import Client
from api.tables import cell, out, show
from monitor.domain.errors import BadRequest
from monitor.domain.units import counted

EDGE_COLUMNS = {
    "source": "first",
    "target": "then",
    "lag_ms": "after ms",
    "count": "times",
    "of": "of",
    "decades": "decades",
    "last_ms": "last (UTC)",
}
NAMED = 3
NO_EDGES = "no edges: no two series began together twice, beyond chance, in the last four weeks"
COMMUNITY_COLUMNS = {"size": "series", "hubs": "hubs"}


def topology(
    url: str,
    token: str,
    *,
    focus: str | None,
    communities: bool,
    lineage: Path | None,
    limit: int,
    as_json: bool,
) -> int:
    with Client(url, token) as server:
        if lineage is not None:
            links = read_links(lineage)
            server.put("/api/v1/lineage", {"links": links})
            out().print(f"{counted(len(links), 'link')} declared")
            return 0
        if communities:
            rows = server.get("/api/v1/topology/communities", limit=min(limit, 1_000))["items"]
            told = [row | {"hubs": ", ".join(row["hubs"])} for row in rows] if not as_json else rows
            return show(told, COMMUNITY_COLUMNS, as_json, NO_EDGES)
        shown = show(server.items("/api/v1/topology", limit, focus=focus), EDGE_COLUMNS, as_json, NO_EDGES)
        if not as_json:
            for line in beside(server.get("/api/v1/topology", limit=1)):
                out().print(cell("text", line), soft_wrap=True)
        return shown


def beside(page: dict[str, Any]) -> list[str]:
    """What was declared and what people said, a line each.

    >>> link = {"upstream": "db.*", "downstream": "web.*", "since_ms": None}
    >>> tie = {"one": ["a", "b"], "other": ["c"], "apart": True, "since_ms": 5}
    >>> beside({"lineage": [link], "ties": [tie]})
    ['declared: db.* feeds web.*', 'said by people: a, b and c are apart']
    >>> beside({"lineage": [], "ties": [tie | {"one": list("abcdef"), "apart": False}]})
    ['said by people: a, b, c, 3 more and c belong together']
    """
    declared = [f"declared: {one['upstream']} feeds {one['downstream']}" for one in page["lineage"]]
    sides = [(_few(one["one"]), _few(one["other"]), one["apart"]) for one in page["ties"]]
    ties = [
        f"said by people: {one} and {other} {'are apart' if apart else 'belong together'}"
        for one, other, apart in sides
    ]
    return declared + ties


def _few(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join([*names[:NAMED], f"{more} more"] if more > 0 else names)


def read_links(file: Path) -> list[dict[str, Any]]:
    """Links of a file: JSON as `PUT /api/v1/lineage` takes it, or a CSV with columns upstream, downstream
    and, if wanted, since_ms. Raises BadRequest where it is neither."""
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            return list(json.loads(text)["links"])
        return [_link(row) for row in csv.DictReader(text.splitlines())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadRequest(f"{file}: no links can be read: {error!r}") from error


def _link(row: dict[str, str]) -> dict[str, Any]:
    link: dict[str, Any] = {"upstream": row["upstream"].strip(), "downstream": row["downstream"].strip()}
    if since := (row.get("since_ms") or "").strip():
        link["since_ms"] = int(since)
    return link
