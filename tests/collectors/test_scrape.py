"""Scraping a real exporter: its tags, types and limits; and a target that fails beside one that does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from collectors.base import Decoded
from collectors.pulled import SourceFailed
from collectors.scrape import ScrapeSource
from collectors.scrape_settings import ScrapeSettings
from monitor.domain.series import Identity
from tests.fakes.listening import listening

NOW = 1_767_225_600_000


class Exporter:
    """`prometheus_client`'s own server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.orders = Counter("orders", "o", ["country", "job"], registry=self.registry)
        self.depth = Gauge("depth", "d", registry=self.registry)
        self.server, self.thread = start_http_server(0, "127.0.0.1", self.registry)
        self.address = f"127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def served() -> Iterator[Exporter]:
    exporter = Exporter()
    yield exporter
    exporter.stop()


@pytest.fixture
def exporter(served: Exporter) -> Exporter:
    served.orders.clear()
    served.orders.labels("NL", "web").inc(3)
    return served


def source(*targets: str, secret: str = "", resolve: Any = None, **changed: Any) -> ScrapeSource:
    said = {"name": "shop", "targets": list(targets), "timeout": "1s"} | changed
    settings = ScrapeSettings.model_validate(said)
    return ScrapeSource(settings, lambda _: secret, *([] if resolve is None else [resolve]))


def values(found: Decoded) -> dict[str, float]:
    batch = found.batch
    return {
        str(Identity.from_canonical(batch.identities[number])): value
        for number, value in zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True)
    }


def test_an_exporter_as_users_know_it(exporter: Exporter) -> None:
    asked = source(exporter.address, tags={"site": "north"})
    found = values(asked.read(NOW - 1, NOW))
    tags = f"instance={exporter.address},job=shop,site=north"
    assert found[f"depth{{{tags}}}"] == 0
    assert found[f"orders_total{{country=NL,exported_job=web,{tags}}}"] == 3
    assert asked.counters() == {"orders_total"}
    assert asked.parts() == {exporter.address: ""}
    asked.close()


def test_what_vanishes_is_missing_and_never_zero(exporter: Exporter) -> None:
    asked = source(exporter.address)
    exporter.orders.labels("DE", "web").inc()
    assert sum("orders_total" in name for name in values(asked.read(NOW - 1, NOW))) == 2
    exporter.orders.remove("NL", "web")
    found = [name for name in values(asked.read(NOW, NOW + 1)) if "orders_total" in name]
    assert len(found) == 1
    assert "country=DE" in found[0]
    assert not any("NL" in written for one in asked._targets.values() for written in one.known)
    asked.close()


def test_rules(exporter: Exporter) -> None:
    rules = [
        {"action": "keep", "tag": "__name__", "matches": "orders_.*"},
        {"action": "drop", "tag": "__name__", "matches": ".*_created"},
        {"action": "rename", "tag": "country", "to": "land"},
        {"action": "set", "tag": "instance", "value": ""},
        {"action": "set", "tag": "__name__", "value": "shop.orders"},
    ]
    asked = source(exporter.address, relabel=rules)
    assert values(asked.read(NOW - 1, NOW)) == {"shop.orders{exported_job=web,job=shop,land=NL}": 3.0}
    assert asked.counters() == {"shop.orders"}
    asked.close()


def test_a_target_fails_alone_and_a_source_as_a_whole(exporter: Exporter, free_port: int) -> None:
    gone = f"127.0.0.1:{free_port}"
    asked = source(exporter.address, gone)
    assert values(asked.read(NOW - 1, NOW))
    assert asked.parts()[exporter.address] == ""
    assert "no answer" in asked.parts()[gone]
    asked.close()
    alone = source(gone)
    with pytest.raises(SourceFailed, match="no answer"):
        alone.read(NOW - 1, NOW)
    alone.close()


def test_names_are_asked_each_time(exporter: Exporter) -> None:
    known = {"shop.example": ["127.0.0.1"]}

    def resolve(name: str, port: int) -> list[str]:
        if name not in known:
            raise OSError("no such name")
        return known[name]

    port = exporter.address.partition(":")[2]
    asked = source(dns=[f"shop.example:{port}"], targets=[], resolve=resolve)
    assert values(asked.read(NOW - 1, NOW))
    assert list(asked.parts()) == [exporter.address]
    known["shop.example"] = ["127.0.0.1", "127.0.0.2"]
    asked.read(NOW - 1, NOW)
    assert list(asked.parts()) == [exporter.address, f"127.0.0.2:{port}"]
    known.clear()
    with pytest.raises(SourceFailed, match="cannot be resolved"):
        asked.read(NOW - 1, NOW)
    asked.close()


class Bad(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self) -> None:
        if self.path == "/token" and self.headers["authorization"] != "Bearer hidden":
            self.send_error(401)
            return
        if self.path == "/login" and self.headers["authorization"] != "Basic YW5uOmhpZGRlbg==":
            self.send_error(401)
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "/token")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        if self.path == "/packed":
            self.send_header("content-encoding", "gzip")
        self.end_headers()
        if self.path == "/drips":
            try:
                for _ in range(15):
                    self.wfile.write(b"#\n")
                    time.sleep(0.1)
            except OSError:
                return
        elif self.path == "/long":
            self.wfile.write(b"# " + b"x" * 4_000)
        elif self.path == "/broken":
            self.wfile.write(b"good 1\nthis is no line\n")
        elif self.path == "/odd":
            self.wfile.write(b'a NaN\nb +Inf\nc 1 1767225540000\nd{x="\x07"} 1\n')
        else:
            self.wfile.write(b"a 1\nb 1\n")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def bad() -> Iterator[str]:
    with listening(ThreadingHTTPServer(("127.0.0.1", 0), Bad)) as address:
        yield address


@pytest.mark.parametrize(
    ("path", "changed", "told"),
    [
        pytest.param("/drips", {}, "no whole answer in 1 s", marks=pytest.mark.slow),
        ("/long", {"body_bytes_max": 2_000}, "longer than 2000 bytes"),
        ("/packed", {}, "compressed"),
        ("/broken", {}, "line 2 is no sample"),
        ("/token", {}, "answers 401"),
        ("/away", {"token": "env:X"}, "answers 302"),
        ("/", {"samples_max": 1}, "more than 1 samples"),
    ],
)
def test_what_is_no_answer(bad: str, path: str, changed: dict[str, Any], told: str) -> None:
    asked = source(bad, path=path, secret="hidden", **changed)
    with pytest.raises(SourceFailed, match=told) as failed:
        asked.read(NOW - 1, NOW)
    assert "hidden" not in str(failed.value)
    asked.close()


@pytest.mark.parametrize(
    ("path", "said", "secret"), [("/token", "token", "hidden"), ("/login", "login", "ann:hidden")]
)
def test_secrets_travel_in_the_header(bad: str, path: str, said: str, secret: str) -> None:
    asked = source(bad, path=path, secret=secret, **{said: "env:X"})
    assert len(asked.read(NOW - 1, NOW).batch) == 2
    asked.close()


def test_odd_values_and_times(bad: str) -> None:
    asked = source(bad, path="/odd")
    found = asked.read(NOW - 1, NOW)
    assert found.batch.ts_ms.tolist() == [NOW - 60_000]
    assert {reject.reason: reject.count for reject in found.rejects} == {"not_finite": 1, "bad_name": 1}
    assert found.aside == {"missing_value": 1}
    asked.close()
