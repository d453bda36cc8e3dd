"""The benchmarks by name. A module of that name has ``TITLE`` and ``run(toy) -> list[Figure]``."""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from benchmarks.figure import Figure

NAMES = ("bank", "families", "shard", "decode", "start", "http", "naive")


class Benchmark(Protocol):
    TITLE: str

    def run(self, toy: bool) -> list[Figure]:
        """Measure; ``toy`` is a small size at which only correctness means something."""


def benchmark(name: str) -> Benchmark:
    if name not in NAMES:
        raise ValueError(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    return cast(Benchmark, import_module(f"benchmarks.{name}"))
