"""News comes while a hand moves a chart: what the hand does goes on, and the news is drawn then."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.canned import STORM_MS
from tests.browser.conftest import Watched
from tests.browser.fake_api import Server
from tests.browser.test_page import part

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("keys", ["", "Shift"], ids=["a span is dragged over", "the chart is moved"])
def test_news_during_a_drag_does_not_end_it(watched: Watched, fake: Server, keys: str) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/series/{fake.api.series[0]['id']}")
    expect(part(page, "status")).to_contain_text("live")
    chart = part(page, "history").locator(".u-over")
    chart.evaluate("one => one.id = 'before'")
    if keys:
        page.keyboard.down(keys)
    chart.hover(position={"x": 600, "y": 80})
    page.mouse.down()
    chart.hover(position={"x": 500, "y": 80})
    with page.expect_response(lambda answer: "/observations" in answer.url) as answered:
        fake.api.announce({"id": "i1", "state": "open", "title": "news", "start_ms": STORM_MS})
    answered.value.finished()
    for _ in range(2):  # what the answer leads to is drawn by then
        page.evaluate("() => new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")
    assert chart.get_attribute("id") == "before"
    chart.hover(position={"x": 400, "y": 80})
    page.mouse.up()
    if keys:
        page.keyboard.up(keys)
    expect(page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    expect(page.locator("#before")).to_have_count(0)  # drawn anew, with the news
    watched.assert_clean(fake.url)
