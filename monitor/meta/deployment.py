"""Which version of Watchkeeper ran on a data folder last: a change of it is a change like any deployment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from monitor.domain.event import ChangeEvent

FILE = "version"


class Deployment:
    """Tells of another version than the one before on this ``folder``, once; ``tell`` keeps a change. One
    thread."""

    def __init__(
        self, folder: Path, version: str, tell: Callable[[ChangeEvent], object], now_ms: Callable[[], int]
    ) -> None:
        self._folder = folder
        self._version = version
        self._tell = tell
        self._now_ms = now_ms
        self._told = False

    def tell_once(self) -> None:
        if self._told:
            return
        change = deployed(self._folder, self._version, self._now_ms())
        if change is not None:
            self._tell(change)
        noted(self._folder, self._version)
        self._told = True


def deployed(folder: Path, version: str, at_ms: int) -> ChangeEvent | None:
    """The change to tell of at a start; None at the first one, and where the version is the same. What ran is
    noted by `noted`, once that is told."""
    try:
        before = (folder / FILE).read_text().strip()
    except OSError:
        return None
    if before == version:
        return None
    return ChangeEvent(at_ms, "deployment", f"Watchkeeper {before} became {version}")


def noted(folder: Path, version: str) -> None:
    (folder / FILE).write_text(version + "\n")
