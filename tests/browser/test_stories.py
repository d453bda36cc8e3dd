"""Three stories from their beginning to their end, on the real server: a false alarm that is not told again,
a KPI whose minimum change, direction and route are set, and a version of a model that became worse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from monitor.domain.durations import MINUTE_MS
from tests.browser.conftest import Watched
from tests.browser.live import Desk, desk
from tests.browser.served import worse_version
from tests.browser.test_page import part
from tests.scenarios.test_chain import START_MS
from tests.scenarios.test_labels import CUT, LENGTH, SECOND, SERIES, feed

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_was_labelled_a_false_alarm_stays_quiet_the_next_time(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    with desk(tmp_path) as system:
        page.goto(system.url)
        expect(part(page, "status")).to_contain_text("live")
        feed(system.monitor, 0, CUT)
        expect(part(page, "incident")).to_have_count(1)  # arrives without a reload
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(part(page, "chart").first.locator("canvas")).to_be_visible()
        page.keyboard.press("l")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("radio", name="false alarm")).to_be_checked()
        expect(part(page, "submit")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(part(page, "rehearsal")).to_be_visible()
        expect(part(page, "submit")).to_be_enabled()
        page.keyboard.press("Enter")
        expect(part(page, "story")).to_contain_text("labelled it false alarm")
        system.monitor.settle(60)
        feed(system.monitor, CUT, LENGTH)
        assert len(system.get("incidents")["items"]) == 1
        page.goto(f"{system.url}/#/series/{SERIES}?at={START_MS + SECOND * MINUTE_MS}")
        expect(part(page, "answer")).to_contain_text("quieter here since the label")
        page.goto(f"{system.url}/#/")
        expect(part(page, "incident")).to_have_count(1)
    watched.assert_clean(system.url)


def test_a_kpi_is_found_declared_and_its_route_previewed(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series")
    expect(part(page, "series-link").first).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("NL conversion")  # two words, in any order and case
    expect(part(page, "series-link")).to_have_count(1)
    part(page, "series-link").click()
    expect(part(page, "declared")).to_contain_text("all of it is learned")
    page.keyboard.press("e")
    page.get_by_label("Direction").select_option("down")
    page.get_by_label("Minimum change", exact=True).fill("0.02")
    part(page, "submit").click()
    expect(part(page, "dialog")).to_have_count(0)  # which names both directions
    expect(part(page, "declared")).to_contain_text("down")
    assert system.get("metrics/shop.conversion")["min_change_absolute"] == 0.02
    page.goto(f"{system.url}/#/settings/routes")
    part(page, "routes").locator("tr", has_text="shop.*").get_by_role("button", name="Change").click()
    part(page, "preview-route").click()
    preview = part(page, "preview")
    expect(preview).to_contain_text(re.compile(r"[1-9]\d* notices? would have been sent"))
    expect(preview).to_contain_text("the last days of the history there is")
    preview.locator("summary").click()
    with page.context.expect_page() as opened:
        preview.get_by_role("link", name="shop.conversion").first.click()
    expect(part(opened.value, "suspects")).to_contain_text("shop.conversion")
    expect(part(page, "dialog")).to_be_visible()  # nothing that was filled in is lost
    watched.assert_clean(system.url)


def test_a_worse_version_of_a_model_and_the_feature_that_drifted_are_found(
    watched: Watched, tmp_path: Path
) -> None:
    page = watched.page
    with desk(tmp_path) as system:
        page.goto(system.url)
        expect(part(page, "status")).to_contain_text("live")
        worse_version(system)
        part(page, "incidents").locator("a", has_text="at version 2").click()  # it came without a reload
        members = part(page, "charts").locator("figcaption a")
        expect(members.filter(has_text="model.accuracy")).to_have_count(1)
        expect(members.filter(has_text="feature=age")).to_have_count(1)
        expect(members.filter(has_text="feature=income")).to_have_count(0)
        part(page, "facts").get_by_role("link", name="churn").click()
        facts = part(page, "facts")
        expect(facts).to_contain_text(re.compile(r"Newest version\s*2"))
        expect(facts).to_contain_text(re.compile(r"newest mature bucket\s*0\.[3-6]\d* \(0\.\d+ … 0\.\d+\)"))
        expect(part(page, "chart").locator("canvas")).to_be_visible()
        drifted = part(page, "drift").locator("tr", has_text="▲ drifted")
        expect(drifted.filter(has_text="age")).to_have_count(1)
        expect(drifted.filter(has_text="income")).to_have_count(0)
        page.get_by_label("Version").select_option("1")
        expect(page).to_have_url(re.compile("version=1"))
        expect(part(page, "drift")).to_contain_text("income")
        expect(drifted).to_have_count(0)
    watched.assert_clean(system.url)
