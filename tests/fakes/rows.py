"""What a shard says of a series and of one moment of it."""

from __future__ import annotations

from typing import Any

from monitor.domain.series import Identity
from tests.fakes.clock import NOW_MS


def series_row(identity: Identity) -> dict[str, Any]:
    return {
        "id": f"{identity.fingerprint():016x}",
        "series": str(identity),
        "metric": identity.metric,
        "tags": dict(identity.tags),
        "class": "smooth",
        "cadence_ms": 60_000,
        "seasons_ms": [86_400_000],
        "champion": "ema",
        "challenger": "seasonal_profile",
        "threshold": "sigma",
        "final_buckets": 3,
        "last_ms": 120_000,
        "stage": "learning",
        "next_stage": "provisional",
        "next_stage_buckets": 29,
        "next_stage_ms": 120_000 + 29 * 60_000,
        "timezone": "UTC",
        "pinned": False,
    }


_LIVED = {
    "champion": "ema",
    "challenger": "kalman",
    "threshold": "extreme_value",
    "metric_class": "smooth",
    "periods": [],
}
JOURNAL_ENTRY: dict[str, Any] = {
    "at_ms": 120_000,
    "buckets": 128,
    "cause": "learning pass",
    "before": _LIVED,
    "after": _LIVED | {"champion": "holt_winters", "periods": [24], "metric_class": "seasonal"},
    "reasons": ["seasonal: one season", "holt_winters(24, 0.1) has the least loss"],
    "losses": {"holt_winters(24, 0.1)": 0.25, "ema(0.1)": 0.75},
    "undoable": True,
}


PAST = {
    "judged": 11_000,
    "counted": False,
    "span_ms": 8 * 86_400_000,
    "largest": 0.1,
    "as_large": 0,
    "excused": 0,
    "run": 1,
    "longest_run": 2,
    "gap": 0,
    "longest_gap": 1,
    "lean": 1,
    "longest_above": 6,
    "longest_below": 7,
    "model": 1,
    "since_ms": 1_360_000_000_000,
    "since_known": True,
    "judged_by": "ema",
}


def moment(bucket_ms: int) -> dict[str, Any]:
    """An ordinary minute, in band."""
    return {
        "bucket_ms": bucket_ms,
        "cadence_ms": 60_000,
        "final_ms": NOW_MS,
        "newest_ms": NOW_MS + 120_000,
        "clock_ms": NOW_MS + 120_000,
        "kept_ms": 0,
        "held": False,
        "damaged": False,
        "labels": [],
        "waiting": [],
        "judged": {
            "ts_ms": bucket_ms,
            "value": 12.5,
            "n": float("nan"),
            "expected": 12.0,
            "lower": 10.0,
            "upper": 14.0,
            "score": 8.0,
            "verdict": 0,
            "model": 1,
        },
        "late": [],
        "previous_ms": bucket_ms,
        "past": PAST | {"largest": 2.0, "as_large": 5_500},
    }
