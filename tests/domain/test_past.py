"""What the last days say, against a slow twin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.anomaly import ANOMALOUS, Verdict
from monitor.domain.durations import MINUTE_MS
from monitor.domain.past import BUCKETS_MAX, DAYS_MS, Past, Seen, past_of, span_ms

EMPTY = Seen(*(np.empty(0, kind) for kind in ("i8", "f8", "f4", "f8", "u1", "u1")))

rows = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.sampled_from([1.0, 2.0, 5.0]),
        st.sampled_from([math.nan, 10.0, 19.0, 21.0]),
        st.sampled_from([2.0, math.nan]),
        st.sampled_from(list(Verdict)),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=30,
)


def observed(given_rows: list[tuple[int, float, float, float, Verdict, int]]) -> Seen:
    steps, value, n, expected, verdict, model = (np.array(column) for column in zip(*given_rows, strict=True))
    return Seen(
        ts_ms=np.cumsum(steps).astype(np.int64) * MINUTE_MS,
        value=value.astype(np.float64),
        n=n.astype(np.float32),
        expected=expected.astype(np.float64),
        verdict=verdict.astype(np.uint8),
        model=model.astype(np.uint8),
    )


def slowly(found: Seen, bucket_ms: int, onset_ms: int) -> dict[str, object]:
    own, runs, gaps, previous = math.nan, [0], [0], None
    here = int(found.ts_ms[-1]) == bucket_ms
    cases = float(found.n[-1]) if here else math.nan
    leans = [(0, 0)]
    judged: list[float] = []
    excused: list[float] = []
    for ts, value, n, expected, verdict in zip(
        found.ts_ms.tolist(),
        found.value.tolist(),
        found.n.tolist(),
        found.expected.tolist(),
        found.verdict.tolist(),
        strict=True,
    ):
        apart = abs(value - expected)
        if ts == bucket_ms:
            own = apart
        if previous is not None and previous == (ts - MINUTE_MS, value):
            runs[-1] += 1
        else:
            runs.append(1)
        if ts < onset_ms:
            if previous is not None:
                gaps.append((ts - previous[0]) // MINUTE_MS - 1)
            alike = math.isnan(cases) or n >= cases / 2
            if not math.isnan(apart) and verdict != Verdict.LEARNING and alike:
                (excused if verdict in ANOMALOUS else judged).append(apart)
        side = int(value > expected) - int(value < expected)
        length = leans.pop()[1] if leans[-1][0] == side else 0
        leans.append((side, length + 1))
        previous = (ts, value)
    lean = leans.pop() if here else (0, 0)
    return {
        "judged": len(judged),
        "largest": max(judged, default=0.0),
        "as_large": sum(apart >= own for apart in judged),
        "excused": sum(apart >= own for apart in excused),
        "run": runs[-1] if here else 0,
        "longest_run": max(runs[:-1] if here else runs),
        "longest_gap": max(gaps),
        "lean": lean[0] * lean[1],
        "longest_above": max((length for side, length in leans if side > 0), default=0),
        "longest_below": max((length for side, length in leans if side < 0), default=0),
        "counted": not math.isnan(cases),
    }


@given(rows, st.integers(0, 3), st.integers(0, 5))
def test_as_the_slow_twin_says(
    given_rows: list[tuple[int, float, float, float, Verdict, int]], empty: int, earlier: int
) -> None:
    found = observed(given_rows)
    bucket_ms = int(found.ts_ms[-1]) + empty * MINUTE_MS
    onset_ms = bucket_ms - earlier * MINUTE_MS
    past = past_of(found, bucket_ms, onset_ms, MINUTE_MS)
    assert {name: getattr(past, name) for name in slowly(found, bucket_ms, onset_ms)} == slowly(
        found, bucket_ms, onset_ms
    )
    assert past.gap == empty
    assert past.since_ms is not None
    since = int(np.searchsorted(found.ts_ms, past.since_ms))
    assert set(found.model[since:].tolist()) == {past.model}
    assert past.since_known == (since > 0)
    assert since == 0 or found.model[since - 1] != past.model


def test_nothing_before() -> None:
    assert past_of(EMPTY, 0, 0, MINUTE_MS) == Past()


@pytest.mark.parametrize("cadence_ms", [1_000, 10_000, MINUTE_MS, 3_600_000, 86_400_000, 35 * 86_400_000])
def test_reading_the_past_is_bounded(cadence_ms: int) -> None:
    assert 32 <= span_ms(cadence_ms) // cadence_ms <= BUCKETS_MAX
    assert span_ms(cadence_ms) >= min(DAYS_MS, BUCKETS_MAX * cadence_ms)
