"""The page on Watchkeeper itself: what is wrong, its charts, and a roll-back that is seen before it is so."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.fake_api import Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_wrong_and_the_way_back(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/meta")
    expect(page.get_by_test_id("meta-incidents")).to_contain_text("Family holt_winters: band coverage fell")
    expect(page.get_by_test_id("meta-facts")).to_contain_text("frozen while meta-incident")
    figures = page.get_by_test_id("figures")
    expect(figures.locator("canvas")).to_have_count(4)
    page.get_by_test_id("group").select_option("seasons")
    expect(figures.locator("canvas")).to_have_count(1)
    expect(page).to_have_url(f"{fake.url}/#/meta?group=seasons")

    page.get_by_test_id("roll-back").click()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("dry-run").locator("tbody tr")).to_have_count(4)
    posted = [body for path, body in fake.api.posted if path.endswith("/meta/rollback")]
    assert [one["dry_run"] for one in posted] == [True]
    assert posted[0]["family"] == "holt_winters"
    page.get_by_label("To or from this family only").fill("")
    expect(page.get_by_test_id("dry-run")).to_have_count(0)  # what was seen does not hold any more
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("dry-run")).to_be_visible()
    page.get_by_test_id("submit").click()
    expect(page.get_by_test_id("rolled-back")).to_contain_text("4 metrics")
    posted = [body for path, body in fake.api.posted if path.endswith("/meta/rollback")]
    assert [one["dry_run"] for one in posted] == [True, True, False]
    assert posted[2]["since_ms"] == posted[1]["since_ms"]
    assert posted[2]["family"] is None
    page.get_by_test_id("submit").click()

    page.get_by_test_id("unfreeze").click()
    expect(page.get_by_test_id("unfreeze")).to_be_enabled()
    assert any(path.endswith("/meta/unfreeze") for path, _ in fake.api.posted)
    assert watched.complaints == []
