"""The real server goes away under an open page and comes back: what was shown stays, and goes on."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.live import Desk, serving
from tests.browser.test_page import part
from tests.scenarios.test_chain import run

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_an_incident_outlives_a_restart_under_the_page(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    monitor = run(tmp_path)
    with serving(monitor) as url:
        system = Desk(monitor, url)
        system.fail()
        page.goto(f"{url}/#/incident/{system.newest()['id']}")
        expect(part(page, "chart").first.locator("canvas")).to_be_visible()
        expect(part(page, "status")).to_contain_text("live")
    monitor.stop()
    expect(part(page, "gone")).to_contain_text("does not answer")
    expect(part(page, "chart").first.locator("canvas")).to_be_visible()
    page.keyboard.press("a")
    expect(part(page, "actions")).to_contain_text("does not answer")
    monitor = run(tmp_path)
    with serving(monitor, port=urlsplit(url).port or 0):
        expect(part(page, "gone")).to_have_count(0)
        expect(part(page, "status")).to_contain_text("live")
        page.keyboard.press("a")
        expect(part(page, "facts")).to_contain_text("Taken by")
        expect(part(page, "actions")).not_to_contain_text("does not answer")
    monitor.stop()
