"""Whoever is on call, on the real server: an incident arrives, is taken, looked at, and answered."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.live import desk
from tests.browser.test_page import part

pytestmark = pytest.mark.browser


def test_an_incident_arrives_and_is_answered_by_keyboard(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with desk(tmp_path) as system:
        page.goto(system.url)
        expect(part(page, "empty")).to_contain_text("watchkeeper demo")
        expect(part(page, "status")).to_contain_text("live")
        system.fail()
        expect(part(page, "incidents")).to_contain_text("shop.conversion")  # without a reload
        name = system.newest()["id"]
        page.goto(f"{system.url}/#/incident/{name}")
        expect(part(page, "because").first).to_contain_text("first to begin")
        expect(part(page, "chart").first.locator("canvas")).to_be_visible()

        page.keyboard.press("a")
        expect(part(page, "facts")).to_contain_text("Taken by")
        expect(part(page, "facts")).to_contain_text("acknowledged")
        expect(part(page, "story")).to_contain_text("took it")
        expect(part(page, "story")).not_to_contain_text("acknowledged")
        page.keyboard.press("l")
        page.keyboard.press("ArrowDown")  # from "true" to "false alarm"
        expect(page.get_by_role("radio", name="false alarm")).to_be_checked()
        expect(part(page, "submit")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(part(page, "rehearsal")).to_contain_text("would vanish")
        expect(part(page, "submit")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(part(page, "story")).to_contain_text("labelled it false alarm")
        page.keyboard.press("c")
        page.keyboard.type("<b>snow</b>")
        part(page, "submit").click()
        expect(part(page, "story")).to_contain_text("<b>snow</b>")
        story = system.get(f"incidents/{name}")
        assert [one["label"] for one in story["labels"]] == ["false alarm"]
        assert [act["verb"] for act in story["acts"]] == ["acknowledge", "comment"]

        part(page, "story").get_by_role("button", name="take back").last.click()
        expect(part(page, "story")).to_contain_text("taken back by anyone")
        page.keyboard.press("a")
        expect(part(page, "facts")).not_to_contain_text("Taken by")
        page.keyboard.press("Escape")
        expect(part(page, "incidents")).to_be_visible()
    watched.assert_clean(system.url)
