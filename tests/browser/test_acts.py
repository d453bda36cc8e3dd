"""What people do to incidents by keyboard, on the real server: merge, split, mute, and end the mute."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.live import desk
from tests.browser.test_page import part

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_two_incidents_are_merged_split_and_muted(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with desk(tmp_path) as system:
        system.fail()
        name = system.newest()["id"]
        page.goto(f"{system.url}/#/incident/{name}")
        expect(part(page, "facts")).to_contain_text("1 anomaly in 1 series")
        page.keyboard.press("x")
        part(page, "others").get_by_role("radio").first.check()
        page.get_by_label("Why").fill("one cause")
        part(page, "submit").click()
        part(page, "facts").get_by_role("link", name="another incident").click()
        expect(part(page, "facts")).to_contain_text("2 anomalies in 2 series")
        expect(part(page, "story")).to_contain_text("one cause")
        expect(part(page, "member")).to_have_count(2)
        both = system.get(f"incidents/{page.url.rpartition('/')[2]}")
        assert len(both["members"]) == 2

        page.keyboard.press("s")
        part(page, "members").locator("input:not([disabled])").check()
        expect(part(page, "submit")).to_have_text("Split off 1 anomaly")
        part(page, "submit").click()
        expect(part(page, "facts")).to_contain_text("1 anomaly in 1 series")
        expect(part(page, "member")).to_have_count(1)

        page.keyboard.press("m")
        page.get_by_label("series, also in other incidents").check()
        page.get_by_label("Like").select_option(index=1)
        shown = system.get(f"incidents/{page.url.rpartition('/')[2]}")["members"][0]
        expect(page.get_by_label("Metric")).to_have_value(shown["metric"])
        expect(page.get_by_label("Tags")).to_have_value(
            "\n".join(f"{k}={v}" for k, v in shown["tags"].items())
        )
        page.get_by_label("this incident").check()
        page.get_by_label("Reason").fill("works on it")
        expect(part(page, "submit")).to_be_enabled()
        part(page, "submit").click()
        expect(part(page, "dialog")).to_have_count(0)
        page.goto(f"{system.url}/#/settings/mutes")
        expect(part(page, "mutes")).to_contain_text("works on it")
        (mute,) = system.get("mutes")["items"]
        assert mute["state"] == "muting"
        part(page, "mutes").get_by_role("button", name="End").click()
        part(page, "submit").click()
        expect(part(page, "mutes")).to_have_count(0)
    watched.assert_clean(system.url)
