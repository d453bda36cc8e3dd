"""The lab on the real server: a fault is planted and detectors are played back over it; a file is tried."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from monitor.domain.durations import MINUTE_MS
from tests.browser.conftest import Watched
from tests.browser.live import ORIGIN, Desk
from tests.browser.test_page import part
from tests.scenarios.test_chain import CHAIN

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def drag(page: Page, begin: tuple[int, int], end: tuple[int, int]) -> None:
    """Over the chart of the lab, in pixels."""
    over = part(page, "lab-chart").locator(".u-over")
    over.hover(position={"x": begin[0], "y": begin[1]})
    page.mouse.down()
    over.hover(position={"x": end[0], "y": end[1]})
    page.mouse.up()


def test_a_planted_fault_is_noticed_side_by_side(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.emulate_media(reduced_motion="reduce")  # the end at once
    page.goto(f"{system.url}/#/lab?series={ORIGIN}")
    expect(part(page, "lab-chart").locator("canvas")).to_be_visible()
    page.get_by_label("from value").fill("1450")
    page.get_by_label("how many usual steps high").fill("40")
    part(page, "plant").click()
    part(page, "run-lab").click()
    expect(part(page, "detector")).to_have_count(4)
    first = part(page, "detector").first
    expect(first.locator("[data-testid=rates]")).to_contain_text(re.compile(r"recall\s*[1-9]\d*\s%"))
    expect(first.locator("[data-testid=noticed]")).to_contain_text("noticed 1 of 1 anomaly")
    part(page, "lever").fill("99")
    expect(first.locator("[data-testid=noticed]")).to_contain_text("noticed 0 of 1 anomaly")
    part(page, "played").fill("0")
    expect(first.locator("[data-testid=rates]")).to_contain_text("recall –")
    part(page, "hand-draw").click()
    drag(page, (100, 120), (200, 20))
    expect(page.get_by_text("have not seen the last change")).to_be_visible()
    part(page, "undo-last").click()  # what was drawn
    expect(part(page, "undo-lab")).to_have_text("Take back all 1")
    part(page, "undo-lab").click()
    expect(part(page, "undo-lab")).to_have_count(0)
    watched.assert_clean(system.url)


def test_a_link_leads_to_the_same_trial(watched: Watched, system: Desk) -> None:
    page = watched.page
    system.tell("PUT", f"metrics/{CHAIN[0][0].metric}", {"static_upper": 1_000_000})
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{system.url}/#/lab?series={ORIGIN}")
    page.get_by_label("from value").fill("1450")
    page.get_by_label("how many usual steps high").fill("40")
    part(page, "plant").click()
    part(page, "hand-draw").click()
    drag(page, (100, 120), (200, 20))
    part(page, "hand-mark").click()
    drag(page, (300, 120), (330, 120))
    expect(page).to_have_url(re.compile(r"did=spike_1449.*\*draw_.*\*mark_"))
    part(page, "detectors").locator("summary").click()
    part(page, "detectors").get_by_role("button", name="Remove").last.click()
    part(page, "run-lab").click()
    expect(part(page, "detector")).to_have_count(3)
    part(page, "lever").fill("75")
    part(page, "played").fill("1500")
    part(page, "detector").nth(1).get_by_role("button").click()
    expect(part(page, "held")).to_contain_text("Fixed upper bound")
    for kept in ("score=75", "at=1500", "focus=1"):
        expect(page).to_have_url(re.compile(kept))
    said = part(page, "rates").all_inner_texts()
    last_ms = system.get(f"series/{ORIGIN}")["last_ms"]
    first = CHAIN[0][0]
    newer = {"metric": first.metric, "tags": dict(first.tags), "value": 0.5}
    samples = [{**newer, "timestamp": last_ms + i * MINUTE_MS} for i in range(5)]
    system.tell("POST", "samples", {"samples": samples})
    other = page.context.new_page()
    other.emulate_media(reduced_motion="reduce")
    other.goto(page.url)
    expect(part(other, "detector")).to_have_count(3)
    expect(part(other, "played")).to_have_value("1500")
    expect(part(other, "lever")).to_have_value("75")
    assert part(other, "rates").all_inner_texts() == said
    expect(part(other, "detector").nth(1).get_by_role("button")).to_have_attribute("aria-pressed", "true")
    watched.assert_clean(system.url)


def test_a_link_made_at_the_end_of_the_playback_is_there_at_once(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{system.url}/#/lab?series={ORIGIN}")
    part(page, "run-lab").click()
    whole = part(page, "played").get_attribute("max")
    expect(page).to_have_url(re.compile(f"at={whole}"))
    other = page.context.new_page()  # which would play
    other.goto(page.url)
    expect(part(other, "played")).to_be_visible()
    assert part(other, "played").input_value() == whole


def test_a_file_with_labels_is_played(watched: Watched, system: Desk) -> None:
    page = watched.page
    rows = [
        f"{1_700_006_400 + 60 * i},{10 + i % 7 + 50 * (i == 1_600)},{int(i == 1_600)}" for i in range(1_700)
    ]
    body = "\n".join(["timestamp,<b>orders</b>,label", *rows]).encode()
    page.goto(f"{system.url}/#/lab")
    part(page, "lab-file").set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": body})
    expect(page.get_by_role("heading", level=1)).to_contain_text("<b>orders</b>")
    part(page, "run-lab").click()
    expect(part(page, "detector")).to_have_count(4)
    part(page, "play").click()
    expect(part(page, "play")).to_contain_text("Play")
    part(page, "played").fill("1700")
    expect(part(page, "noticed").first).to_contain_text("noticed 1 of 1 anomaly")
    part(page, "plant").click()
    page.reload()  # the file is gone, and what was done to it does not go to the next one
    part(page, "lab-file").set_input_files({"name": "x.csv", "mimeType": "text/csv", "buffer": body})
    expect(part(page, "run-lab")).to_contain_text("Run")
    expect(part(page, "undo-lab")).to_have_count(0)
    watched.assert_clean(system.url)
