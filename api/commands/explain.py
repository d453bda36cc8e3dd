"""``watchkeeper explain``: why a series shows what it shows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from api.client import Client
from api.commands.times import moment
from api.schemas import rfc3339
from api.tables import cell, out, print_json
from monitor.domain.units import signed


def explain(url: str, token: str, *, series: str, at: str, tz: str, as_json: bool) -> int:
    with Client(url, token) as server:
        answer = server.get("/api/v1/explain", series=series, at=moment(at, tz))
    if as_json:
        print_json(answer)
        return 0
    console = out()
    console.print(cell("text", answer["text"]), soft_wrap=True)
    table = Table(show_header=False)
    for name, value in facts(answer):
        table.add_row(name, cell("text", value))
    console.print(table)
    return 0


def facts(answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known, a line each; what there is none of is left out."""
    series, anomaly = answer["series"], answer["anomaly"]
    yield "reason", answer["reason"] + (f", {answer['ground']}" if answer["ground"] else "")
    yield "series", f"{series['series']} ({series['id']})"
    if answer["bucket_ms"] is not None:
        length = f"{answer['cadence_ms'] / 1_000:,.0f} s"
        yield "bucket", f"{rfc3339(answer['bucket_ms'])}, {length}"
    for name in ("value", "n", "expected"):
        if answer[name] is not None:
            yield name, f"{answer[name]:.6g}"
    if answer["lower"] is not None or answer["upper"] is not None:
        yield "band", f"{_end(answer['lower'])} to {_end(answer['upper'])}"
    if answer["size"] is not None:
        percent = "" if answer["percent"] is None else f" ({signed(answer['percent'])} %)"
        yield "size", f"{answer['size']:+.6g}{percent}"
    if answer["score"] is not None:
        yield "score", f"{answer['score']:.1f}"
    if answer["judged_by"] is not None:
        since = answer["judged_since_ms"]
        earlier = "" if answer["judged_since_known"] else " or earlier"
        yield (
            "judged by",
            answer["judged_by"] + ("" if since is None else f" since {rfc3339(since)}{earlier}"),
        )
    for name in ("unusual", "normal"):
        if answer[name]:
            yield {"unusual": "how unusual", "normal": "would be normal"}[name], answer[name]
    if anomaly is not None:
        yield "anomaly", f"{anomaly['kind']}, {anomaly['id']}"
        if anomaly["incident_id"] is not None:
            yield "incident", anomaly["incident_id"]
    for one in answer["holds"]:
        yield "not told", f"route {one['route']}: {one['why']}"
    for note in answer["notes"]:
        yield "note", note


def _end(value: float | None) -> str:
    return "any" if value is None else f"{value:.6g}"
