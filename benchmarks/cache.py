"""Compiled kernels of exactly these sources.

Numba's cache asks only whether the file of the function itself has changed. A loop whose callees stand in
other files would be taken from it as it was before they were edited, and an old version would be measured.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_SOURCES = ("benchmarks", "collectors", "learners", "monitor")


def use_own_cache() -> Path:
    """Let Numba, here and in child processes, cache in a folder named after all sources; call it first."""
    digest = hashlib.sha256()
    for package in _SOURCES:
        for source in sorted((_ROOT / package).rglob("*.py")):
            digest.update(str(source.relative_to(_ROOT)).encode() + b"\0" + source.read_bytes())
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or _ROOT / ".cache" / "numba")
    folder = base / f"bench-{digest.hexdigest()[:16]}"
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return folder
