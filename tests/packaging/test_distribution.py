"""What is shipped: page, migrations, type markers; from a checkout and from an sdist, without Node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

PARTS = ("api", "collectors", "learners", "monitor", "tools", "constraints")
FILES = ("pyproject.toml", "hatch_build.py", "LICENSE", "README.md", "Makefile", ".gitignore")


def checkout(folder: Path, *, page: bool) -> Path:
    """A copy of the sources as git has them, with a stand-in for the built page where asked."""
    for part in PARTS:
        ignored = shutil.ignore_patterns("node_modules", "__pycache__", "dist")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for name in FILES:
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, folder / name)
    (folder / "README.md").touch()
    if page:
        dist = folder / "api" / "ui" / "dist"
        (dist / "assets").mkdir(parents=True)
        (dist / "assets" / "index-1.js").write_text("// built\n")
        (dist / "index.html").write_text("<!doctype html>\n")
    return folder


def build(source: Path, out: Path, kind: str, *, no_ui: bool = False) -> Path:
    """Builds in this environment, with a PATH that has no Node."""
    environment = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    if no_ui:
        environment["NO_UI"] = "1"
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        str(out),
        str(source),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("*.whl" if kind == "wheel" else "*.tar.gz"))


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_sdist_carries_the_page_so_that_its_wheel_needs_no_node(tmp_path: Path) -> None:
    sdist = build(checkout(tmp_path / "src", page=True), tmp_path / "out", "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "un", filter="data")
    unpacked = next((tmp_path / "un").iterdir())
    assert (unpacked / "api/ui/dist/index.html").is_file()
    assert (unpacked / "api/ui/src/main.tsx").is_file()
    assert (unpacked / "api/ui/package-lock.json").is_file()
    wheel = names(build(unpacked, tmp_path / "out", "wheel"))
    assert {"api/ui/dist/index.html", "api/ui/dist/assets/index-1.js"} <= wheel


def test_wheel_holds_all_packages_and_nothing_beside(tmp_path: Path) -> None:
    wheel = names(build(checkout(tmp_path / "src", page=True), tmp_path / "out", "wheel"))
    top = {name.split("/")[0] for name in wheel}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "api",
        "collectors",
        "learners",
        "monitor",
    }
    assert {f"{package}/py.typed" for package in ("api", "collectors", "learners", "monitor")} <= wheel
    assert {name for name in wheel if name.startswith("api/ui/") and "/dist/" not in name} == set()
    migrations = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "monitor/store/migrations").rglob("*.py")
    }
    assert migrations <= wheel


def test_no_ui_builds_without_the_page(tmp_path: Path) -> None:
    wheel = names(build(checkout(tmp_path / "src", page=False), tmp_path / "out", "wheel", no_ui=True))
    assert not any(name.startswith("api/ui/dist") for name in wheel)
    assert "api/__init__.py" in wheel


@pytest.mark.parametrize("path", sorted((ROOT / "constraints").glob("*.txt")), ids=lambda path: path.name)
def test_constraints_name_versions_and_hashes_and_no_address(path: Path) -> None:
    lines = [line.strip() for line in path.read_text().splitlines()]
    assert not [
        line for line in lines if "://" in line or (line.startswith("--") and "--hash=sha256:" not in line)
    ]
    entries = [line for line in lines if "==" in line and not line.startswith("--hash")]
    assert entries


def test_npm_lock_carries_integrity_and_no_registry() -> None:
    text = (ROOT / "api/ui/package-lock.json").read_text()
    assert '"resolved"' not in text
    assert '"integrity": "sha512-' in text


def test_dependencies_have_floors_and_no_caps() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    floors = [line.partition(";")[0] for line in wanted]  # what follows says where it is wanted at all
    assert [line for line in floors if ">=" not in line or "<" in line or "==" in line] == []
