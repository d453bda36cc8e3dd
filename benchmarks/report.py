"""Figures as a table, or as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "numba": version("numba"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def as_json(results: Mapping[str, Sequence[Figure]], where: Mapping[str, Any]) -> str:
    body = {"machine": where, "results": {name: [f.to_json() for f in fs] for name, fs in results.items()}}
    return json.dumps(body, indent=2)


def show(console: Console, name: str, title: str, figures: Sequence[Figure]) -> None:
    table = Table(title=f"{name} · {title}", title_justify="left", title_style="bold")
    for column, justify in (("figure", "left"), ("value", "right"), ("unit", "left"), ("goal", "right")):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    table.add_column("note", overflow="fold")
    for figure in figures:
        style = {True: "green", False: "red", None: ""}[figure.reached]
        table.add_row(figure.name, number(figure.value), figure.unit, _goal(figure), figure.note, style=style)
    console.print(table)


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"{'≤' if figure.at_most else '≥'} {number(figure.goal)}"


def number(value: float) -> str:
    """Three digits or so, thousands parted.

    >>> number(1234567.0), number(12.345), number(0.01234), number(250)
    ('1,234,567', '12.3', '0.0123', '250')
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:.3g}"
