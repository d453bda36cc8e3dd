"""The shipped kernels of the model bank against River's objects, and against the memory they touch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river.time_series import HoltWinters

from benchmarks.bank_loops import one_by_one, step, touch
from benchmarks.figure import Figure
from benchmarks.fleet import SLOTS, Fleet, Values
from benchmarks.timing import in_turns

TITLE = "two models, score and threshold: the shipped kernels, one thread"
JUMP = 8.0
JUMPS = 100
REACTION = 16
"""A jump counts as flagged when one of its first samples, so many, opens an anomaly."""


@dataclass(frozen=True, slots=True)
class Size:
    few: int  # series beside River
    batch: int
    river: int  # samples that River sees in one repetition
    many: int  # series beside the memory probe
    many_batch: int
    repeats: int


FULL = Size(few=10_000, batch=65_536, river=10_000, many=1_000_000, many_batch=262_144, repeats=9)
TOY = Size(few=300, batch=2_000, river=500, many=2_000, many_batch=4_000, repeats=2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    return [*_beside_river(size), *_beside_memory(size)]


def _beside_river(size: Size) -> list[Figure]:
    fleet, other = Fleet(size.few), Fleet(size.few)
    batches = [fleet.scattered(size.batch) for _ in range(size.repeats + 1)]
    others = [other.scattered(size.batch) for _ in range(size.repeats + 1)]
    river = _River(fleet, size)

    def bank(repeat: int) -> None:
        values = batches[repeat]
        step(fleet.shard.directory, values.row, values.bucket, values.value)

    def singly(repeat: int) -> None:
        values = others[repeat]
        one_by_one(other.shard.directory, values.row, values.bucket, values.value)

    step(fleet.shard.directory, *_none())
    one_by_one(other.shard.directory, *_none())
    cost = in_turns(
        {"bank": bank, "singly": singly, "river": lambda repeat: river.run(batches[repeat])}, size.repeats
    )
    same = fleet.shard.bank.models.tobytes() == other.shard.bank.models.tobytes()
    assert same, "blocks and single values differ"
    found, first, false = _jumps(fleet)
    ours, theirs = cost["bank"].cpu_ns(size.batch), cost["river"].cpu_ns(size.river)
    where = f"{size.few:,} series, random order"
    return [
        Figure("bank over River", theirs / ours, "×", goal=100.0, note=f"CPU; HoltWinters({SLOTS}), {where}"),
        Figure("bank", ours, "ns CPU a sample", note=f"band, tracker, observation included; {where}"),
        Figure("bank, wall", cost["bank"].wall_ns(size.batch), "ns a sample"),
        Figure("River", theirs, "ns CPU a sample", note=f"forecast and learn_one, {size.few:,} objects"),
        Figure("River, wall", cost["river"].wall_ns(size.river), "ns a sample"),
        Figure("one by one", cost["singly"].cpu_ns(size.batch), "ns CPU a sample", note="without blocks"),
        Figure("jumps flagged", 100.0 * found, "%", goal=100.0, note=f"{JUMP:g} scales, {REACTION} samples"),
        Figure("jumps flagged at once", 100.0 * first, "%", note="at their first sample"),
        Figure("false alarms", 1e6 * false, "in a million", note="series without a jump, same run"),
    ]


def _beside_memory(size: Size) -> list[Figure]:
    fleet = Fleet(size.many)
    batches = [fleet.scattered(size.many_batch) for _ in range(size.repeats)]
    directory = fleet.shard.directory

    def bank(repeat: int) -> None:
        values = batches[repeat]
        step(directory, values.row, values.bucket, values.value)

    def probe(repeat: int) -> None:
        values = batches[repeat - 1]  # not the rows that the bank has just left in the cache
        touch(directory, values.row, values.bucket, 0.0)

    row, bucket, _ = _none()
    touch(directory, row, bucket, 0.0)
    cost = in_turns({"bank": bank, "probe": probe}, size.repeats)
    ours, least = cost["bank"].cpu_ns(size.many_batch), cost["probe"].cpu_ns(size.many_batch)
    where = f"{size.many:,} series, random order"
    return [
        Figure("bank over memory", ours / least, "×", goal=2.5, at_most=True, note=f"CPU; {where}"),
        Figure("bank at many", ours, "ns CPU a sample", note=where),
        Figure("memory probe", least, "ns CPU a sample", note="the same records and slot, no arithmetic"),
    ]


def _model() -> Any:
    """River is untyped."""
    return HoltWinters(0.1, 0.01, 0.1, seasonality=SLOTS)  # type: ignore[no-untyped-call]


class _River:
    """One `HoltWinters` object a series, two seasons old."""

    def __init__(self, fleet: Fleet, size: Size) -> None:
        self._samples = size.river
        self._models = [_model() for _ in range(size.few)]
        every = np.arange(size.few, dtype=np.int32)
        first = int(fleet.next.min()) - 2 * SLOTS
        for bucket in range(first, first + 2 * SLOTS):
            values = fleet.values(every, np.full(size.few, bucket))
            for model, value in zip(self._models, values.tolist(), strict=True):
                model.learn_one(value)

    def run(self, values: Values) -> None:
        models = self._models
        part = values.part(0, self._samples)
        for row, value in zip(part.row.tolist(), part.value.tolist(), strict=True):
            model = models[row]
            model.forecast(1)
            model.learn_one(value)


def _jumps(fleet: Fleet) -> tuple[float, float, float]:
    """Every hundredth series (or so) rises for good: the share that is flagged, and at once; false alarms."""
    changed = np.unique(np.linspace(0, fleet.series - 1, JUMPS).astype(np.int32))
    planted = np.zeros(fleet.series, np.bool_)
    planted[changed] = True
    flagged = np.zeros(fleet.series, np.bool_)
    first = 0.0
    for repeat in range(REACTION):
        values = fleet.sweep()
        risen = values.value + JUMP * fleet.unit[values.row] * planted[values.row]
        step(fleet.shard.directory, values.row, values.bucket, risen)
        flagged |= fleet.shard.common["episode"] >= 0
        if repeat == 0:
            first = float(flagged[planted].mean())
    assert flagged[planted].all(), "a planted jump was not flagged"
    return float(flagged[planted].mean()), first, float(flagged[~planted].mean()) / REACTION


def _none() -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]:
    """A batch of no samples: compiles a loop without changing anything."""
    return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
