"""Pages lead somewhere: links resolve, files that are named exist, no page names what is private."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.tables import ROOT, pages

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TOP = "api|collectors|learners|monitor|tests|tools|examples|benchmarks|docs"
_FILE = re.compile(rf"`((?:{_TOP})/[\w./]+\.\w+)`")
_HOST = re.compile(r"https?://([^/\s)>`\"]+)")
RESERVED = ".example"  # names that nobody has
KNOWN_HOSTS = {"127.0.0.1:8321", "keepachangelog.com"}


def anchors(page: Path) -> set[str]:
    """The anchors that headings make, the way the common renderers do."""
    headings = (line.lstrip("#").strip() for line in page.read_text().splitlines() if line.startswith("#"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_links_and_named_files_are_there(file: Path) -> None:
    text = file.read_text()
    for target in _LINK.findall(text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target
    for name in _FILE.findall(text):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("file", pages(), ids=lambda file: str(file.relative_to(ROOT)))
def test_no_address_of_a_machine_or_registry(file: Path) -> None:
    hosts = set(_HOST.findall(file.read_text()))
    assert {host for host in hosts if not host.endswith(RESERVED)} <= KNOWN_HOSTS


def test_every_decision_has_the_four_parts() -> None:
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name[:4] for page in decisions] == [f"{i + 1:04d}" for i in range(len(decisions))]
    for page in decisions:
        headings = [line for line in page.read_text().splitlines() if line.startswith("## ")]
        assert headings == ["## Context", "## Decision", "## Status", "## Consequences"], page.name
