"""Every page there is, with something on it: for the tests that look at all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.fake_api import FakeApi, Server
from tests.browser.live import FAULT_MS, ORIGIN, desk, networked

SETTINGS = (
    "routes",
    "receivers",
    "budgets",
    "thresholds",
    "mutes",
    "calendars",
    "sources",
    "people",
    "teams",
    "tokens",
    "audit",
    "health",
)

CANNED = {
    "storm": "incident/i1",
    "seasonal": "series/0000000000000001",
    "models": "models",
    "model": "models/recommender",
    "meta": "meta",
}
"""What a system of tests would not have learned."""


@contextmanager
def all_places(folder: Path) -> Iterator[dict[str, str]]:
    """The address of each page by its name, on running servers."""
    empty, canned = Server(FakeApi(empty=True)), Server(FakeApi())
    with desk(folder) as system, networked(40, 80) as network, empty, canned:
        system.fail()
        system.furnish()
        incident = system.newest()["id"]
        own = {
            "inbox": "",
            "inbox-none": "#/?q=nothing+like+that",
            "incident": f"#/incident/{incident}",
            "explorer": "#/series",
            "series": f"#/series/{ORIGIN}?at={FAULT_MS}",
            "series-all": f"#/series/{ORIGIN}?challenger=shown&shapes=open",
            "lab": "#/lab",
            "lab-series": f"#/lab?series={ORIGIN}",
            **{f"settings-{part}": f"#/settings/{part}" for part in SETTINGS},
        }
        shown = {name: f"{system.url}/{place}" for name, place in own.items()}
        shown["topology"] = f"{network}/#/topology"
        shown["topology-focus"] = f"{network}/#/topology?focus={1:016x}"
        shown["first-run"] = f"{empty.url}/"
        shown |= {name: f"{canned.url}/#/{place}" for name, place in CANNED.items()}
        yield shown


def settled(page: Page) -> None:
    """Waits until nothing is on its way any more."""
    expect(page.locator("main").first).to_be_visible()
    page.wait_for_load_state("load")
    for waiting in ("Loading…", "…"):
        expect(page.get_by_text(waiting, exact=True)).to_have_count(0)
    expect(page.locator(".chart-waiting, .graph-waiting")).to_have_count(0)
