"""What a sample costs each baseline family (forecast and learn) and each tail family (surprise and learn).

In a bank of many series, beside the bytes that a series takes. As many records touched in the same order,
without arithmetic, say how much of it is memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.timing import in_turns
from learners.base import COMMON_BYTES, MODEL_BYTES, TAIL_OFFSET, Family, Tail
from learners.baseline.neural import HIDDEN, INPUTS, weights_of
from learners.candidate import FITTED
from learners.families import BASELINES, TAILS
from learners.memory import prefetch

TITLE = "one baseline or tail alone, one thread"
SERIES, TOY_SERIES = 100_000, 300
REPEATS, TOY_REPEATS = 9, 2
AHEAD, SEASON_AHEAD = 16, 8
SLOTS = 24
GOAL_NS = 100.0
_FITTED = [family.name.lower() for family in FITTED]
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
    banks = {family.name.lower(): _baselines(family, series) for family in BASELINES}
    banks |= {f"{tail.name.lower()} tail": _tails(tail, series) for tail in TAILS}
    works = {name: bank.work for name, bank in banks.items()}
    cost = in_turns({**works, "memory": _memory(series)}, repeats)
    where = f"{series:,} series, random order"
    return [
        *(
            Figure(
                name,
                cost[name].cpu_ns(series),
                "ns CPU a sample",
                goal=None if name in _FITTED else GOAL_NS,
                at_most=True,
                note=f"{bank.bytes_a_series} bytes a series; {where}",
            )
            for name, bank in banks.items()
        ),
        Figure("memory", cost["memory"].cpu_ns(series), "ns CPU a sample", note="64 bytes touched alone"),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Bank:
    """A sweep over all series in random order, each repetition the next bucket."""

    work: Callable[[int], float]
    bytes_a_series: int


def _baselines(code: Family, series: int) -> _Bank:
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

    return _Bank(work, MODEL_BYTES + 4 * slots)


def _tails(code: Tail, series: int) -> _Bank:
    family: Any = TAILS[code]
    random = np.random.default_rng(7)
    seen = family.warm(random.standard_normal(_WARM)).reshape(1)
    records: NDArray[np.void] = np.repeat(np.frombuffer(seen.tobytes(), family.dtype), series)
    order = random.permutation(series)
    residuals = random.standard_normal(series)
    loop = _tail_loop(family)
    loop(records, records.ctypes.data, order[:0], residuals)

    def work(repeat: int) -> float:
        return loop(records, records.ctypes.data, order, residuals)

    return _Bank(work, COMMON_BYTES - TAIL_OFFSET)


def _memory(series: int) -> Callable[[int], float]:
    rows = np.zeros((series, COMMON_BYTES // 8))
    order = np.random.default_rng(7).permutation(series)
    _touch(rows, rows.ctypes.data, order[:0])
    return lambda repeat: _touch(rows, rows.ctypes.data, order)


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


def _tail_loop(family: Any) -> Loop:
    surprise, learn = family.surprise, family.learn

    @njit(nogil=True, error_model="numpy")
    def loop(records: Any, at: int, order: Any, residuals: Any) -> float:
        total = 0.0
        count = len(order)
        for i in range(count):
            if i + AHEAD < count:
                prefetch(at + COMMON_BYTES * order[i + AHEAD])
            m = records[order[i]]
            total += surprise(m, residuals[i])
            learn(m, residuals[i], 1.0)
        return total

    return loop


@njit(nogil=True, error_model="numpy")
def _touch(rows: Any, at: int, order: Any) -> float:
    total = 0.0
    count = len(order)
    for i in range(count):
        if i + AHEAD < count:
            prefetch(at + COMMON_BYTES * order[i + AHEAD])
        rows[order[i], 0] += 1.0
        total += rows[order[i], 0]
    return total
