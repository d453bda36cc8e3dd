"""Comfort calibration, asked of a running server."""

from __future__ import annotations

from api.client import Client
from api.tables import cell, out, print_json, show

_THRESHOLDS = {"score": "score", "runs": "runs", "series": "in series", "excess": "outside the band"}


def comfort(
    url: str, token: str, *, metric: str | None, tags: list[str], route: str | None, days: int, as_json: bool
) -> int:
    with Client(url, token) as server:
        found = server.get("/api/v1/comfort", metric=metric, tag=tags, route=route, days=days)
    if as_json:
        print_json(found)
        return 0
    more = ", and there are more that fit" if found["truncated"] else ""
    begin, end = cell("start_ms", found["from_ms"]), cell("end_ms", found["to_ms"])
    out().print(f"{found['series']:,} series{more}, from {begin} to {end} UTC")
    out().print("Runs of values whose score reaches the threshold; anomalies open at 55.6.")
    return show(found["thresholds"], _THRESHOLDS, as_json, "no thresholds")
