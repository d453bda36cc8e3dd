"""An empty system, as whoever has just installed it meets it: what to paste, and what becomes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from monitor.domain.durations import MINUTE_MS
from tests.browser.conftest import Watched
from tests.browser.live import desk
from tests.browser.test_page import part
from tests.scenarios.test_chain import START_MS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_pasted_arrives_and_tells_when_it_will_be_trusted(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with desk(tmp_path) as system:
        page.goto(system.url)
        empty = part(page, "empty")
        for begin in ("watchkeeper demo", "watchkeeper ingest", f"{system.url}/api/v1/write", "otlphttp"):
            expect(empty).to_contain_text(begin)
        line = empty.locator("pre", has_text="curl").inner_text()
        if shutil.which("curl") is None:
            pytest.skip("curl is not installed")
        answer = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
        assert '"accepted":1' in answer.stdout
        expect(part(page, "learning")).to_contain_text("orders")  # without a reload
        at = [START_MS + i * MINUTE_MS for i in range(20)]
        samples = [{"metric": "visits", "timestamp": ms, "value": 5.0 + ms % 7} for ms in at]
        system.tell("POST", "samples", {"samples": samples, "mode": "backfill"})
        row = part(page, "learning").locator("tr", has_text="visits")
        expect(row).to_contain_text(
            re.compile(r"provisional after 1\d more values, about 2023-11-1\d \d\d:\d\d")
        )
    watched.assert_clean(system.url)
