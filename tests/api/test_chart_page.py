"""The picture behind a chart link: for whoever has it, for some days, and for one incident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.chart_page import chart_routes
from monitor.alerting.chart_links import DAYS, ChartLinks
from monitor.alerting.label_links import LabelLink, LabelLinks
from monitor.domain.errors import NotFound
from monitor.domain.notice import Picture
from tests.fakes import fake_monitor

PNG = b"\x89PNG\r\n"
SITE = "https://localhost"
NOW = [0]
LINKS = ChartLinks(b"k" * 32, SITE, lambda: NOW[0])


def charts(incident: str) -> tuple[Picture, ...]:
    if incident == "gone":
        raise NotFound("no incident")
    return (Picture("orders", PNG, "orders"),) if incident == "inc-1" else ()


@pytest.fixture
def http() -> Iterator[TestClient]:
    NOW[0] = 0
    monitor, _, _ = fake_monitor()
    monitor.start()
    app = create_app(monitor)
    app.router.routes[:0] = chart_routes(LINKS, charts)
    with TestClient(app, base_url="http://localhost") as client:
        yield client
    monitor.stop()


def test_whoever_has_the_link_sees_the_chart_from_wherever_it_is_shown(http: TestClient) -> None:
    answer = http.get(LINKS.url("inc-1").removeprefix(SITE))
    assert (answer.status_code, answer.content) == (200, PNG)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert http.get("/live").headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("incident", ["gone", "too young"])
def test_where_there_is_nothing_to_draw_that_is_said(http: TestClient, incident: str) -> None:
    assert http.get(LINKS.url(incident).removeprefix(SITE)).status_code == 404


def test_a_link_expires_and_serves_for_nothing_else(http: TestClient) -> None:
    path = LINKS.url("inc-1").removeprefix(SITE)
    assert http.get(path[:-2] + "AA").status_code == 404
    label = LabelLinks(b"k" * 32, SITE, lambda: 0).url(LabelLink("inc-1", "true", "on-call", 5))
    assert http.get(label.replace(f"{SITE}/label/", "/chart/")).status_code == 404
    NOW[0] = DAYS * 86_400_000
    assert http.get(path).status_code == 404


def test_no_link_without_an_address_or_without_a_way_to_draw() -> None:
    assert ChartLinks(b"k" * 32, "", lambda: 0).url("inc-1") == ""
    assert ChartLinks(b"k" * 32, SITE, lambda: 0, drawable=False).url("inc-1") == ""
