"""CPU and wall time of variants that take turns."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Work = Callable[[int], object]
"""One repetition of a variant; its argument is the repetition's number, from 0."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Median seconds of one repetition: of this thread's CPU, and on the clock."""

    cpu_s: float
    wall_s: float

    def cpu_ns(self, count: int) -> float:
        """CPU nanoseconds for each of ``count`` things."""
        return self.cpu_s * 1e9 / count

    def wall_ns(self, count: int) -> float:
        return self.wall_s * 1e9 / count


def in_turns(variants: Mapping[str, Work], repeats: int) -> dict[str, Cost]:
    """Run each variant ``repeats`` times, one after the other, again and again."""
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    wall: dict[str, list[float]] = {name: [] for name in variants}
    for repeat in range(repeats):
        for name, work in variants.items():
            gc.collect()
            began_wall, began_cpu = time.perf_counter(), time.thread_time()
            work(repeat)
            cpu[name].append(time.thread_time() - began_cpu)
            wall[name].append(time.perf_counter() - began_wall)
    return {name: Cost(median(cpu[name]), median(wall[name])) for name in variants}
