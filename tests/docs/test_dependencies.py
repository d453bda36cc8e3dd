"""docs/adr/0006 gives a reason for every dependency that pyproject.toml declares and nobody mandated."""

from __future__ import annotations

import re
import tomllib

from tests.docs.tables import ROOT, table

MANDATED = {"river", "sqlalchemy", "fastapi", "statsmodels", "networkx", "datasketch", "pandas"}


def declared() -> dict[str, set[str]]:
    """Package names by extra; "" for those that always come."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: {re.split(r"[\[><=~!; ]", line)[0] for line in lines} for extra, lines in groups.items()}


def test_every_package_has_its_reason() -> None:
    told: dict[str, set[str]] = {"": set()}
    for names, _ in table((ROOT / "docs" / "adr" / "0006-dependencies.md").read_text()):
        found = re.fullmatch(r"([^(`]+?)(?: \(`?(\w+)`?\))?", names)
        assert found, names
        told.setdefault(found[2] or "", set()).update(found[1].split(", "))
    expected = declared()
    expected[""] -= MANDATED
    assert told == expected
