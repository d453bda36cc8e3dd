"""A real Prometheus: asked by PromQL, and scraped."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from collectors.promql import PromqlSource
from collectors.promql_settings import PromqlSettings
from collectors.pulled import SourceFailed
from collectors.scrape import ScrapeSource
from collectors.scrape_settings import ScrapeSettings
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity
from tests.sources.outage import LENGTH, start_ms
from tests.sources.prometheus import Prometheus

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool on PATH"),
]

START = start_ms()
LEVELS = np.random.default_rng(8).normal(20, 1, LENGTH).round(6)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), port)
    lines = ["# TYPE depth gauge"]
    for queue, factor in (("a", 1), ("b", 2)):
        for minute, level in enumerate(LEVELS.tolist()):
            lines.append(f'depth{{queue="{queue}"}} {factor * level} {START // 1_000 + 60 * minute}')
    lines.append("# TYPE orders counter")
    lines += [f"orders_total {60 * minute} {START // 1_000 + 60 * minute}" for minute in range(LENGTH)]
    prometheus.fill(lines)
    prometheus.start()
    yield prometheus
    prometheus.stop()


def source(url: str, *exprs: str, **changed: Any) -> PromqlSource:
    query = [{"expr": expr, "metric": f"q{i}"} for i, expr in enumerate(exprs)]
    said = {"name": "shop", "url": url, "bucket": "1m", "query": query} | changed
    return PromqlSource(PromqlSettings.model_validate(said), lambda _: "")


def test_values_bear_the_servers_times(prometheus: Prometheus) -> None:
    asked = source(prometheus.url, "sum(depth)", "rate(orders_total[5m])", tags={"site": "north"})
    batch = asked.read(START + 10 * MINUTE_MS, START + 20 * MINUTE_MS).batch
    names = {number: str(Identity.from_canonical(text)) for number, text in batch.identities.items()}
    assert set(names.values()) == {"q0{site=north}", "q1{site=north}"}
    first = [names[number].startswith("q0") for number in batch.fingerprint.tolist()]
    assert batch.ts_ms[first].tolist() == [START + minute * MINUTE_MS for minute in range(10, 20)]
    assert np.allclose(batch.value[first], 3 * LEVELS[10:20])
    assert np.allclose(batch.value[~np.array(first)], 1)
    asked.close()


def test_names_and_labels_of_its_own(prometheus: Prometheus) -> None:
    asked = source(prometheus.url, query=[{"expr": '{__name__="depth"}'}])
    batch = asked.read(START, START + MINUTE_MS).batch
    found = {str(Identity.from_canonical(text)) for text in batch.identities.values()}
    assert found == {"depth{queue=a}", "depth{queue=b}"}
    asked.close()


@pytest.mark.parametrize(
    ("expr", "changed", "told"),
    [
        ("sum(", {}, "it answers 400: .*parse error"),
        ("depth", {"series_max": 1}, "2 series, more than 1"),
        ("depth", {"body_bytes_max": 1_024, "chunk_buckets": 100}, "longer than 1024 bytes"),
    ],
)
def test_what_cannot_be_read(prometheus: Prometheus, expr: str, changed: dict[str, Any], told: str) -> None:
    asked = source(prometheus.url, expr, **changed)
    with pytest.raises(SourceFailed, match=told):
        asked.read(START, START + 100 * MINUTE_MS)
    asked.close()


def test_nothing_is_said_of_nothing(prometheus: Prometheus) -> None:
    asked = source(prometheus.url, "none", "orders_total / 0", "0 / (orders_total * 0)")
    assert not len(asked.read(START, START + 10 * MINUTE_MS).batch)
    asked.close()


def test_it_is_scraped(prometheus: Prometheus) -> None:
    settings = ScrapeSettings.model_validate({"name": "self", "targets": [prometheus.address]})
    asked = ScrapeSource(settings, lambda _: "")
    found = asked.read(START, START + MINUTE_MS)
    assert len(found.batch) > 300
    assert not found.rejects
    assert "prometheus_http_requests_total" in asked.counters()
    names = {Identity.from_canonical(text).metric for text in found.batch.identities.values()}
    assert {"go_goroutines", "prometheus_build_info"} <= names
    asked.close()
