"""How long history is kept: at least so many days of event time, and at most so many bytes."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.durations import DAY_MS
from monitor.history.listing import Entry


@dataclass(frozen=True, slots=True)
class Retention:
    """``bytes_max`` wins over ``days``; None is no limit."""

    days: int | None = 400
    bytes_max: int | None = None

    def horizon_ms(self, clock_ms: int) -> int:
        """Event time before which nothing has to be kept, at event time ``clock_ms``."""
        return -(1 << 62) if self.days is None else clock_ms - self.days * DAY_MS


def split(
    entries: tuple[Entry, ...], retention: Retention, clock_ms: int
) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Files to keep and files to drop: those wholly behind the horizon, then, while the rest is too
    large, those whose newest time is oldest. A file that reaches over the horizon stays whole; a
    merge drops its older rows.
    """
    horizon = retention.horizon_ms(clock_ms)
    dropped = {entry.name for entry in entries if entry.max_ts_ms < horizon}
    kept = [entry for entry in entries if entry.name not in dropped]
    total = sum(entry.bytes for entry in kept)
    for entry in sorted(kept, key=lambda e: (e.max_ts_ms, e.serial)):
        if retention.bytes_max is None or total <= retention.bytes_max:
            break
        dropped.add(entry.name)
        total -= entry.bytes
    return tuple(e for e in entries if e.name not in dropped), tuple(e for e in entries if e.name in dropped)
