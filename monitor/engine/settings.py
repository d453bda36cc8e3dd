"""What a shard's host needs to know of the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from monitor.domain.durations import MINUTE_MS
from monitor.intake.limits import Limits


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One shard's share of `monitor.settings.Settings`."""

    directory: Path
    default_zone: str = "UTC"
    limits: Limits = field(default_factory=Limits)
    segment_bytes: int = 128 << 20
    retention_days: int = 400
    backlog_bytes_max: int = 2 << 30
    backlog_ms_max: int = 10 * MINUTE_MS
    series_limit: int = 10_000_000
