"""What labels are worth on the other half of the public streams: for a report, never for development."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.labels import figures

TITLE = "Labels on public streams, the half held back"


def run(toy: bool) -> list[Figure]:
    return figures(toy, held_back=True)
