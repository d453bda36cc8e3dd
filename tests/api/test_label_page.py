"""The page behind a label link, behind the guard that stands before every page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx2
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.label_page import Record, label_routes
from monitor.alerting.label_links import LabelLink, LabelLinks
from monitor.domain.audit import Deed
from monitor.domain.errors import NotFound
from tests.fakes import fake_monitor

HOSTILE = "<script>alert(1)</script>\u202e\r\nx"
LINK = LabelLink("inc-1", "false alarm", "on-call", 1_000)


@dataclass
class FakeLabels:
    kept: list[tuple[str, str, str]] = field(default_factory=list)

    def title(self, incident: str) -> str:
        if incident != "inc-1":
            raise NotFound("no incident")
        return HOSTILE

    def set(self, incident: str, label: str, user: str, record: Record) -> None:
        record("label:1", {"label": label})
        self.kept.append((incident, label, user))


@dataclass
class Site:
    http: TestClient
    links: LabelLinks
    labels: FakeLabels
    deeds: list[Deed]
    now: list[int]

    def path(self, link: LabelLink = LINK) -> str:
        return self.links.url(link).removeprefix("https://localhost")


@pytest.fixture
def site() -> Iterator[Site]:
    monitor, _, _ = fake_monitor()
    monitor.start()
    now, labels, deeds = [0], FakeLabels(), list[Deed]()
    links = LabelLinks(b"k" * 32, "https://localhost", lambda: now[0])
    app = create_app(monitor)
    app.router.routes[:0] = label_routes(links, labels, deeds.append)
    with TestClient(app, base_url="http://localhost") as http:
        yield Site(http, links, labels, deeds, now)
    monitor.stop()


def test_looking_changes_nothing_and_sending_sets_one_label(site: Site) -> None:
    shown = site.http.get(site.path())
    assert shown.status_code == 200
    assert "false alarm" in shown.text
    assert "link:on-call" in shown.text
    assert (site.labels.kept, site.deeds) == ([], [])
    assert site.http.post(site.path()).status_code == 200
    assert site.labels.kept == [("inc-1", "false alarm", "link:on-call")]
    (deed,) = site.deeds
    assert (deed.actor, deed.action, deed.object) == ("link:on-call", "label set by a link", "label:1")


def strict(answer: httpx2.Response) -> bool:
    policy = answer.headers["content-security-policy"]
    return "default-src 'none'" in policy and "frame-ancestors 'none'" in policy


def test_names_are_text_and_there_is_no_script(site: Site) -> None:
    for answer in (site.http.get(site.path()), site.http.post(site.path()), site.http.get("/label/x")):
        assert "<script" not in answer.text
        assert "\u202e" not in answer.text
        assert strict(answer)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


def test_what_is_no_link_or_has_expired_sets_nothing(site: Site) -> None:
    path = site.path()
    gone = site.path(LabelLink("inc-2", "true", "on-call", 1_000))
    for one in (path[:-1], path + "x", "/label/x.y", gone):
        assert site.http.get(one).status_code == 404
        assert site.http.post(one).status_code == 404
    site.now[0] = 1_000
    assert "expired" in site.http.post(path).text
    assert site.labels.kept == []


def test_another_page_may_not_send_the_form(site: Site) -> None:
    answer = site.http.post(site.path(), headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert site.labels.kept == []
