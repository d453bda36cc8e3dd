"""An analyst on the real server: asks why, labels what was missed, takes a model back, says what matters."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.browser.live import FAULT_MS, ORIGIN, Desk
from tests.browser.places import settled
from tests.browser.test_page import part

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_click_on_the_chart_tells_why(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    chart = part(page, "history").locator(".u-over")
    chart.click(position={"x": 200, "y": 100})
    expect(part(page, "answer")).to_contain_text("In band")
    assert "at=" in page.url
    page.mouse.move(5, 5)
    page.goto(f"{system.url}/#/series/{ORIGIN}?at={FAULT_MS}")
    expect(part(page, "answer")).to_contain_text("outside the band")
    page.goto("about:blank")
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    part(page, "history").locator("[data-testid=chart]").focus()
    page.keyboard.press("ArrowLeft")  # the last value, long after the fault
    page.keyboard.press("Enter")
    expect(part(page, "answer")).to_contain_text("Anomaly")
    watched.assert_clean(system.url)


def test_a_dragged_span_is_zoomed_into_or_labelled(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    chart = part(page, "history").locator(".u-over")

    def drag(left: int, right: int) -> None:
        chart.hover(position={"x": left, "y": 80})  # waits until the chart, drawn anew by then, stands still
        page.mouse.down()
        chart.hover(position={"x": right, "y": 80})
        page.mouse.up()

    drag(200, 500)
    expect(page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    page.keyboard.press("l")
    expect(part(page, "label-span")).to_have_attribute("aria-pressed", "true")
    drag(300, 400)
    part(page, "sayings").get_by_text("true", exact=True).click()
    part(page, "submit").click()
    expect(part(page, "rehearsal")).to_be_visible()
    part(page, "submit").click()
    expect(part(page, "labels")).to_contain_text("T · true")
    (label,) = system.get(f"labels?series={ORIGIN}")["items"]
    assert label["kind"] == "span"
    assert label["from_ms"] < label["to_ms"]
    part(page, "labels").get_by_role("button", name="take back").click()
    expect(part(page, "labels")).to_contain_text("taken back")
    watched.assert_clean(system.url)


def test_a_chart_is_moved_along_its_time(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    with page.expect_response(lambda answer: "/observations" in answer.url):
        page.get_by_role("button", name="a narrower span").click()
    expect(page).to_have_url(re.compile(r"from=\d+&to=\d+"))
    settled(page)

    def span() -> tuple[int, int]:
        found = re.search(r"from=(\d+)&to=(\d+)", page.url)
        assert found is not None
        return int(found[1]), int(found[2])

    def moved(before: tuple[int, int], by: int) -> None:
        """Waits until the chart has come to rest: later or earlier, and as much is seen as before."""
        expect(page).not_to_have_url(re.compile(f"from={before[0]}&"))
        after = span()
        assert abs((after[1] - after[0]) - (before[1] - before[0])) <= 2
        assert (after[0] - before[0]) * by > 0
        settled(page)

    chart = part(page, "history").locator(".u-over")
    before = span()
    chart.hover(position={"x": 500, "y": 80})
    page.keyboard.down("Shift")
    page.mouse.down()
    chart.hover(position={"x": 300, "y": 80})
    page.mouse.up()
    page.keyboard.up("Shift")
    moved(before, 1)
    before = span()
    chart.hover(position={"x": 300, "y": 80})
    page.mouse.wheel(-200, 0)
    moved(before, -1)
    before = span()
    part(page, "history").locator("[data-testid=chart]").focus()
    page.keyboard.press("Shift+ArrowLeft")
    moved(before, -1)
    watched.assert_clean(system.url)


def test_the_challengers_line_and_every_state_have_a_link(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    part(page, "history").locator(".u-over").wait_for()
    page.keyboard.press("c")
    expect(part(page, "history")).to_contain_text("expected by the challenger, ")
    part(page, "history").locator("[data-testid=chart]").focus()
    page.keyboard.press("ArrowLeft")
    expect(part(page, "history").locator(".readout")).to_contain_text(re.compile(r"challenger -?\d"))
    part(page, "shapes").locator("summary").first.click()
    page.get_by_label("Score", exact=True).fill("75")
    expect(page).to_have_url(re.compile("challenger=shown&shapes=open&score=75"))
    page.reload()
    expect(part(page, "history")).to_contain_text("expected by the challenger, ")
    expect(part(page, "calibrated")).to_contain_text("75")
    watched.assert_clean(system.url)


def test_shapes_journal_and_undo(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series/{ORIGIN}")
    part(page, "shapes").locator("summary").first.click()
    expect(part(page, "shapes")).to_contain_text("value − expected of")
    expect(part(page, "shapes")).to_contain_text(
        re.compile(r"extreme_value found errors .* Dashed: the band, -0\.\d+ to 0\.\d+")
    )
    expect(part(page, "residuals").locator("canvas")).to_be_visible()
    runs = r"^\d+: (\d+) runs?,"
    counts = []
    for score in ("40", "75", "99"):
        page.get_by_label("Score", exact=True).fill(score)
        expect(part(page, "calibrated")).to_have_text(re.compile(f"^{score}:"))
        found = re.match(runs, part(page, "calibrated").inner_text())
        assert found is not None
        counts.append(int(found[1]))
    assert counts[0] >= counts[1] >= 1 > counts[2]  # the fault reaches 75, and nothing 99
    part(page, "undo-models").click()
    expect(part(page, "facts").first).to_contain_text("kept by hand")
    part(page, "open-contest").click()
    expect(part(page, "facts").first).not_to_contain_text("kept by hand")
    watched.assert_clean(system.url)


def test_minimum_change_and_direction_are_set(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/series?q=shop.conv")
    expect(part(page, "series-link")).to_have_count(1)
    part(page, "series-link").click()
    expect(part(page, "declared")).to_contain_text("all of it is learned")
    page.keyboard.press("e")
    page.get_by_label("Direction").select_option("down")
    page.get_by_label("Minimum change", exact=True).fill("0,01")
    expect(part(page, "dialog")).to_contain_text("write it with a point")
    page.get_by_label("Minimum change", exact=True).fill("0.01")
    part(page, "submit").click()
    expect(part(page, "dialog")).to_have_count(0)  # which names both directions
    expect(part(page, "declared")).to_contain_text("down")
    found = system.get("metrics/shop.conversion")
    assert (found["polarity"], found["min_change_absolute"]) == ("down", 0.01)
    watched.assert_clean(system.url)
