"""Hours with a source that is away for half an hour of them, minute by minute on a set clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from monitor.assembly import build
from monitor.domain.declaring import declare_counters
from monitor.domain.durations import MINUTE_MS
from monitor.domain.records import Tick
from monitor.polled import Polled, Ways
from monitor.polling import Poller
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.source_health import SourceHealth
from monitor.source_places import Places

LENGTH, GONE, BACK = 330, 180, 210
Minute = Callable[[int], None]


def start_ms() -> int:
    """So that it ends now."""
    return (time.time_ns() // 1_000_000 // MINUTE_MS - LENGTH) * MINUTE_MS


@contextmanager
def lived(
    tmp_path: Path,
    polled: Polled,
    start: int,
    minute: Minute,
    down: range = range(GONE, BACK),
    before: Callable[[Monitor], None] = lambda _: None,
) -> Iterator[Monitor]:
    """``minute`` is called with each minute's number before the source is asked, which is ``down`` in some.
    Silence is noticed as on a running server. ``before`` it all, the server is given a past."""
    now = [start]
    settings = Settings(engine="inline", shards=1, data_dir=tmp_path / "data", auth="off")
    monitor = build(settings, clock_ms=lambda: now[0])
    monitor.start()
    try:
        before(monitor)
        ways = Ways(partial(declare_counters, monitor.declaring.metrics, monitor.declaring.metric))
        places = Places(tmp_path / "places.json")
        poller = Poller(polled, monitor.taking.submit, places, lambda: now[0], ways=ways)
        health = SourceHealth(
            lambda: [poller.status],
            monitor.taking.submit,
            monitor.declaring.metrics,
            monitor.declaring.metric,
            lambda: now[0],
        )
        for number in range(1, LENGTH + 1):
            minute(number)
            now[0] = start + number * MINUTE_MS
            assert poller.once() is (number not in down), (number, poller.status)
            health.report()
            monitor._engine.control(Tick(now[0])).result()
            monitor.settle(60)  # a minute of the story may be shorter than its work
        monitor.settle(60)
        yield monitor
    finally:
        polled.source.close()
        monitor.stop()
