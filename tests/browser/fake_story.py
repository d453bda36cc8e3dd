"""What canned answers tell of an incident beside its members (acts, labels, notices …), and of a series."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

ME: Json = {
    "name": "anyone",
    "scopes": ["ingest", "read", "feedback", "silence", "config", "admin"],
    "team": None,
    "prefix": "",
    "csrf": None,
}


def story(incident: Json, text: str = "") -> Json:
    """An incident with what people did to it and said of it; ``text`` stands in every field that is free."""
    members, at_ms = incident["members"], incident["start_ms"]
    first = members[0]
    evidence = [
        {
            "anomaly_id": one["id"],
            "series": one["series"],
            "evidence": None if one is first else "common tag",
            "because_of": None if one is first else first["id"],
            "decades": None if one is first else 2.0,
            "lag_ms": None if one is first else 3_600_000,
            "text": text or ("the first to begin" if one is first else f"began 1 h after {first['series']}"),
        }
        for one in members
    ]
    act = {
        "id": "act-1",
        "verb": "comment",
        "incident_id": incident["id"],
        "others": [],
        "user": "user:ann",
        "at_ms": at_ms + 7_200_000,
        "comment": text or "snow on every runway",
        "undone_by": None,
        "undone_ms": None,
    }
    return {
        **incident,
        "evidence": evidence,
        "changes": [change(at_ms - 1_800_000, text or "import of customers 2.4", text or "deployment")],
        "similar": [
            {
                "id": "i9",
                "title": text or "cancelled_share up at JFK",
                "start_ms": at_ms - 30 * 86_400_000,
                "shared": 12,
                "likeness": 0.75,
                "labels": ["true"],
            }
        ],
        "acts": [act, act | {"id": "act-2", "undone_by": "user:bob", "undone_ms": at_ms + 9_000_000}],
        "labels": [label(incident["id"], "incident", None, at_ms, incident["end_ms"], text)],
        "steps": [
            {"kind": "opened", "at_ms": at_ms + 3_600_000, "member_count": 2, "score": 71.0},
            {"kind": "updated", "at_ms": at_ms + 7_200_000, "member_count": len(members), "score": 96.5},
        ],
    }


def change(at_ms: int, title: str, kind: str) -> Json:
    return {"id": "c1", "at": "", "at_ms": at_ms, "kind": kind, "title": title, "tags": {}}


def label(target: str, kind: str, series: str | None, from_ms: int, to_ms: int | None, note: str) -> Json:
    return {
        "id": f"label-{kind}",
        "label": "true",
        "kind": kind,
        "target": target,
        "series_id": series,
        "from_ms": from_ms,
        "to_ms": to_ms,
        "user": "user:ann",
        "note": note,
        "at": "",
        "at_ms": from_ms + 7_200_000,
        "undone_by": None,
        "undone_ms": None,
        "rules": True,
        "conflict": False,
    }


def notices(at_ms: int, text: str = "") -> Json:
    sent = {
        "at_ms": at_ms,
        "receiver": text or "on call",
        "route": text or "ops",
        "kind": "opened",
        "incident_id": "i1",
        "title": text or "a title",
        "changed": [],
        "sequence": 1,
        "state": "delivered",
        "attempts": 2,
        "due_ms": at_ms,
        "done_ms": at_ms,
        "answer": text or "200 OK",
    }
    held = {"at_ms": at_ms, "incident_id": "i1", "route": "ops", "why": text or "muted by ann", "by": None}
    return {"notices": [sent], "withheld": [held]}


def journal(at_ms: int, text: str = "") -> list[Json]:
    lives = {
        "champion": "ema",
        "challenger": "kalman",
        "threshold": "extreme_value",
        "metric_class": "smooth",
        "periods": [],
    }
    seasonal = lives | {"champion": "holt_winters", "metric_class": "seasonal", "periods": [24]}
    return [
        {
            "at_ms": at_ms,
            "buckets": 512,
            "cause": "learning pass",
            "before": lives,
            "after": seasonal,
            "reasons": [text or "a season explains 27 % of the variance of cycles held out"],
            "losses": {"holt_winters(24, 0.1)": 0.25, "ema(0.1)": 0.75},
            "undoable": True,
        }
    ]


def explanation(series: Json, at_ms: int, text: str = "") -> Json:
    return {
        "series": series,
        "at_ms": at_ms,
        "bucket_ms": at_ms,
        "reason": "in band",
        "ground": None,
        "text": text or "0.021 lies within the band.",
        "value": 0.021,
        "n": 12.0,
        "expected": 0.03,
        "lower": 0.0,
        "upper": 0.074,
        "score": 8.0,
        "unusual": text,
        "judged_by": "holt_winters",
        "judged_since_ms": at_ms - 86_400_000,
        "judged_since_known": True,
        "normal": text or "a value between 0 % and 7.4 %",
        "anomaly": None,
        "late": [],
        "wide_band": None,
        "holds": [],
        "notes": [text] if text else [],
    }


METRIC: Json = dict.fromkeys(
    (
        *("declared_by", "kind", "unit", "cadence_ms", "aggregation", "timezone", "polarity", "lateness_ms"),
        *("min_change_absolute", "min_change_relative", "static_lower", "static_upper", "threshold"),
        *("models", "weight"),
    )
)

DESCRIBED: Json = {"paths": {"/api/v1/labels": {"post": {"parameters": [{"name": "dry_run"}]}}}}


def rehearsal(from_ms: int, text: str = "") -> Json:
    """What a dry run of a label answers: two that would vanish, of which one was confirmed."""
    gone = {"id": "a", "series": text or "cancelled_share{origin=JFK}", "kind": "spike", "score": 71.0}
    gone |= {"onset_ms": 0, "end_ms": None, "confirmed": False}
    both = [gone, gone | {"id": "b", "confirmed": True}]
    return {
        "dry_run": True,
        "from_ms": from_ms,
        "to_ms": from_ms + 1,
        "series": 3,
        "vanish": both,
        "appear": [],
    }
