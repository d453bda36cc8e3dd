"""``watchkeeper series journal``, ``undo`` and ``contest``: which models a series lives by, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from api.client import Client
from api.tables import cell, out, print_json, table

_COLUMNS = {
    "at_ms": "from (UTC)",
    "buckets": "buckets",
    "cause": "cause",
    "before": "before",
    "after": "after",
    "undoable": "undo",
}


def journal(url: str, token: str, series_id: str, *, as_json: bool) -> int:
    with Client(url, token) as server:
        entries = server.get(_path(series_id, "journal"))["entries"]
    if as_json:
        print_json({"items": entries})
        return 0
    console = out()
    if not entries:
        console.print("no model so far")
        return 0
    rows = [{**one, "before": lives(one["before"]), "after": lives(one["after"])} for one in entries]
    console.print(table(rows, _COLUMNS))
    for reason in entries[0]["reasons"]:
        console.print("  " + cell("text", reason), soft_wrap=True)
    return 0


def undo(url: str, token: str, series_id: str) -> int:
    with Client(url, token) as server:
        series = server.post(_path(series_id, "undo"))
    out().print(
        f"series {series_id} lives by {series['champion']} again, and {series['challenger']} beside it;"
        f" passes keep that until: watchkeeper series contest {series_id}",
        soft_wrap=True,
    )
    return 0


def contest(url: str, token: str, series_id: str) -> int:
    with Client(url, token) as server:
        server.post(_path(series_id, "contest"))
    out().print(f"the contest of series {series_id} is open again, from its next learning pass on")
    return 0


def lives(found: Mapping[str, Any] | None) -> str:
    """Models, threshold, class and seasons in a line.

    >>> lives({"champion": "ema", "challenger": "kalman", "threshold": "sigma", "metric_class": "count",
    ...     "periods": [24]})
    'ema, kalman beside it; sigma; count; seasons of 24 buckets'
    >>> lives(None)
    'no model'
    """
    if found is None:
        return "no model"
    periods = " and ".join(str(period) for period in found["periods"])
    seasons = f"; seasons of {periods} buckets" if periods else ""
    return (
        f"{found['champion']}, {found['challenger']} beside it; {found['threshold']}; "
        f"{found['metric_class']}{seasons}"
    )


def _path(series_id: str, what: str) -> str:
    return f"/api/v1/series/{quote(series_id, safe='')}/{what}"
