"""A sender that is away for half an hour and then sends what it kept, as a Prometheus does from its log.

Nobody asks a sender whether it is up: what is told is that its series were silent. What it sends late is
kept, as revisions where buckets are final.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from collectors.keys import WireKeys
from collectors.remote_write import RemoteWriteDecoder
from monitor.assembly import build
from monitor.domain.anomaly import AnomalyKind
from monitor.domain.batch import Mode
from monitor.domain.durations import MINUTE_MS
from monitor.domain.incident import IncidentState
from monitor.domain.records import Tick
from monitor.settings import Settings
from tests.reference.remote_write import version_1
from tests.sources.outage import BACK, GONE, LENGTH, start_ms

QUEUES = "abc"


@pytest.mark.slow
def test_half_an_hour_away(tmp_path: Path) -> None:
    start = start_ms()
    now = [start]
    levels = np.random.default_rng(4).normal(20, 1, (LENGTH + 1, len(QUEUES))).round(6)
    decoder = RemoteWriteDecoder(WireKeys(seed=5))
    settings = Settings(engine="inline", shards=1, data_dir=tmp_path / "data", auth="off")
    monitor = build(settings, clock_ms=lambda: now[0])
    monitor.start()

    def send(*minutes: int) -> None:
        body = version_1(
            [
                (
                    [("__name__", "depth"), ("queue", name)],
                    [(start + at * MINUTE_MS, levels[at, place]) for at in minutes],
                )
                for place, name in enumerate(QUEUES)
            ]
        )
        monitor.taking.submit(decoder.decode(body, all_identities=True).batch, Mode.LIVE, b"").result(60)

    try:
        for number in range(1, LENGTH + 1):
            now[0] = start + number * MINUTE_MS
            if number == BACK:
                send(*range(GONE, BACK + 1))
            elif not GONE <= number < BACK:
                send(number)
            monitor._engine.control(Tick(now[0])).result()
            monitor.settle(60)
        (told,) = monitor.recounting.incidents().items
        assert told.state is IncidentState.CLOSED
        assert told.start_ms == start + GONE * MINUTE_MS
        _, members = monitor.recounting.incident(told.id)
        assert {placed.anomaly.kind for placed in members} == {AnomalyKind.NO_DATA}
        assert {placed.anomaly.series.tag("queue") for placed in members} == set(QUEUES)
        for row in monitor.reading.series(metric="depth").items:
            place = QUEUES.index(row["tags"]["queue"])
            seen, late = monitor.reading.observations(row["id"]), monitor.reading.revisions(row["id"])
            known = {
                int((ts_ms - start) // MINUTE_MS): value
                for one in (seen, late)
                for ts_ms, value in zip(one["ts_ms"], one["value"], strict=True)
                if not np.isnan(value)
            }
            assert set(range(1, LENGTH - 1)) <= set(known)
            assert all(value == levels[at, place] for at, value in known.items())
    finally:
        monitor.stop()
