"""Every hostile answer of what is asked: what is kept of it, or what the source says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from collectors.promql import PromqlSource
from collectors.promql_settings import PromqlSettings
from collectors.pulled import Source, SourceFailed
from collectors.scrape import ScrapeSource
from collectors.scrape_settings import ScrapeSettings
from tests.fakes import NOW_MS
from tests.fakes.listening import listening
from tests.hostile import promql, scrape
from tests.hostile.case import Page


class Answering:
    """Answers everything with one page."""

    def __init__(self) -> None:
        self.page = Page("", b"")
        self.address = ""


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    one = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(one.page.status)
            for name, value in one.page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(one.page.body)

        def log_message(self, *_: object) -> None: ...

    with listening(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as one.address:
        yield one


def check(source: Source, page: Page) -> None:
    try:
        if page.fails:
            with pytest.raises(SourceFailed, match=re.escape(page.fails)) as failed:
                source.read(NOW_MS - 60_000, NOW_MS)
            assert len(str(failed.value)) < 500
            return
        found = source.read(NOW_MS - 60_000, NOW_MS)
    finally:
        source.close()
    assert len(found.batch) == page.kept
    assert {reject.reason: reject.count for reject in found.rejects} == page.reasons


@pytest.mark.parametrize("page", scrape.cases(), ids=str)
def test_hostile_page(answering: Answering, page: Page) -> None:
    answering.page = page
    said: dict[str, Any] = {"name": "shop", "targets": [answering.address], "timeout": "5s"}
    settings = ScrapeSettings.model_validate(said | {"samples_max": 100, "body_bytes_max": 65_536})
    check(ScrapeSource(settings, str), page)


@pytest.mark.parametrize("page", promql.cases(), ids=str)
def test_hostile_answer(answering: Answering, page: Page) -> None:
    answering.page = page
    said: dict[str, Any] = {"name": "prom", "url": f"http://{answering.address}", "bucket": "1m"}
    said |= {"series_max": 10, "body_bytes_max": 65_536, "query": [{"expr": "m"}], "timeout": "5s"}
    check(PromqlSource(PromqlSettings.model_validate(said), str), page)
