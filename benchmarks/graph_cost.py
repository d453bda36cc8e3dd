"""What the graph of a million series costs: seconds and memory of ever larger ones, each in its own process.

Writes `docs/benchmarks/graph_cost.svg` when all sizes ran. Onsets are those of `benchmarks.topology.many`.
"""

from __future__ import annotations

import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from benchmarks.planted_topology import START_MS
from benchmarks.plots import curve
from benchmarks.topology import many
from monitor.correlation.learned import learn
from monitor.domain.durations import DAY_MS

TITLE = "The graph's cost up to a million series"
SIZES = (62_500, 125_000, 250_000, 500_000, 1_000_000)
TOY = (1_000, 2_000)
GIB = 2.0**30
_PLOT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "graph_cost.svg"


def run(toy: bool) -> list[Figure]:
    sizes = TOY if toy else SIZES
    took, memory, figures = [], [], []
    for size in sizes:
        with ProcessPoolExecutor(1, get_context("spawn")) as alone:
            seconds, peak, edges = alone.submit(_cost, size).result()
        took.append(seconds)
        memory.append(peak)
        note = f"{edges:,} edges, {peak:.2f} GiB at most, the onsets as objects included"
        figures.append(Figure(f"graph of {size:,} series", seconds, "s of CPU", note=note))
    growth = np.polyfit(np.log(sizes), np.log(took), 1)[0]
    figures.append(Figure("growth", float(growth), "exponent of the cost in series", 1.2, at_most=True))
    figures.append(Figure("memory of the largest", memory[-1], "GiB", 8.0, at_most=True))
    if not toy:
        points = dict(zip(sizes, took, strict=True))
        _PLOT.write_text(curve("seconds of CPU to learn the graph, by series", points))
    return figures


def _cost(size: int) -> tuple[float, float, int]:
    """Seconds of CPU, GiB at most, and edges."""
    for small in (500, 3_000):  # compiled before it is timed
        learn(many(small), START_MS, START_MS + 28 * DAY_MS)
    onsets = many(size)
    began = time.process_time()
    graph = learn(onsets, START_MS, START_MS + 28 * DAY_MS)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
    return seconds, peak, len(graph)
