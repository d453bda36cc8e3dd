"""Every detector of the quality benchmark under one contract: values and warm-up in, flagged points out.

The default system has its own one threshold, as the baseline families have with the default tail. Peers get a
budget: the threshold that flags one warm-up point in a thousand, no labels asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.measures import budget
from learners.base import Family
from learners.baseline.river_model import Spec
from learners.score import L_OPEN, score
from monitor.backtest import backtest
from monitor.domain.durations import DAY_MS

SYSTEM = "default system"
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One value a bucket (NaN: nothing sent) from ``start_ms`` on; the first ``warm`` are warm-up."""

    value: Values
    warm: int
    cadence_ms: int
    start_ms: int
    n: Values | None = None


def system(many: list[Series]) -> list[Flags]:
    """Points inside anomalies of the default system whose own score would open one, one back-test for all;
    "no data" has no points, nor has what is as expected at the new level of a level shift."""
    parts = []
    for name, one in enumerate(many):
        at = np.flatnonzero(np.isfinite(one.value))
        part = {
            "at": at,
            "ts": one.start_ms + at * one.cadence_ms,
            "metric": f"s{name}",
            "value": one.value[at],
        }
        part["n"] = one.n[at] if one.n is not None else np.nan
        parts.append(pd.DataFrame(part))
    frame = pd.concat(parts, ignore_index=True)
    asked = frame[["metric", "value", "n"]].assign(timestamp=pd.to_datetime(frame["ts"], unit="ms", utc=True))
    if all(one.n is None for one in many):
        asked = asked.drop(columns="n")
    told = backtest(asked)
    inside = told["anomaly"].notna().to_numpy() & (told["score"].to_numpy(np.float64) >= score(L_OPEN))
    flags = []
    first = 0
    for one, placed in zip(many, parts, strict=True):
        found = np.zeros(len(one.value), np.bool_)
        found[placed["at"].to_numpy()[inside[first : first + len(placed)]]] = True
        flags.append(found)
        first += len(placed)
    return flags


def _budgeted(score: Callable[[Series, int], Values]) -> Callable[[list[Series]], list[Flags]]:
    def detect(many: list[Series]) -> list[Flags]:
        flags = []
        for seed, one in enumerate(many):
            scores = score(one, seed)
            known = np.nan_to_num(scores, nan=-np.inf)
            flags.append(known > budget(scores[: one.warm]))
        return flags

    return detect


def _alone(family: Family) -> Callable[[list[Series]], list[Flags]]:
    def detect(many: list[Series]) -> list[Flags]:
        levels = [peers.baseline(family, one.value, one.warm, one.cadence_ms) for one in many]
        return [np.nan_to_num(level) >= peers.BASELINE_THRESHOLD for level in levels]

    return detect


def _river(name: str) -> Callable[[Series, int], Values]:
    return lambda one, seed: peers.river(name, one.value)


def _river_alone(spec: Spec) -> Callable[[list[Series]], list[Flags]]:
    def detect(many: list[Series]) -> list[Flags]:
        levels = [peers.river_baseline(spec, one.value, one.warm, one.cadence_ms) for one in many]
        return [np.nan_to_num(level) >= peers.BASELINE_THRESHOLD for level in levels]

    return detect


DETECTORS: dict[str, Callable[[list[Series]], list[Flags]]] = {
    SYSTEM: system,
    **{f"{family.name.lower()} alone": _alone(family) for family in Family if family != Family.NONE},
    "rolling 3-sigma": _budgeted(
        lambda one, seed: peers.rolling_sigma(one.value, max(DAY_MS // one.cadence_ms, 48))
    ),
    "time-of-day EWMA": _budgeted(
        lambda one, seed: peers.time_of_day(one.value, max(DAY_MS // one.cadence_ms, 1))
    ),
    "always": lambda many: [np.ones(len(one.value), np.bool_) for one in many],
    "random": _budgeted(lambda one, seed: peers.at_random(one.value, seed)),
}
SLOW: dict[str, Callable[[list[Series]], list[Flags]]] = {
    **{name: _budgeted(_river(name)) for name in peers.RIVER},
    "rrcf": _budgeted(lambda one, seed: peers.cut_forest(one.value)),
    "spectral residual": _budgeted(lambda one, seed: peers.saliency(one.value)),
    **{name: _river_alone(spec) for name, spec in peers.RIVER_BASELINES.items()},
}
"""On a part of the streams only."""
EVERY = (*DETECTORS, *SLOW)
