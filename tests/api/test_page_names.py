"""What the page offers to choose from is what the API takes: names that stand in both are the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from api import schemas

LAB = Path(schemas.__file__).parent / "ui" / "src" / "views" / "lab" / "shapes.ts"


def _offered(name: str) -> list[str]:
    found = re.search(rf"export const {name} = \[(.*?)\] as const;", LAB.read_text(), re.DOTALL)
    assert found is not None
    return re.findall(r'"(\w+)"', found[1])


def _taken(field: str) -> list[str]:
    (kind,) = (one for one in get_args(schemas.Declaration.model_fields[field].annotation) if get_args(one))
    return list(get_args(kind))


def test_the_lab_offers_the_models_that_may_be_declared() -> None:
    assert _offered("MODELS") == list(get_args(schemas.Model))


def test_the_lab_offers_the_laws_that_may_be_declared() -> None:
    assert _offered("THRESHOLDS") == _taken("threshold")
