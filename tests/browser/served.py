"""Predictions and outcomes of a model whose second version becomes worse, as a service sends them."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitor.domain.durations import HOUR_MS
from tests.browser.live import Desk

START_MS = 1_700_006_400_000
OLD, GOOD, END = 60, 200, 240
STEP = 20
AN_HOUR = 100


def worse_version(system: Desk) -> None:
    """By the hour: version 1, then version 2 as good, right in nine of ten; then in half, of customers who
    are 30 years older."""
    system.tell("PUT", "models/churn", {"reference_buckets": 24, "maturity_ms": 2 * HOUR_MS})
    random = np.random.default_rng(7)
    for first in range(0, END, STEP):
        rows = [row for hour in range(first, first + STEP) for row in _hour(random, hour)]
        system.tell("POST", "predictions", {"predictions": [one for one, _ in rows], "mode": "backfill"})
        system.tell("POST", "outcomes", {"outcomes": [one for _, one in rows], "mode": "backfill"})


def _hour(random: np.random.Generator, hour: int) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    right, age = (0.9, 40.0) if hour < GOOD else (0.5, 70.0)
    found = []
    for i in range(AN_HOUR):
        at_ms = START_MS + hour * HOUR_MS + i * 1_000
        truth = bool(random.random() < 0.5)
        said = truth if random.random() < right else not truth
        score = float(random.uniform(0.75, 0.99)) if said else float(random.uniform(0.01, 0.25))
        row = {
            "id": f"{hour}-{i}",
            "model": "churn",
            "version": "1" if hour < OLD else "2",
            "timestamp": at_ms,
            "score": score,
            "features": {"age": float(random.normal(age, 9.0)), "income": float(random.normal(3.0, 1.0))},
        }
        outcome = {"id": row["id"], "model": "churn", "outcome": truth, "timestamp": at_ms + HOUR_MS}
        found.append((row, outcome))
    return found
