"""Canned answers of Watchkeeper itself, for the page's Meta view."""

from __future__ import annotations

from typing import Any

from monitor.domain.durations import HOUR_MS
from tests.browser.canned import STORM_MS

Json = dict[str, Any]

FIGURES = (
    ("watchkeeper.band.coverage", "calibration", "Band coverage", True, True, "family"),
    ("watchkeeper.surprise.p01", "calibration", "Share of values with p below 0.01", True, True, "family"),
    ("watchkeeper.season.share", "seasons", "Share of metrics with a season", True, True, ""),
    ("watchkeeper.class.share", "models", "Share of metrics by class", True, False, "class"),
)
VALUES = {"family": ("holt_winters", "ema"), "class": ("seasonal", "smooth"), "": ("",)}


def meta(series: list[Json], incident: Json | None, text: str = "") -> Json:
    """One meta-incident, models frozen for it, and figures whose charts are those of ``series``."""
    headline = text or (
        "Family holt_winters: band coverage fell from 99 to 61 % in 212 metrics"
        " since Watchkeeper 0.8.0 became 0.9.0"
    )
    change = {"id": "c1", "at": "", "at_ms": STORM_MS - HOUR_MS, "kind": "deployment", "tags": {}}
    wrong = {
        "incident": {**incident, "state": "open"} if incident else None,
        "headline": headline,
        "cause_kind": "family",
        "cause": text or "holt_winters",
        "hit": 212,
        "changes": [{**change, "title": text or "Watchkeeper 0.8.0 became 0.9.0"}],
    }
    return {
        "enabled": True,
        "version": "0.9.0",
        "frozen": f"frozen while meta-incident inc-1 is open: {headline}" if incident else None,
        "frozen_by": None,
        "incidents": [wrong] if incident else [],
        "figures": [_figure(one, series) for one in FIGURES] if series else [],
        "heartbeat_ms": STORM_MS,
        "heartbeat_trouble": None,
    }


def _figure(figure: tuple[Any, ...], series: list[Json]) -> Json:
    metric, group, words, share, watched, tag = figure
    own = [
        {"id": series[place]["id"], "tags": {tag: value} if tag else {}}
        for place, value in enumerate(VALUES[tag])
    ]
    return {
        "metric": metric,
        "group": group,
        "words": words,
        "share": share,
        "watched": watched,
        "series": own,
    }


def rolled_back(series: list[Json], dry_run: bool) -> Json:
    lives = {"challenger": "ema", "threshold": "extreme_value", "metric_class": "seasonal", "periods": [24]}
    items = [
        {
            "id": one["id"],
            "series": one["series"],
            "at_ms": STORM_MS,
            "before": {**lives, "champion": "holt_winters"},
            "after": {**lives, "champion": "ema", "periods": []},
            "changes": 1 + place % 2,
        }
        for place, one in enumerate(series[:4])
    ]
    return {"dry_run": dry_run, "items": items}
