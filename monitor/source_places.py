"""How far each source was read: one small file, written anew whenever that moves on.

It is written after the intake has the samples on disk, so a crash between the two reads a span again and
never leaves one out; what is then handed over a second time changes nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Lock


class Places:
    """Places by source, in ms; a file that cannot be read begins anew. Thread-safe."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
            self._places = {str(name): int(place) for name, place in said.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            self._places = {}

    def of(self, name: str) -> int | None:
        with self._lock:
            return self._places.get(name)

    def put(self, name: str, place_ms: int) -> None:
        """On disk when this returns."""
        with self._lock:
            self._places[name] = place_ms
            fresh = self._file.with_suffix(".new")
            with fresh.open("w", encoding="utf-8") as file:
                json.dump(self._places, file, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
