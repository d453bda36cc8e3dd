"""What an editor and an admin set on the real server, each by the page and seen by the API."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.canned import HOSTILE
from tests.browser.conftest import Watched
from tests.browser.live import Desk
from tests.browser.test_page import part

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_route_is_previewed_and_saved(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/routes")
    expect(part(page, "routes")).to_contain_text("metrics shop.*")
    part(page, "add-route").click()
    page.get_by_label("Name", exact=True).fill("everything")
    page.get_by_label("on call").check()
    page.get_by_label("Also what happened more than a day ago").check()
    part(page, "preview-route").click()
    expect(part(page, "preview")).to_contain_text("would have been sent")
    part(page, "preview").locator("summary").click()
    expect(part(page, "preview").get_by_role("link").first).to_have_attribute("target", "_blank")
    part(page, "submit").click()
    expect(part(page, "routes")).to_contain_text("every incident")
    assert system.get("routes/everything")["receivers"] == ["on call"]
    row = part(page, "routes").locator("tr", has_text="everything")
    row.get_by_role("button", name="Remove").click()
    part(page, "submit").click()
    expect(part(page, "routes")).not_to_contain_text("everything")
    watched.assert_clean(system.url)


def test_a_higher_threshold_makes_runs_vanish(watched: Watched, system: Desk) -> None:
    page = watched.page
    system.fail()
    page.goto(f"{system.url}/#/settings/thresholds?metric=shop.*")
    lever = page.get_by_label("Score", exact=True)
    lever.fill("0")
    low = int(part(page, "comfort-chosen").inner_text().split(": ")[1].split(" run")[0])
    shown = part(page, "comfort-runs").locator("li").count()
    lever.fill("11")
    expect(part(page, "comfort-chosen")).to_contain_text("95: ")
    high = int(part(page, "comfort-chosen").inner_text().split(": ")[1].split(" run")[0])
    assert high < low
    assert part(page, "comfort-runs").locator("li").count() <= shown
    page.get_by_label("Metric", exact=True).fill("nothing.like.that")
    expect(part(page, "no-series")).to_be_visible()
    watched.assert_clean(system.url)


def test_a_budget_is_set_changed_and_removed(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/budgets")
    part(page, "add-budget").click()
    page.get_by_label("Team", exact=True).fill("shop")
    part(page, "submit").click()
    expect(part(page, "budgets")).to_contain_text("team shop")
    part(page, "edit-budget").click()
    page.get_by_label("Incidents told a week").fill("2.5")
    part(page, "submit").click()
    expect(part(page, "budgets")).to_contain_text("2.5")
    assert system.get("budgets")["items"][0]["per_week"] == 2.5
    page.get_by_role("button", name="Remove").click()
    part(page, "submit").click()
    expect(page.get_by_text("No budgets")).to_be_visible()
    watched.assert_clean(system.url)


def test_a_receiver_is_added_and_tested(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/receivers")
    part(page, "add-receiver").click()
    page.get_by_label("Name", exact=True).fill("journal")
    page.get_by_label("Kind").select_option("log")
    part(page, "submit").click()
    row = part(page, "receivers").locator("tr", has_text="journal")
    row.get_by_role("button", name="Test").click()
    expect(row.locator("[data-testid=trial]")).to_contain_text("it was taken")
    watched.assert_clean(system.url)


def test_a_source_is_tried_added_and_removed(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/sources")
    part(page, "add-source").click()
    expect(part(page, "submit")).to_be_disabled()
    page.get_by_label("Name", exact=True).fill("here")
    part(page, "source-kind").select_option("host")
    page.get_by_label("Asked every").fill("1d")
    page.get_by_label("Tags of every series").fill(f"site={HOSTILE.replace(',', ' ')}")
    part(page, "try-source").click()
    expect(part(page, "source-preview")).to_contain_text("samples of")
    part(page, "submit").click()
    row = part(page, "sources").locator("tr", has_text="here")
    assert system.get("sources/here")["settings"]["every"] == "1d"
    row.get_by_role("button", name="Change").click()
    expect(page.get_by_label("Asked every")).to_have_value("1d")
    page.keyboard.press("Escape")
    row.get_by_role("button", name="Remove").click()
    part(page, "submit").click()
    expect(page.get_by_text("No source is polled.")).to_be_visible()
    watched.assert_clean(system.url)


def test_a_mute_says_what_it_hits_and_is_ended(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/mutes")
    expect(part(page, "mutes")).to_contain_text(HOSTILE)
    part(page, "add-mute").click()
    expect(part(page, "submit")).to_be_disabled()  # everything, and without a reason
    page.get_by_label("Metric").fill("shop.*")
    expect(part(page, "hits")).to_contain_text("Hits 1 series, and 1 open incident")
    page.get_by_label("Reason").fill("stocktaking")
    page.get_by_label("Stop learning").check()
    part(page, "submit").click()
    row = part(page, "mutes").locator("tr", has_text="stocktaking")
    expect(row).to_contain_text("learning stopped")
    row.get_by_role("button", name="End").click()
    part(page, "submit").click()
    expect(part(page, "mutes")).not_to_contain_text("stocktaking")
    watched.assert_clean(system.url)


def test_calendar_team_person_and_token(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/calendars")
    part(page, "add-calendar").click()
    page.get_by_label("Name", exact=True).fill("Dutch days")
    page.get_by_label("Holidays of").fill("NL")
    page.get_by_label("Metric").fill("shop.*")
    part(page, "submit").click()
    expect(part(page, "calendars")).to_contain_text("holidays of NL")

    page.goto(f"{system.url}/#/settings/teams")
    part(page, "add-team").click()
    page.get_by_label("Name", exact=True).fill("data")
    page.get_by_label("Rules").fill("table=customers")
    part(page, "submit").click()
    expect(part(page, "teams")).to_contain_text("table=customers")

    page.goto(f"{system.url}/#/settings/people")
    part(page, "add-user").click()
    page.get_by_label("Name", exact=True).fill("bob")
    part(page, "dialog").get_by_label("Team").fill("data")
    part(page, "submit").click()
    expect(part(page, "users")).to_contain_text("bob")

    page.goto(f"{system.url}/#/settings/tokens")
    part(page, "add-token").click()
    page.get_by_label("Name", exact=True).fill("pipeline")
    part(page, "submit").click()
    text = part(page, "token").inner_text()
    assert text.startswith("wk")
    page.get_by_role("button", name="Done").click()
    expect(part(page, "tokens")).to_contain_text("pipeline")
    expect(page.locator("body")).not_to_contain_text(text)

    page.goto(f"{system.url}/#/settings/audit")
    expect(part(page, "audit")).to_contain_text("token created")
    watched.assert_clean(system.url)


def test_a_link_is_declared_and_taken_back(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/topology")
    expect(part(page, "no-edges")).to_be_visible()
    part(page, "add-link").click()
    page.get_by_label("This").fill("customer_age.*")
    page.get_by_label("Feeds").fill("shop.conversion")
    part(page, "submit").click()
    expect(part(page, "lineage")).to_contain_text("customer_age.*")
    (link,) = system.get("lineage")["links"]
    assert (link["upstream"], link["downstream"]) == ("customer_age.*", "shop.conversion")
    part(page, "lineage").get_by_role("button", name="Remove").click()
    expect(part(page, "lineage")).to_contain_text("None so far")
    watched.assert_clean(system.url)


def test_health_names_shards_and_limits(watched: Watched, system: Desk) -> None:
    page = watched.page
    page.goto(f"{system.url}/#/settings/health")
    expect(part(page, "shards").locator("tbody tr")).to_have_count(2)
    expect(part(page, "limits")).to_contain_text("series_max")
    watched.assert_clean(system.url)
