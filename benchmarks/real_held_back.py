"""The other half of the labelled public streams: for a report, never for development."""

from __future__ import annotations

from benchmarks.figure import Figure
from benchmarks.real import figures

TITLE = "Labelled public streams, the half held back"


def run(toy: bool) -> list[Figure]:
    return figures(toy, held_back=True)
