"""The sign of life over real HTTP: sent while the server is ready, and only then."""

from __future__ import annotations

import json
from pathlib import Path

from monitor.assembly import build
from monitor.domain.durations import MINUTE_MS
from monitor.settings import AlertSettings, MetaSettings, Settings
from tests.alerting.making import serving
from tests.meta.living import START_MS


def test_silent_before_the_start_and_after_the_stop(tmp_path: Path) -> None:
    now = [START_MS]
    with serving() as outside:
        settings = Settings(
            engine="inline",
            data_dir=tmp_path,
            meta=MetaSettings(enabled=False, heartbeat_url=f"{outside.url}/ping/abc"),
            alerts=AlertSettings(reachable=("127.0.0.1",)),
        )
        monitor = build(settings, clock_ms=lambda: now[0])
        assert monitor.heartbeat is not None
        monitor.heartbeat.beat()
        assert outside.asked == []
        monitor.start()
        try:
            now[0] += MINUTE_MS
            monitor.heartbeat.beat()
            now[0] += MINUTE_MS
            outside.status = 503
            monitor.heartbeat.beat()
            assert "503" in monitor.heartbeat.trouble
        finally:
            monitor.stop()
        sent = len(outside.asked)
        now[0] += MINUTE_MS
        monitor.heartbeat.beat()
        assert len(outside.asked) == sent
        assert {one.path for one in outside.asked} == {"/ping/abc"}
        assert outside.asked[0].json == json.loads('{"watchkeeper": "well"}')
