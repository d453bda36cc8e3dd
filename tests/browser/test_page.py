"""The page against canned answers: what it shows, how it is walked, and what it must never do."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.canned import HOSTILE, STORM_MS, incident
from tests.browser.conftest import Watched
from tests.browser.fake_api import FakeApi, Server

pytestmark = pytest.mark.browser

# How many different colours a chart's canvas holds: an unpainted one has one.
COLOURS = """canvas => {
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i+1] << 8) | data[i+2]);
  return seen.size;
}"""


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid={name}]")


def test_list_shows_incidents_open_ones_first(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    rows = part(page, "incident")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("departures down at JFK")
    expect(rows.nth(0)).to_contain_text("open")
    expect(rows.nth(1)).to_contain_text("cancelled_share up at JFK, LGA, EWR")
    expect(rows.nth(1)).to_contain_text("closed true")
    expect(rows.nth(1)).to_contain_text("2013-02-08 10:00 – 2013-02-09 15:00 UTC-5")
    expect(rows.nth(1)).to_contain_text("14 of 16 series with origin=JFK")
    expect(part(page, "auth-off")).to_be_visible()
    expect(part(page, "status")).to_contain_text("336,776 samples")
    watched.assert_clean(fake.url)


def test_incident_shows_facts_suspects_and_painted_charts(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    part(page, "incident-link").nth(1).click()
    expect(part(page, "facts")).to_contain_text("1 d 5 h")
    expect(part(page, "suspects").locator("> li")).to_have_count(3)
    expect(part(page, "chart")).to_have_count(12)
    canvas = part(page, "chart").first.locator("canvas")
    expect(canvas).to_be_visible()
    assert canvas.evaluate(COLOURS) > 5
    part(page, "more-charts").click()
    expect(part(page, "chart")).to_have_count(16)
    expect(part(page, "more-charts")).to_have_count(0)
    watched.assert_clean(fake.url)


def test_a_member_says_how_unusual_it_is_and_what_was_normal(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/incident/i1")
    said = part(page, "about").first
    expect(said).to_contain_text("16 times the largest of the last 8 days.")
    expect(said).to_contain_text("Normal would have been a value between 0 % and 7.4 %.")
    expect(said).to_contain_text("Judged by holt_winters since 2013-01-29 10:00")
    expect(part(page, "member").first).to_contain_text("83 %, expected 2.1 % (+3,852 %)")
    watched.assert_clean(fake.url)


def test_rows_behind_a_chart_name_values_and_verdicts(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/incident/i1")
    expect(part(page, "chart").first.locator("canvas")).to_be_visible()
    rows = part(page, "rows").first
    rows.locator("summary").click()
    expect(rows.locator("tbody tr").first).to_contain_text("anomaly")
    expect(rows.locator("tbody tr").first).to_contain_text("2013-02-08 10:00 UTC-5")


def test_a_label_is_rehearsed_before_it_is_set(watched: Watched, hostile: Server) -> None:
    page = watched.page
    page.goto(f"{hostile.url}/#/incident/i1")
    expect(part(page, "actions")).to_be_visible()
    page.keyboard.press("l")
    part(page, "sayings").get_by_text("false alarm", exact=True).click()
    expect(part(page, "submit")).to_have_text("See what it would change")
    part(page, "submit").click()
    expect(part(page, "rehearsal")).to_contain_text("2 anomalies would vanish")
    expect(part(page, "rehearsal")).to_contain_text("1 anomaly that people called true would vanish")
    expect(part(page, "rehearsal")).to_contain_text(
        "The incident began before that, so it is not among them."
    )
    assert [path for path, _ in hostile.api.posted] == ["/api/v1/labels?dry_run=true&force=true"]
    expect(part(page, "submit")).to_have_text("Label it “false alarm”")
    part(page, "submit").click()
    expect(part(page, "dialog")).to_have_count(0)
    path, body = hostile.api.posted[-1]
    assert (path, body) == ("/api/v1/labels", {"incident": "i1", "label": "false alarm", "note": ""})
    watched.assert_clean(hostile.url)


@pytest.mark.slow
def test_a_model_shows_where_it_fell_and_which_feature_drifted(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/models")
    part(page, "model-link").click()
    expect(part(page, "facts")).to_contain_text("0.78 (0.75 … 0.81) n 400")
    expect(part(page, "drift")).to_contain_text("customer_age: 31 % missing")
    expect(part(page, "drift").get_by_role("link")).to_have_attribute(
        "href", re.compile("tag=feature%3Dcustomer_age")
    )
    expect(part(page, "buckets").locator("tbody tr")).to_have_count(48)
    assert part(page, "chart").locator("canvas").evaluate(COLOURS) > 5
    expect(part(page, "whole-history")).to_have_attribute("href", "#/series/0000000000000001")
    page.get_by_label("Measure").select_option("recall")
    expect(part(page, "buckets")).to_contain_text("recall")
    assert "measure=recall" in page.url
    watched.assert_clean(fake.url)


def test_the_inbox_is_narrowed_and_its_link_says_so(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    expect(part(page, "incident")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("departures")
    expect(part(page, "incident")).to_have_count(1)
    part(page, "filter-state").select_option("closed")
    expect(part(page, "none")).to_be_visible()
    page.reload()
    expect(part(page, "none")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(part(page, "incident")).to_have_count(2)


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 1600])
def test_the_header_takes_one_line(watched: Watched, fake: Server, width: int) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(fake.url)
    expect(part(page, "status")).to_contain_text("live")
    tops = page.locator(".top > *").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect()).map(box => box.top + box.height / 2)"
    )
    assert len(tops) >= 4
    assert max(tops) - min(tops) < 6


def test_the_help_lists_the_keys_of_the_page(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/incident/i2")
    expect(part(page, "actions")).to_be_visible()
    page.keyboard.press("?")
    expect(part(page, "dialog")).to_contain_text("acknowledge: take it")
    page.keyboard.press("Escape")
    expect(part(page, "dialog")).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(part(page, "series-list")).to_be_visible()


def test_series_list_is_searched_and_opens_a_history(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/series")
    expect(part(page, "series-link")).to_have_count(16)
    part(page, "search").fill("departures")
    expect(part(page, "series-link")).to_have_count(1)
    part(page, "series-link").click()
    expect(part(page, "chart").locator("canvas")).to_be_visible()
    expect(part(page, "facts")).to_contain_text("holt_winters")
    expect(part(page, "anomalies").locator("tbody tr")).to_have_count(2)
    watched.assert_clean(fake.url)


def test_keys_walk_open_and_return(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    expect(part(page, "incident")).to_have_count(2)
    for key in ("j", "j", "k", "j", "Enter"):
        page.keyboard.press(key)
    expect(part(page, "incident-view")).to_contain_text("cancelled_share up at JFK")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Escape")
    expect(part(page, "incident-link").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(part(page, "incident-link").nth(0)).to_be_focused()


def test_hostile_names_are_shown_and_run_nothing(watched: Watched, hostile: Server) -> None:
    page = watched.page
    page.goto(hostile.url)
    expect(part(page, "incidents")).to_contain_text(HOSTILE)
    page.goto(f"{hostile.url}/#/incident/i3")
    for name in ("suspects", "because", "story", "similar", "told", "contributors"):
        expect(part(page, name)).to_contain_text(HOSTILE)
    page.goto(f"{hostile.url}/#/series")
    expect(page.locator("main")).to_contain_text(HOSTILE)
    page.goto(f"{hostile.url}/#/series/0000000000000063?at={STORM_MS}")
    for name in ("answer", "labels", "journal", "facts"):
        expect(part(page, name).first).to_contain_text(HOSTILE)
    page.goto(f"{hostile.url}/#/models/{quote(HOSTILE, safe='')}")
    expect(part(page, "drift")).to_contain_text(HOSTILE)
    expect(part(page, "chart").locator("canvas")).to_be_visible()
    assert page.locator("main img, main script").count() == 0
    watched.assert_clean(hostile.url)


def test_news_arrives_without_a_reload(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    expect(part(page, "incident")).to_have_count(2)
    expect(part(page, "status")).to_contain_text("live")
    fake.api.incidents.append(incident(7, "late news", "open", fake.api.series[:2], STORM_MS, 60.0))
    fake.api.announce({"id": "i7", "state": "open", "title": "late news", "start_ms": STORM_MS})
    expect(part(page, "incidents")).to_contain_text("late news")


def test_lost_server_is_said_plainly(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(fake.url)
    expect(part(page, "incident")).to_have_count(2)
    expect(part(page, "status")).to_contain_text("live")
    fake.ending.set()
    fake.shutdown()
    fake.server_close()
    expect(part(page, "gone")).to_contain_text("does not answer")
    expect(part(page, "incident")).to_have_count(2)


@pytest.mark.slow
def test_a_restarted_server_is_found_again(watched: Watched) -> None:
    page, api = watched.page, FakeApi()
    with Server(api) as server:
        page.goto(server.url)
        expect(part(page, "status")).to_contain_text("live")
    expect(part(page, "gone")).to_be_visible()
    api.incidents.append(incident(7, "while it was away", "open", api.series[:2], STORM_MS, 60.0))
    with Server(api, server.server_address[1]):
        expect(part(page, "incidents")).to_contain_text("while it was away")
        expect(part(page, "gone")).to_have_count(0)


CLOCKS = (
    ("America/New_York", "2026-03-08T01:30", "2026-03-08T06:30"),  # half an hour before the clocks go forward
    ("America/New_York", "2026-03-08T03:30", "2026-03-08T07:30"),
    ("America/New_York", "2026-11-01T03:30", "2026-11-01T08:30"),  # after they went back
    ("Australia/Lord_Howe", "2026-10-04T02:45", "2026-10-03T15:45"),  # by half an hour
    ("Australia/Eucla", "2026-06-01T00:00", "2026-05-31T15:15"),
)


@pytest.mark.slow
def test_a_typed_time_is_of_the_chosen_zone(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/series/0000000000000001")
    for zone, clock, utc in CLOCKS:
        part(page, "zone").select_option(zone)
        page.get_by_label("At", exact=True).fill(clock)
        part(page, "ask-why").click()
        at_ms = int(datetime.fromisoformat(f"{utc}+00:00").timestamp() * 1_000)
        expect(page).to_have_url(re.compile(f"at={at_ms}$"))
        expect(part(page, "answer")).to_be_visible()
        expect(page.get_by_label("At", exact=True)).to_have_value(clock)


def test_empty_system_says_how_to_begin(watched: Watched, empty: Server) -> None:
    page = watched.page
    page.goto(empty.url)
    expect(part(page, "empty")).to_contain_text("watchkeeper demo")
    expect(part(page, "empty")).to_contain_text(f"curl -X POST {empty.url}/api/v1/samples")
    watched.assert_clean(empty.url)


def test_unknown_incident_is_a_plain_message(watched: Watched, fake: Server) -> None:
    page = watched.page
    page.goto(f"{fake.url}/#/incident/none")
    expect(part(page, "problem")).to_contain_text("Not found")


CLOCKS_FORWARD_MS = 1_362_888_000_000  # three hours before they go forward in New York


def test_zone_is_chosen_and_remembered(watched: Watched, fake: Server) -> None:
    page = watched.page
    fake.api.incidents[0].update(start_ms=CLOCKS_FORWARD_MS, end_ms=CLOCKS_FORWARD_MS + 8 * 3_600_000)
    page.goto(fake.url)
    expect(part(page, "incidents")).to_contain_text("2013-03-09 23:00 UTC-5 – 2013-03-10 08:00 UTC-4")
    part(page, "zone").select_option("UTC")
    expect(part(page, "incidents")).to_contain_text("2013-03-10 04:00 – 12:00 UTC+0")
    page.reload()
    expect(part(page, "incidents")).to_contain_text("2013-03-10 04:00 – 12:00 UTC+0")


def test_phone_width_needs_no_sideways_scrolling_and_is_touched_easily(
    watched: Watched, fake: Server
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    for place in ("#/", "#/incident/i1", "#/series"):
        page.goto(f"{fake.url}/{place}")
        expect(page.locator("main [data-row]").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        heights = page.locator("nav a, .up a, main button").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().height)"
        )
        assert min(heights) >= 24, place
