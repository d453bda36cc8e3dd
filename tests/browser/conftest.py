"""A browser of the machine, and pages that tell what they should not have done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from tests.browser.fake_api import DIST, FakeApi, Server
from tests.browser.live import Desk, desk

expect.set_options(timeout=20_000)  # two cores, and a compiler beside

_WATCH = """
window.violations = [];
document.addEventListener(
  'securitypolicyviolation', e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));
"""


@dataclass
class Watched:
    """A page and what it did beside showing itself."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def on_error(self, error: Any) -> None:
        self.complaints.append(str(error))

    def on_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data":
            self.hosts.add(address.netloc)

    def assert_clean(self, url: str) -> None:
        """Nothing complained, no policy was broken, no foreign script ran, no request left the origin."""
        assert self.complaints == []
        assert self.page.evaluate("window.violations") == []
        assert self.page.evaluate("window.ran") is None
        assert self.hosts == {urlsplit(url).netloc}


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    if not (DIST / "index.html").is_file():
        pytest.skip("the page is not built: make page")
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*arguments, "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, timezone_id="America/New_York", locale="en-GB"
    )
    context.set_default_timeout(15_000)
    context.add_init_script(_WATCH)
    watched = Watched(context.new_page())
    watched.page.on("console", watched.on_console)
    watched.page.on("pageerror", watched.on_error)
    watched.page.on("request", watched.on_request)
    yield watched
    context.close()


@pytest.fixture
def fake() -> Iterator[Server]:
    with Server(FakeApi()) as server:
        yield server


@pytest.fixture
def hostile() -> Iterator[Server]:
    with Server(FakeApi(hostile=True)) as server:
        yield server


@pytest.fixture
def empty() -> Iterator[Server]:
    with Server(FakeApi(empty=True)) as server:
        yield server


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A running system with three open incidents and something of everything that is set."""
    with desk(tmp_path_factory.mktemp("system")) as made:
        made.fail()
        made.furnish()
        yield made
