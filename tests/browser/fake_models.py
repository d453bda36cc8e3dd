"""A served model in the shape of the API: its newest version is worse, and one of its features drifted."""

from __future__ import annotations

from typing import Any

from monitor.domain.durations import HOUR_MS

Json = dict[str, Any]
START_MS = 1_360_335_600_000


def _value(value: float, n: float = 400.0) -> Json:
    return {"value": value, "n": n, "lower": value - 0.03, "upper": value + 0.03}


def _bucket(place: int, text: str) -> Json:
    worse = place >= 30
    estimate = {
        "measure": "accuracy",
        "value": 0.91 - 0.1 * worse,
        "lower": 0.88 - 0.1 * worse,
        "upper": 0.94 - 0.1 * worse,
        "trusted": True,
        "why": "",
        "error": 0.03 * worse if place < 45 else None,
    }
    distance = {"value": 0.31 if worse else 0.02, "chance": 0.05, "excess": 0.26, "p": 0.0001}
    drift = {
        "feature": text or "customer_age",
        "segment": None,
        "n": 400,
        "drifted": worse,
        "distances": {"psi": distance, "jensen_shannon": distance},
        "text": text or "customer_age: 31 % missing, 1 % in the reference",
    }
    return {
        "start_ms": START_MS + place * HOUR_MS,
        "phase": "mature" if place < 40 else "immature",
        "predictions": 500,
        "labelled": 400,
        "coverage": 0.8,
        "values": {"accuracy": _value(0.9 - 0.12 * worse), "recall": _value(0.8)} if place < 45 else {},
        "estimate": estimate,
        "drift": [drift],
    }


def model(text: str = "") -> Json:
    """In the detail's shape, of which the list shows a part."""
    version = {
        "version": "7",
        "first_ms": START_MS,
        "last_ms": START_MS + 30 * HOUR_MS,
        "predictions": 15_000,
        "labelled": 14_000,
        "reference": "2000 of the 12000 predictions of its first buckets",
        "segments": ["country=NL"],
        "series": {"model.accuracy": "0000000000000001"},
    }
    later = version | {
        "version": text or "8",
        "first_ms": START_MS + 30 * HOUR_MS,
        "last_ms": START_MS + 48 * HOUR_MS,
    }
    buckets = [_bucket(place, text) for place in reversed(range(48))]
    return {
        "name": text or "recommender",
        "task": "classification",
        "version": later["version"],
        "versions": 2,
        "first_ms": START_MS,
        "last_ms": START_MS + 48 * HOUR_MS,
        "predictions": 24_000,
        "labelled": 19_200,
        "measure": "accuracy",
        "quality": _value(0.78),
        "quality_ms": START_MS + 39 * HOUR_MS,
        "estimate": buckets[0]["estimate"],
        "error_drift": {
            "at_ms": START_MS + 33 * HOUR_MS,
            "detector": "Page-Hinkley",
            "reference": 0.1,
            "error": 0.22,
            "text": text or "the error has grown from 0.1 to 0.22 (by Page-Hinkley)",
        },
        "drifted": [text or "customer_age: 31 % missing, 1 % in the reference"],
        "settings": {"task": "classification"},
        "each": [later, version],
        "shown_version": later["version"],
        "shown_segment": None,
        "buckets": buckets,
        "delay_ms": {"p50": HOUR_MS, "p90": 6 * HOUR_MS},
        "counts": {"outcome without prediction": 3},
    }
