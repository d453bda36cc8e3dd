"""Canned series, anomalies, incidents and observations in the shapes of the API."""

from __future__ import annotations

import math
from typing import Any

from monitor.domain.durations import HOUR_MS

STORM_MS = 1_360_335_600_000  # 2013-02-08T15:00:00Z
HOSTILE = "<img src=x onerror=\"window.ran='yes'\"><script>window.ran='yes'</script>"

Json = dict[str, Any]


def _series(number: int, metric: str, tags: dict[str, str]) -> Json:
    text = metric + "{" + ",".join(f"{key}={value}" for key, value in tags.items()) + "}"
    return {
        "id": f"{number:016x}",
        "series": text,
        "metric": metric,
        "tags": tags,
        "class": "ratio",
        "cadence_ms": HOUR_MS,
        "seasons_ms": [24 * HOUR_MS, 168 * HOUR_MS],
        "champion": "holt_winters",
        "challenger": "seasonal_profile",
        "threshold": "extreme_value",
        "final_buckets": 8_759,
        "last_ms": STORM_MS + 30 * 24 * HOUR_MS,
        "stage": "trusted",
        "next_stage": None,
        "next_stage_buckets": None,
        "next_stage_ms": None,
        "pinned": False,
        "timezone": "America/New_York",
    }


def all_series(hostile: bool) -> list[Json]:
    """Sixteen ordinary series, and with ``hostile`` one whose every name is markup."""
    pairs = [
        (origin, carrier) for origin in ("JFK", "LGA", "EWR") for carrier in ("AA", "B6", "DL", "UA", "US")
    ]
    found = [
        _series(i + 1, "cancelled_share", {"carrier": carrier, "origin": origin})
        for i, (origin, carrier) in enumerate(pairs)
    ]
    found.append(_series(16, "departures", {"origin": "JFK"}))
    if hostile:
        found.insert(0, _series(99, HOSTILE, {"shop": HOSTILE}))
    return found


def anomaly(series: Json, incident: str, offset: int = 0) -> Json:
    onset = STORM_MS + offset * HOUR_MS
    return {
        **{key: series[key] for key in ("series", "metric", "tags")},
        "id": f"{series['id']}-{onset:x}-a",
        "series_id": series["id"],
        "kind": "spike",
        "direction": 1,
        "onset": "2013-02-08T15:00:00Z",
        "onset_ms": onset,
        "peak_ms": onset + 12 * HOUR_MS,
        "last_ms": onset + 25 * HOUR_MS,
        "end": "2013-02-09T17:00:00Z",
        "end_ms": onset + 26 * HOUR_MS,
        "score": 96.5 - offset,
        "value": 0.83,
        "expected": 0.021,
        "lower": 0.0,
        "upper": 0.074,
        "buckets": 26,
        "cadence_ms": HOUR_MS,
        "incident_id": incident,
        "without_incident": "",
        "value_text": "83 %",
        "expected_text": "2.1 %",
        "size": 0.809,
        "percent": 3_852.4,
        "labels": [],
        "conflict": False,
        "unusual": "16 times the largest of the last 8 days",
        "judged_by": "holt_winters",
        "judged_since_ms": STORM_MS - 10 * 24 * HOUR_MS,
        "judged_since_known": True,
        "ground": "outside the band",
        "normal": "a value between 0 % and 7.4 %",
        "normal_lower": 0.0,
        "normal_upper": 0.074,
        "text": "83 % where 2.1 % was expected.",
    }


def _suspect(member: Json) -> Json:
    wanted = ("series_id", "series", "metric", "tags", "onset_ms", "score")
    return {**{key: member[key] for key in wanted}, "why": "first to move"}


def incident(number: int, title: str, state: str, series: list[Json], start_ms: int, score: float) -> Json:
    name = f"i{number}"
    members = [anomaly(one, name, i % 4) for i, one in enumerate(series)]
    is_open = state == "open"
    return {
        "id": name,
        "state": state,
        "title": title,
        "start": "2013-02-08T15:00:00Z",
        "start_ms": start_ms,
        "end": None if is_open else "2013-02-09T20:00:00Z",
        "end_ms": None if is_open else start_ms + 29 * HOUR_MS,
        "score": score,
        "severity": 12.25,
        "priority": "P1" if is_open else "P2",
        "reasons": ["score 97 of 100", "29 h long"],
        "opened": True,
        "unstable": False,
        "team": "",
        "acknowledged_by": None,
        "acknowledged_ms": None,
        "merged_into": None,
        "likely": None,
        "said": [] if is_open else ["true"],
        "kind": "spike",
        "direction": 1,
        "member_count": len(members),
        "series_count": len(members),
        "members": members,
        "suspects": [_suspect(member) for member in members[:3]],
        "contributors": [
            {
                "tag": "origin",
                "value": "JFK",
                "count": 14,
                "total": 16,
                "text": "14 of 16 series with origin=JFK",
            },
            {
                "tag": "origin",
                "value": "LGA",
                "count": 9,
                "total": 15,
                "text": "9 of 15 series with origin=LGA",
            },
        ],
    }


def observations(series: Json, from_ms: int, to_ms: int) -> Json:
    """Hourly values of a daily wave, with the storm in it and one missing bucket."""
    first, last = -(-from_ms // HOUR_MS), to_ms // HOUR_MS
    columns: dict[str, list[Any]] = {
        name: []
        for name in ("ts_ms", "value", "n", "expected", "lower", "upper", "score", "verdict", "model")
    }
    for hour in range(first, last):
        ts = hour * HOUR_MS
        expected = 0.03 + 0.02 * math.sin(hour / 24 * 2 * math.pi)
        since = (ts - STORM_MS) // HOUR_MS
        storm = 0 <= since < 26
        value: float | None = (
            expected + 0.012 * math.sin(hour * 7.3) + (0.8 * math.sin(since / 26 * math.pi) if storm else 0)
        )
        if since == -20:
            value = None
        row = (ts, value, 12.0, expected, max(0.0, expected - 0.03), expected + 0.04, 96.0 if storm else 8.0)
        verdict = "anomaly" if storm else "missing" if value is None else "in band"
        for name, cell in zip(columns, (*row, verdict, "holt_winters"), strict=True):
            columns[name].append(cell)
    late = STORM_MS + 90 * 60_000
    revisions = {"ts_ms": [late], "value": [0.4], "n": [120.0], "arrival_ms": [late + 40 * HOUR_MS]}
    return {"series": series, "columns": columns, "revisions": revisions}
