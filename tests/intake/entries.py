"""Entries for the tests, by strategy and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from monitor.domain.batch import Mode
from monitor.domain.records import Control, Entry, Kind, Samples, Tick

INT64 = st.integers(-(2**63), 2**63 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
BITS = st.integers(0, 2**64 - 1)  # any float64, every NaN included


def samples(count: int = 3, seed: int = 1, **more: Any) -> Samples:
    random = np.random.default_rng(seed)
    fields: dict[str, Any] = {
        "row": random.integers(0, 1000, count).astype(np.int32),
        "ts_ms": 1_700_000_000_000 + np.arange(count, dtype=np.int64) * 1000,
        "value": random.normal(size=count),
        "n": None,
        "mode": Mode.LIVE,
        "arrival_ms": 1_700_000_000_500,
        "clock_ms": 1_700_000_000_000,
    }
    return Samples(**(fields | more))


@st.composite
def any_samples(draw: st.DrawFn) -> Samples:
    count = draw(st.integers(0, 20))

    def column(strategy: st.SearchStrategy[int], dtype: type[np.generic]) -> np.ndarray[Any, Any]:
        return np.array(draw(st.lists(strategy, min_size=count, max_size=count)), dtype)

    return Samples(
        row=column(INT32, np.int32),
        ts_ms=column(INT64, np.int64),
        value=column(BITS, np.uint64).view(np.float64),
        n=column(BITS, np.uint64).view(np.float64) if draw(st.booleans()) else None,
        mode=draw(st.sampled_from(Mode)),
        arrival_ms=draw(INT64),
        clock_ms=draw(INT64),
        new_series=tuple(draw(st.lists(st.tuples(INT32, st.binary(max_size=40)), max_size=4))),
        request_id=draw(st.binary(min_size=16, max_size=16) | st.just(b"")),
    )


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | INT64
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
any_ticks = st.builds(Tick, INT64, st.booleans(), st.binary(max_size=16))
any_controls = st.builds(
    Control,
    st.sampled_from([kind for kind in Kind if kind not in (Kind.SAMPLES, Kind.TICK)]),
    st.dictionaries(st.text(max_size=5), PLAIN, max_size=4),
)
any_entries = any_samples() | any_ticks | any_controls


def same(left: Entry, right: Entry) -> bool:
    """Equal to the bit, NaN included."""
    if not (isinstance(left, Samples) and isinstance(right, Samples)):
        return left == right
    for name in ("row", "ts_ms", "value", "n"):
        a, b = getattr(left, name), getattr(right, name)
        if (a is None) != (b is None):
            return False
        if a is not None and (a.dtype != b.dtype or a.shape != b.shape or a.tobytes() != b.tobytes()):
            return False
    plain = ("mode", "arrival_ms", "clock_ms", "new_series", "request_id")
    return all(getattr(left, name) == getattr(right, name) for name in plain)
