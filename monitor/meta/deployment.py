"""Which version of Watchkeeper ran on a data folder last: a change of it is a change like any deployment."""

from __future__ import annotations

from pathlib import Path

from monitor.domain.event import ChangeEvent

FILE = "version"


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
