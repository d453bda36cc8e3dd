"""The null run with all ten thousand series: some 15 minutes on two cores."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.null_run import FULL, TOY, figures, measured
from benchmarks.null_run import TITLE as _TITLE

TITLE = f"{_TITLE}; 10,000 series"


def run(toy: bool) -> list[Figure]:
    size = TOY if toy else FULL
    return figures(measured(size), size)
