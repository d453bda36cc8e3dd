"""``watchkeeper models``: served models of a running server, and one of them bucket by bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from api.client import Client, Values
from api.tables import cell, out, print_json, show, table

_MODELS = {
    "name": "model",
    "version": "version",
    "task": "task",
    "predictions": "predictions",
    "labelled": "labelled",
    "quality_text": "quality",
    "estimate_text": "estimated",
    "drifted_count": "drifted",
    "last_ms": "last (UTC)",
}
_BUCKETS = {
    "start_ms": "from (UTC)",
    "phase": "phase",
    "predictions": "predictions",
    "coverage_text": "labelled",
    "quality_text": "quality",
    "estimate_text": "estimated",
}
_VERSIONS = {
    "version": "version",
    "predictions": "predictions",
    "labelled": "labelled",
    "reference": "reference",
}


def models(
    url: str,
    token: str,
    name: str | None,
    *,
    version: str | None,
    segment: str | None,
    buckets: int,
    as_json: bool,
) -> int:
    with Client(url, token) as server:
        if name is None:
            rows = [_row(one, one["measure"], one["quality"]) for one in server.items("/api/v1/models")]
            return show(rows, _MODELS, as_json, "no models")
        path = f"/api/v1/models/{quote(name, safe='')}"
        model = server.get(path, version=version, segment=segment, buckets=buckets)
    if as_json:
        print_json(model)
        return 0
    _tell(model)
    return 0


def _tell(model: Values) -> None:
    console = out()
    console.print(table([_row(model, model["measure"], model["quality"])], _MODELS))
    console.print(table(model["each"], _VERSIONS))
    measure = model["measure"]
    rows = [_row(one, measure, one["values"].get(measure)) for one in model["buckets"]]
    console.print(table(rows, _BUCKETS))
    if model["error_drift"] is not None:
        since = cell("start_ms", model["error_drift"]["at_ms"])
        console.print(f"  {since}: " + cell("text", model["error_drift"]["text"]), soft_wrap=True)
    for line in model["drifted"]:
        console.print("  drifted: " + cell("text", line), soft_wrap=True)
    newest = next((one["estimate"] for one in model["buckets"] if one["estimate"]), None)
    if newest is not None and newest["why"]:
        console.print("  no estimate: " + cell("text", newest["why"]), soft_wrap=True)


def _row(one: Values, measure: str, value: Values | None) -> Values:
    predictions = one["predictions"]
    return {
        **one,
        "quality_text": told(measure, value),
        "estimate_text": _estimated(one.get("estimate")),
        "drifted_count": len(one.get("drifted", [])),
        "coverage_text": f"{one['labelled'] / predictions:.0%}" if predictions else "",
    }


def _estimated(estimate: Values | None) -> str:
    return told(estimate["measure"], estimate) if estimate is not None and estimate["trusted"] else ""


def told(measure: str, value: dict[str, Any] | None) -> str:
    """A measure with its interval.

    >>> told("accuracy", {"value": 0.8125, "lower": 0.75, "upper": 0.86})
    'accuracy 0.812 (0.750 to 0.860)'
    """
    if value is None or value["value"] is None:
        return ""
    interval = "" if value["lower"] is None else f" ({value['lower']:.3f} to {value['upper']:.3f})"
    return f"{measure} {value['value']:.3f}{interval}"
