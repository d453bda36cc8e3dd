"""Where the ranking has proven itself, the page shows how likely people are to act on an incident."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.fake_api import Server
from tests.browser.test_page import part

pytestmark = pytest.mark.browser


def test_incidents_by_how_likely_people_are_to_act_on_them(watched: Watched, hostile: Server) -> None:
    page, incidents = watched.page, hostile.api.incidents
    page.goto(hostile.url)
    expect(part(page, "incident")).to_have_count(3)
    expect(part(page, "likely")).to_have_count(0)
    expect(part(page, "order")).to_have_count(0)
    incidents[0]["likely"] = {"chance": 0.234, "reasons": ["short"]}
    incidents[2]["likely"] = {"chance": 0.871, "reasons": ["at night", "of metric cancelled_share"]}
    page.reload()
    rows = part(page, "incident")
    expect(part(page, "likely")).to_have_text(["23 %", "87 %"])  # the open one first, as it has none
    expect(part(page, "likely").nth(1)).to_have_attribute(
        "title",
        "How likely people are to act on it, by their labels of others; at night; of metric cancelled_share",
    )
    part(page, "order").select_option("likely")
    expect(part(page, "likely")).to_have_text(["87 %", "23 %"])
    expect(rows.nth(0)).to_contain_text("departures down at JFK")
    assert page.url.endswith("sort=likely")
    page.goto(f"{hostile.url}/#/incident/i3")
    expect(part(page, "facts")).to_contain_text("87 % at night; of metric cancelled_share")
    watched.assert_clean(hostile.url)
