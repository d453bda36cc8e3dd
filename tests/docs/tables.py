"""The tables of docs/operations.md that must equal the code: read from there, and made from here.

``python -m tests.docs.tables`` prints settings, limits and routes as the code has them.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor.intake.limits import Limits
from monitor.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
OPERATIONS = ROOT / "docs" / "operations.md"
BY_MACHINE = "by cores"
NO_DEFAULT = "by memory"

Row = tuple[str, ...]


def pages() -> list[Path]:
    """Every page a reader may land on."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next of the same or a higher rank.

    >>> section(OPERATIONS, "## Settings").lstrip().startswith("#")
    False
    """
    rank = len(heading) - len(heading.lstrip("#"))
    lines = page.read_text().splitlines()
    start = lines.index(heading) + 1
    ends = (i for i in range(start, len(lines)) if lines[i].startswith("#"))
    end = next((i for i in ends if len(lines[i]) - len(lines[i].lstrip("#")) <= rank), len(lines))
    return "\n".join(lines[start:end])


def table(text: str) -> list[Row]:
    """Cells of every table row in the text, without heads and rules; code marks taken off."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in rows]
    rules = {i for i, row in enumerate(cells) if set("".join(row)) <= {"-", ":", "|"}}
    kept = (row for i, row in enumerate(cells) if i not in rules and i + 1 not in rules)
    return [tuple(cell.strip().strip("`") for cell in row) for row in kept]


def settings() -> Iterator[Row]:
    """(key, variable, default, meaning) of every setting but the limits on series and names."""
    yield from _fields(Settings, "", PREFIX)


def _fields(model: type[BaseModel], path: str, prefix: str) -> Iterator[Row]:
    for name, field in model.model_fields.items():
        if field.annotation is Limits:
            continue
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, f"{path}{name}.", f"{prefix}{name.upper()}__")
        else:
            yield f"{path}{name}", f"{prefix}{name.upper()}", _default(field), field.description or ""


def _default(field: FieldInfo) -> str:
    return BY_MACHINE if field.default_factory is not None else _shown(field.default)


def _shown(value: Any) -> str:
    return json.dumps(str(value)) if isinstance(value, str | Path) else str(value)


def limits() -> Iterator[Row]:
    """(key, default) of every limit on series, names, time and backlog."""
    for field in dataclasses.fields(Limits):
        yield f"limits.{field.name}", NO_DEFAULT if field.default is None else str(field.default)


def routes() -> Iterator[Row]:
    """(method, path) of everything in the OpenAPI document."""
    from api.app import create_app
    from tests.fakes import fake_monitor

    paths = create_app(fake_monitor()[0]).openapi()["paths"]
    for path, methods in paths.items():
        for method in methods:
            yield method.upper(), path


if __name__ == "__main__":
    for rows in (settings(), limits(), routes()):
        for row in rows:
            print("| " + " | ".join(f"`{cell}`" if i < 3 else cell for i, cell in enumerate(row)) + " |")
        print()
