"""The benchmarks by name, of speed and of quality.

A module of that name has ``TITLE`` and ``run(toy) -> list[Figure]``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from benchmarks.figure import Figure

SPEED = (
    "bank",
    "families",
    "shard",
    "meta_cost",
    "decode",
    "push",
    "start",
    "http",
    "access",
    "search",
    "served",
    "naive",
)
QUALITY = ("classes", "quality", "shifts", "null_run", "real", "topology", "root_cause")
LONG = (
    "null_full",
    "served_late",
    "real_held_back",
    "graph_cost",
    "labels",
    "labels_held_back",
    "hostile_labels",
    "budget",
    "page",
    "regimes",
    "roll_backs",
)
"""Minutes of work each, or a browser; what is held back is not to be looked at while developing."""
NAMES = (*SPEED, *QUALITY, *LONG)


class Benchmark(Protocol):
    TITLE: str

    def run(self, toy: bool) -> list[Figure]:
        """Measure; ``toy`` is a small size at which only correctness means something."""


def benchmark(name: str) -> Benchmark:
    if name not in NAMES:
        raise ValueError(f"no benchmark {name!r}; there are {', '.join(NAMES)}")
    return cast(Benchmark, import_module(f"benchmarks.{name}"))
