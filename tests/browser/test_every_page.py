"""Every page: nothing serious for those who cannot see or point, nothing too wide for a phone; pictures."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.browser.fake_api import DIST, Server
from tests.browser.places import all_places, settled

pytestmark = pytest.mark.browser

AXE = DIST.parent / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
LOOKS: dict[str, Any] = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
}


def grave(page: Page) -> list[str]:
    """What axe finds that is serious: its rule, and the first place."""
    if not AXE.is_file():
        pytest.skip("axe-core is not there: npm ci in api/ui")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in GRAVE]


def test_nothing_serious_stands_in_the_way_of_whoever_is_on_call(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/incident/i1")
    settled(page)
    assert grave(page) == []
    page.emulate_media(color_scheme="dark")
    assert grave(page) == []


DIALOGS = {
    "#/incident/i2": ("do-label", "do-mute", "do-comment", "do-merge", "keys"),
    "#/incident/i1": ("do-split",),
    "#/series/0000000000000001": ("edit-metric",),
    "#/settings/routes": ("add-route",),
    "#/settings/receivers": ("add-receiver",),
    "#/settings/calendars": ("add-calendar",),
    "#/settings/tokens": ("add-token",),
    "#/settings/sources": ("add-source",),
}


@pytest.mark.slow
def test_nothing_serious_stands_in_the_windows(watched: Watched, fake: Server) -> None:
    page = watched.page
    for place, buttons in DIALOGS.items():
        page.goto(f"{fake.url}/{place}")
        for button in buttons:
            page.locator(f"[data-testid={button}]").click()
            expect(page.locator("[data-testid=dialog]")).to_be_visible()
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert grave(page) == [], (button, scheme)
            page.keyboard.press("Escape")
            expect(page.locator("[data-testid=dialog]")).to_have_count(0)


def _note(errors: list[str], error: object) -> None:
    errors.append(str(error))


@pytest.mark.slow
def test_every_page_in_every_look(chromium: Browser, tmp_path: Path) -> None:
    """Pictures go to the folder that SCREENSHOTS names, else to one of pytest's."""
    folder = Path(os.environ.get("SCREENSHOTS", tmp_path / "screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    faults: list[str] = []
    with all_places(tmp_path / "data") as places:
        for look, options in LOOKS.items():
            context = chromium.new_context(timezone_id="America/New_York", locale="en-GB", **options)
            for name, address in places.items():
                page = context.new_page()
                errors: list[str] = []
                page.on("pageerror", partial(_note, errors))
                page.goto(address)
                settled(page)
                page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    errors.append("wider than the window")
                found = [] if look == "phone" else grave(page)  # there as in light
                faults += [f"{name}, {look}: {one}" for one in (*errors, *found)]
                page.close()
            context.close()
    assert not faults, "\n".join(faults)
