"""``watchkeeper db upgrade``."""

from __future__ import annotations

from pathlib import Path

from api.tables import out
from monitor.settings import load
from monitor.store.migrations import upgrade as upgrade_schema


def upgrade(config: Path | None, data_dir: Path | None) -> int:
    settings = load(config, data_dir=data_dir)
    if not settings.database_url:
        settings.data_dir.mkdir(0o700, parents=True, exist_ok=True)
    out().print(f"schema at revision {upgrade_schema(settings.database)}")
    return 0
