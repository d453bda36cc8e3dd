"""The whole shard, from buckets to tracker, on warm series; and what a series costs in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.fleet import Fleet, Values, entry_of
from benchmarks.timing import in_turns
from monitor.shard.apply import apply

TITLE = "apply: samples to buckets, two models, score, gate, tracker, observations; one thread"
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Size:
    fleets: tuple[int, ...]
    goal_at: int
    most: int  # samples of one repetition
    batch: int
    memory: int
    repeats: int


FULL = Size((10_000, 100_000, 1_000_000), 100_000, 200_000, 10_000, 1_000_000, 7)
TOY = Size((200, 1_000), 1_000, 1_000, 250, 2_000, 2)


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    figures: list[Figure] = []
    for series in size.fleets:
        figures += _throughput(series, size)
    return [*figures, *_memory(size.memory)]


def _throughput(series: int, size: Size) -> list[Figure]:
    fleet = Fleet(series)
    for values in _batches(fleet, 2 * series, size.batch):  # the clock rows fill, the buffers grow
        apply(fleet.shard, entry_of(values))
    count = min(size.most, 20 * series)
    work = [_batches(fleet, count, size.batch) for _ in range(size.repeats)]
    final = 0

    def sweep(repeat: int) -> None:
        nonlocal final
        for values in work[repeat]:
            final += len(apply(fleet.shard, entry_of(values)).observations)

    cost = in_turns({"shard": sweep}, size.repeats)["shard"]
    assert final == count * size.repeats, "every sample makes one bucket final"
    rate = 1e9 / cost.cpu_ns(count)
    goal = 5_000_000.0 if series == size.goal_at else None
    where = f"batches of {size.batch:,}, random order"
    return [
        Figure(f"shard at {series:,}", rate, "samples/s a core", goal=goal, note=f"CPU; {where}"),
        Figure(f"shard at {series:,}, time", cost.cpu_ns(count), "ns CPU a sample"),
        Figure(f"shard at {series:,}, wall", cost.wall_ns(count), "ns a sample"),
    ]


def _batches(fleet: Fleet, count: int, batch: int) -> list[Values]:
    """The next ``count`` samples in whole or broken sweeps of the fleet."""
    batches: list[Values] = []
    left = count
    while left > 0:
        values = fleet.rest(left)
        left -= len(values)
        batches += [values.part(at, min(at + batch, len(values))) for at in range(0, len(values), batch)]
    return batches


def _memory(series: int) -> list[Figure]:
    """Measured in a process of its own, so that nothing else grows beside it."""
    command = [sys.executable, "-m", "benchmarks.shard_memory", str(series)]
    found = json.loads(subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout)
    note = f"{series:,} series: two model records, common row, index, 24-slot season"
    parts = ", ".join(f"{name} {value:.1f}" for name, value in found["core"].items())
    return [
        Figure("core bytes a series", sum(found["core"].values()), "bytes", 250.0, True, note),
        Figure("all bytes a series", found["all"], "bytes", note=f"all arrays; core: {parts}"),
        Figure("resident bytes a series", found["resident"], "bytes", note="growth of the process, RSS"),
        *[Figure(f"{name} bytes", value, "bytes", note="apart") for name, value in found["apart"].items()],
    ]
