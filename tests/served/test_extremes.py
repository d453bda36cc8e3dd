"""Numbers at the ends of what there is stop nothing, and nothing that is no number comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitor.domain.durations import HOUR_MS
from tests.api.conftest import running
from tests.fakes import NOW_MS

LARGEST = 1.7e308
ENDS: list[float] = [LARGEST, -LARGEST, 5e-324, 0.0]
TOLD: dict[str, tuple[list[dict[str, Any]], list[Any]]] = {
    "regression": ([{"prediction": one, "latency_ms": -one} for one in ENDS], [-LARGEST, 5e-324, LARGEST]),
    "classification": (
        [{"score": one} for one in (*ENDS, 5, -3, 1)] + [{"prediction": one} for one in (1e300, -5, 2**70)],
        [1e300, "x", True, -5],
    ),
    "ranking": ([{}], [*ENDS, 5.5]),
}


@pytest.mark.parametrize("task", TOLD)
def test_any_number_is_counted_or_left_out(tmp_path: Path, task: str) -> None:
    predicted, came = TOLD[task]
    for app in running(served=tmp_path):
        settings = {"reference_buckets": 4, "maturity_ms": HOUR_MS, "task": task}
        assert app.http.put("/api/v1/models/m", json=settings).status_code == 200
        for hour in range(6):
            known = [{"id": f"{hour}-{i}", "model": "m"} for i in range(80)]
            at = {"timestamp": NOW_MS + (hour - 20) * HOUR_MS}
            features = [
                {"a": ENDS[i % 4], "b": ENDS[(hour + i) % 2], "c": str(ENDS[i % 4])} for i in range(80)
            ]
            predictions = [
                one | at | predicted[i % len(predicted)] | {"features": features[i]}
                for i, one in enumerate(known)
            ]
            outcomes = [one | at | {"outcome": came[i % len(came)]} for i, one in enumerate(known)]
            for what, rows in (("predictions", predictions), ("outcomes", outcomes)):
                answer = app.http.post(f"/api/v1/{what}", json={what: rows, "mode": "backfill"})
                assert answer.json()["accepted"] == 80
        answer = app.http.post(f"/api/v1/outcomes?complete={NOW_MS}", json={"outcomes": []})
        assert answer.status_code == 200
        assert app.http.get("/api/v1/models/m").json()["labelled"] == 480
        told = np.concatenate([one.batch.value for one in app.engine.submitted])
        assert len(told) > 20
        assert np.isfinite(told).all()
        assert app.monitor.not_ready() == ""
