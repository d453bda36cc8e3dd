"""When the fakes live."""

from __future__ import annotations

NOW_MS = 1_767_225_600_000  # 2026-01-01
