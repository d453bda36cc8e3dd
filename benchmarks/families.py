"""What one sample costs each baseline family: forecast and learn, in a bank of many series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.timing import in_turns
from learners.base import MODEL_BYTES, Family
from learners.baseline.neural import HIDDEN, INPUTS, weights_of
from learners.candidate import FITTED
from learners.families import BASELINES
from learners.memory import prefetch

TITLE = "one baseline alone: forecast and learn, one thread"
SERIES, TOY_SERIES = 100_000, 300
REPEATS, TOY_REPEATS = 9, 2
AHEAD, SEASON_AHEAD = 16, 8
SLOTS = 24
GOAL_NS = 100.0
_WARM = 12 * SLOTS
_KNOBS: dict[Family, dict[str, Any]] = {
    Family.HOLT_WINTERS: {"periods": (SLOTS,), "beta": 0.01},
    Family.SEASONAL_PROFILE: {"periods": (SLOTS,)},
    Family.KALMAN: {"signal": 0.1, "turn": 0.001, "phi": 0.98},
    Family.COUNTS: {"periods": (SLOTS,), "zero": -30.0},
    Family.BINOMIAL: {"periods": (SLOTS,), "zero": -30.0, "grain": 60.0},
    Family.ARIMA: {"values": {1: 0.5, SLOTS: 1.0, SLOTS + 1: -0.5}, "residuals": {1: 0.2, SLOTS: -0.6}},
    Family.NEURAL: {"weights": np.full(weights_of(INPUTS, HIDDEN), 0.01, np.float32)},
}
"""The richest form of each family; the others have one form."""

Loop = Callable[..., float]


def run(toy: bool) -> list[Figure]:
    series, repeats = (TOY_SERIES, TOY_REPEATS) if toy else (SERIES, REPEATS)
    names = [family.name.lower() for family in BASELINES]
    works = {name: _work(family, series) for name, family in zip(names, BASELINES, strict=True)}
    cost = in_turns(works, repeats)
    where = f"{series:,} series, random order"
    return [
        Figure(
            family.name.lower(),
            cost[family.name.lower()].cpu_ns(series),
            "ns CPU a sample",
            goal=None if family in FITTED else GOAL_NS,
            at_most=True,
            note=where,
        )
        for family in BASELINES
    ]


def _work(code: Family, series: int) -> Callable[[int], float]:
    """A sweep over all series in random order, each repetition the next bucket."""
    family: Any = BASELINES[code]
    random = np.random.default_rng(7)
    t = np.arange(_WARM)
    seen = family.warm(random.standard_normal(_WARM), t, **_KNOBS.get(code, {}))
    records: NDArray[np.void] = np.repeat(np.frombuffer(seen.record.tobytes(), family.dtype), series)
    slots = len(seen.season)
    season = np.tile(seen.season, series) if slots else np.zeros(1, np.float32)
    if slots:
        records["at"] = np.arange(series) * slots
    order = random.permutation(series)
    value = random.standard_normal(series)
    loop = _loop(family)
    places = np.array([records.ctypes.data, season.ctypes.data, slots], np.int64)
    loop(records, season, places, order[:0], value, 0)

    def work(repeat: int) -> float:
        return loop(records, season, places, order, value, _WARM + repeat)

    return work


def _loop(family: Any) -> Loop:
    """The family's own kernels in one loop, which asks for memory ahead as the shard's does."""
    forecast, learn = family.forecast, family.learn

    @njit(nogil=True, error_model="numpy")
    def loop(records: Any, season: Any, places: Any, order: Any, value: Any, t: int) -> float:
        total = 0.0
        count = len(order)
        record_at, season_at, slots = places
        slot = t % max(slots, 1)
        for i in range(count):
            if i + AHEAD < count:
                prefetch(record_at + MODEL_BYTES * order[i + AHEAD])
            if slots > 0 and i + SEASON_AHEAD < count:
                prefetch(season_at + 4 * (order[i + SEASON_AHEAD] * slots + slot))
            m = records[order[i]]
            centre, scale = forecast(m, season, t)
            learn(m, season, t, value[i], centre, scale, 1.0)
            total += scale
        return total

    return loop
