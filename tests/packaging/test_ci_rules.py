"""In CI a skip fails the run; a missing Debian package is named with the exact line to install it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SKIPPING = (
    "import pytest\n\ndef test_left_out():\n    pytest.skip('no such machine')\n\ndef test_run():\n    pass\n"
)


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_skip_fails_the_run_in_ci_only(tmp_path: Path, ci: str, code: int) -> None:
    tests = tmp_path / "tests"
    (tests / "inner").mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "conftest.py", tests)
    (tests / "inner" / "test_it.py").write_text(SKIPPING)
    (tests / "test_other.py").write_text("def test_it():\n    pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout
    assert ("tests/inner/test_it.py::test_left_out" in done.stdout) == (ci == "true")
    assert "minutes per group" in done.stdout
    assert "tests/inner" in done.stdout


def _programs(folder: Path, user: int, *names: str) -> Path:
    folder.mkdir()
    for name in ("bash", "env", *names):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    (folder / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (folder / "id").chmod(0o755)
    return folder


def test_missing_package_is_named_for_who_is_not_root(tmp_path: Path) -> None:
    path = _programs(tmp_path / "bin", 1000)
    script = [str(ROOT / "tools" / "system_packages.sh"), "surely-not-here", "bash"]
    done = subprocess.run(script, env={"PATH": str(path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends surely-not-here\n"
        in done.stderr
    )


def test_present_packages_are_silent(tmp_path: Path) -> None:
    path = _programs(tmp_path / "bin", 1000)
    script = [str(ROOT / "tools" / "system_packages.sh"), "bash", "env"]
    done = subprocess.run(script, env={"PATH": str(path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
