"""The login page and the page behind it, in a real browser against the real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from api.access.access import Access
from monitor.domain.access import Role
from monitor.settings import AccessSettings, SignOn
from tests.api.access.conftest import PASSWORD, QUICK, SECURED, TESTS
from tests.api.access.provider import CLIENT, SECRET, Provider
from tests.browser.conftest import Watched
from tests.browser.live import serving
from tests.browser.test_page import part
from tests.fakes import fake_monitor, storm_incident

pytestmark = pytest.mark.browser


@pytest.fixture
def secured() -> Iterator[tuple[str, Access]]:
    monitor, _, story = fake_monitor(SECURED.model_copy(update={"port": 0}))
    story.kept.append(storm_incident())
    access = Access(monitor.settings, monitor.accounts, QUICK)
    access.users.put("ann", Role.RESPONDER, TESTS, password=PASSWORD)
    with serving(monitor, access) as url:
        yield url, access


def test_a_person_logs_in_looks_and_logs_out(watched: Watched, secured: tuple[str, Access]) -> None:
    url, access = secured
    page = watched.page
    page.goto(url)
    expect(page.get_by_role("heading", name="Watchkeeper")).to_be_visible()
    expect(page).to_have_title("Log in · Watchkeeper")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "login.png")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    if folder:
        page.screenshot(path=Path(folder) / "login-wrong.png")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(part(page, "incident")).to_have_count(1)
    expect(part(page, "status")).to_contain_text("live")
    expect(part(page, "auth-off")).to_have_count(0)
    expect(part(page, "person")).to_contain_text("ann")
    if folder:
        page.screenshot(path=Path(folder) / "inside.png")
    part(page, "log-out").click()
    expect(page).to_have_url(f"{url}/login")
    assert access.sessions._known == {}
    page.goto(url)
    expect(page).to_have_title("Log in · Watchkeeper")
    # 401 is what the browser's console tells of, and the test has asked for it.
    watched.complaints = [text for text in watched.complaints if "401" not in text]
    watched.assert_clean(url)


def test_a_session_that_ends_leads_to_the_login(watched: Watched, secured: tuple[str, Access]) -> None:
    url, access = secured
    page = watched.page
    page.goto(f"{url}/login")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(part(page, "incident")).to_have_count(1)
    place = f"#/incident/{storm_incident().id}"
    page.goto(f"{url}/{place}")
    expect(part(page, "suspects")).to_be_visible()
    access.sessions.forget_user("ann")
    expect(page).to_have_url(f"{url}/login?ended=1{place}")  # the next poll, in five seconds at most
    expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("SCREENSHOTS"):
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=Path(folder) / "login-phone.png")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill("not it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Wrong name or password.")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(part(page, "suspects")).to_be_visible()  # where it was
    assert page.url == f"{url}/{place}"


def test_an_incident_that_was_linked_is_shown_after_the_login(
    watched: Watched, secured: tuple[str, Access]
) -> None:
    url, _ = secured
    page = watched.page
    page.goto(f"{url}/#/incident/{storm_incident().id}")
    expect(page).to_have_title("Log in · Watchkeeper")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(part(page, "suspects")).to_be_visible()


def test_single_sign_on_leads_back_to_what_was_linked(
    watched: Watched, tmp_path: Path, free_port: int
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    with Provider() as provider:
        sso = SignOn(
            issuer=provider.issuer,
            client_id=CLIENT,
            client_secret_file=str(tmp_path / "secret"),
            redirect_url=f"http://127.0.0.1:{free_port}/login/sso/done",
            roles={"ops": Role.RESPONDER},
        )
        settings = SECURED.model_copy(update={"port": free_port, "access": AccessSettings(sso=sso)})
        monitor, _, story = fake_monitor(settings)
        story.kept.append(storm_incident())
        place = f"#/incident/{storm_incident().id}"
        with serving(monitor, Access(settings, monitor.accounts, QUICK), free_port) as url:
            page = watched.page
            page.goto(f"{url}/{place}")
            page.get_by_role("link", name="Single sign-on").click()
            expect(part(page, "suspects")).to_be_visible()
            assert page.url == f"{url}/{place}"
            part(page, "log-out").click()
            expect(page).to_have_url(f"{url}/login")
            page.goto(url)  # once only
            page.get_by_role("link", name="Single sign-on").click()
            expect(part(page, "incident")).to_have_count(1)
