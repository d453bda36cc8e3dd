"""The learned graph: communities, search, focus, evidence; and that thousands of series freeze nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.live import networked
from tests.browser.test_page import part

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONGEST_MS = 500
"""A task of the page's script that holds up every click; on one core beside the server."""

_TASKS = """
window.longest = 0;
new PerformanceObserver(list => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({entryTypes: ['longtask']});
"""


@pytest.fixture(scope="module")
def network() -> Iterator[str]:
    """3,200 series in forty communities, some 6,400 edges."""
    with networked(40, 80) as url:
        yield url


def test_communities_lead_to_series_and_edges_to_evidence(watched: Watched, network: str) -> None:
    page = watched.page
    page.context.add_init_script(_TASKS)
    page.goto(f"{network}/#/topology")
    expect(part(page, "graph").locator(".graph-node").first).to_be_visible()
    expect(part(page, "communities").locator("tbody tr").nth(30)).to_be_visible()
    part(page, "communities").locator("a").first.click()
    expect(page.locator("h2").first).to_contain_text("series around")
    expect(part(page, "graph").locator(".graph-node").nth(60)).to_be_visible()
    part(page, "edges").get_by_role("button", name="evidence").first.click()
    expect(part(page, "edge-evidence")).to_contain_text("4 of 5 times")
    page.reload()
    expect(part(page, "edge-evidence")).to_contain_text("4 of 5 times")
    assert page.evaluate("window.longest") < LONGEST_MS
    watched.assert_clean(network)


def test_a_series_is_found_and_its_own_edges_shown(watched: Watched, network: str) -> None:
    page = watched.page
    page.goto(f"{network}/#/topology")
    expect(part(page, "graph")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("service7.latency{host=h600}")
    part(page, "found").locator("a").first.click()
    expect(page.locator("h2").first).to_contain_text("service7.latency{host=h600}")
    assert f"focus={601:016x}" in page.url
    for row in part(page, "edges").locator("tbody tr").all():
        expect(row).to_contain_text("service7.latency{host=h600}")
    watched.assert_clean(network)
