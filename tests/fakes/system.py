"""A whole Monitor over fakes."""

from __future__ import annotations

from pathlib import Path

from monitor.service import Monitor
from monitor.settings import Settings
from tests.fakes.accounts import FakeAccounts
from tests.fakes.alerts import FakeAlerts
from tests.fakes.clock import NOW_MS
from tests.fakes.engine import FakeEngine
from tests.fakes.story import FakeStory


def fake_monitor(
    settings: Settings | None = None, served: Path | None = None
) -> tuple[Monitor, FakeEngine, FakeStory]:
    """A Monitor over fakes, not yet started, whose clock stands at `NOW_MS`."""
    engine, story = FakeEngine(), FakeStory()
    settings = settings or Settings(engine="inline", shards=2, decode_lanes=1)
    accounts = FakeAccounts()
    alerts = FakeAlerts(accounts.deeds)
    monitor = Monitor(
        settings,
        engine,
        story,
        accounts,
        alerts,
        version="1.2.3",
        clock_ms=lambda: NOW_MS,
        served=served,
    )
    return monitor, engine, story
