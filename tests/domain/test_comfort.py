"""Comfort calibration: runs and their excess, against a slow twin that walks one value after another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from learners.score import L_OPEN, score
from monitor.comforting import comfort
from monitor.domain.comfort import OPENS_AT, SCORES, Run, reached
from monitor.domain.durations import DAY_MS, MINUTE_MS

values = st.floats(-10.0, 10.0)
scores = st.one_of(st.floats(0.0, 99.0), st.sampled_from([*SCORES, np.nan]))
bucket = st.tuples(values, st.one_of(scores))


def columns(buckets: list[tuple[float, float]]) -> dict[str, NDArray[Any]]:
    value, score = (np.array([one[at] for one in buckets], np.float64) for at in (0, 1))
    return {
        "ts_ms": MINUTE_MS * np.arange(len(buckets)),
        "value": value,
        "score": score.astype(np.float32),
        "lower": np.full(len(buckets), -2.0),
        "upper": np.where(np.isnan(score), np.nan, 3.0),
    }


def slowly(seen: dict[str, NDArray[Any]], threshold: float) -> list[Run]:
    runs: list[Run] = []
    inside = False
    for at, ts_ms in enumerate(seen["ts_ms"].tolist()):
        score = float(seen["score"][at])
        value, lower, upper = (float(seen[name][at]) for name in ("value", "lower", "upper"))
        beyond = max(0.0, value - upper, lower - value) if upper == upper else 0.0
        if not score >= threshold:
            inside = False
            continue
        last = runs.pop() if inside else Run(ts_ms, ts_ms, score, 0.0)
        runs.append(Run(last.from_ms, ts_ms + MINUTE_MS, max(last.score, score), last.excess + beyond))
        inside = True
    return runs


@given(st.lists(bucket, max_size=60))
def test_it_is_what_walking_along_finds(buckets: list[tuple[float, float]]) -> None:
    seen = columns(buckets)
    found = reached(seen, MINUTE_MS, SCORES)
    walked = [slowly(seen, threshold) for threshold in SCORES]
    assert list(found.runs) == [len(runs) for runs in walked]
    assert found.excess == pytest.approx([sum(run.excess for run in runs) for runs in walked])
    assert [(run.from_ms, run.to_ms, run.score) for run in found.lowest] == [
        (run.from_ms, run.to_ms, run.score) for run in walked[0]
    ]


@given(st.lists(bucket, max_size=60))
def test_a_higher_threshold_never_adds_excess_or_a_run_elsewhere(buckets: list[tuple[float, float]]) -> None:
    found = reached(columns(buckets), MINUTE_MS, SCORES)
    for lower, higher in pairwise(found.excess):  # sums of the same numbers, in another order
        assert higher <= lower * (1.0 + 1e-12)
    for at, threshold in enumerate(SCORES):
        assert (found.runs[at] > 0) == any(run.score >= threshold for run in found.lowest)


def test_an_anomaly_opens_where_it_is_said() -> None:
    assert round(score(L_OPEN), 1) == OPENS_AT


YEAR = 365 * DAY_MS


@pytest.mark.parametrize(("live", "until"), [("watchkeeper.score.share", YEAR), ("clicks", 13 * YEAR)])
def test_days_are_counted_from_where_samples_end(live: str, until: int) -> None:
    """History that was read in is looked at beside own series, which go on."""
    ends = {"flights": YEAR, live: 13 * YEAR}
    rows = [
        {"id": name, "metric": name, "tags": {}, "cadence_ms": MINUTE_MS, "last_ms": end - MINUTE_MS}
        for name, end in ends.items()
    ]

    def columns_of(id: str, from_ms: int, to_ms: int) -> dict[str, NDArray[Any]]:
        found = columns([(9.0, 80.0)])
        found["ts_ms"] = np.array([ends[id] - DAY_MS])
        return found if from_ms <= ends[id] - DAY_MS < to_ms else {}

    found = comfort(rows, lambda _: True, columns_of, 14, (50.0,))
    assert (found.from_ms, found.to_ms) == (until - 14 * DAY_MS, until)
    assert ("flights" in [row["metric"] for row, _ in found.runs]) == (until == YEAR)
