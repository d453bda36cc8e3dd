"""Debian's Prometheus, unchanged: it scrapes itself and this machine, and writes to a real server."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from tests.docs.tables import ROOT, section
from tests.faults.serving import Server

PAGE = ROOT / "docs" / "sources" / "remote-write.md"
pytestmark = pytest.mark.skipif(shutil.which("prometheus") is None, reason="no prometheus on PATH")


def configuration(server: Server, own: str, node: str) -> str:
    """As the page shows it, with this server's address, and Prometheus itself and a node as targets."""
    shown = section(PAGE, "## Prometheus").split("```yaml\n")[1].split("```")[0]
    assert "http://127.0.0.1:8321" in shown
    scrape = "scrape_configs:\n" + "".join(
        f"  - job_name: {job}\n    static_configs:\n      - targets: ['{target}']\n"
        for job, target in (("self", own), ("node", node))
    )
    soon = "    queue_config:\n      batch_send_deadline: 200ms\n"
    written = shown.replace("http://127.0.0.1:8321", server.url) + soon
    return f"global:\n  scrape_interval: 1s\n{scrape}{written}"


@pytest.fixture
def node() -> Iterator[str]:
    """What this machine says of itself, as a node's exporter shows it; the address."""
    registry = CollectorRegistry()
    load = Gauge("node_load1", "of one minute", registry=registry)
    load.set_function(lambda: float(Path("/proc/loadavg").read_text().split()[0]))
    memory = Gauge("node_memory_MemAvailable_bytes", "bytes", registry=registry)
    memory.set_function(lambda: _meminfo("MemAvailable"))
    serving, thread = start_http_server(0, "127.0.0.1", registry)
    yield f"127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()
    thread.join()


def _meminfo(name: str) -> float:
    lines = Path("/proc/meminfo").read_text().splitlines()
    (found,) = (line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return float(found) * 1_024


@pytest.fixture
def prometheus(server: Server, node: str, tmp_path: Path, free_port: int) -> Iterator[str]:
    own = f"127.0.0.1:{free_port}"
    (tmp_path / "prometheus.yml").write_text(configuration(server, own, node))
    command = ["prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]
    with (tmp_path / "words.txt").open("wb") as words:
        process = subprocess.Popen(
            [*command, f"--web.listen-address={own}"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=words, stderr=words,
        )  # fmt: skip
        try:
            yield f"http://{own}"
        finally:
            process.terminate()
            process.wait(30)


def own_metric(url: str, name: str) -> float:
    lines = httpx2.get(f"{url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + "{"))


def test_prometheus_writes_what_it_scrapes(server: Server, prometheus: str, node: str) -> None:
    until = time.monotonic() + 60
    found: list[str] = []
    while time.monotonic() < until:
        found = [one["series"] for one in server.items("series", metric="up")]
        try:
            if len(found) == 2 and own_metric(prometheus, "prometheus_remote_storage_samples_total") > 300:
                break
        except httpx2.TransportError:
            pass
        time.sleep(0.2)
    targets = {node: "node", prometheus[7:]: "self"}
    assert set(found) == {f"up{{instance={target},job={job}}}" for target, job in targets.items()}
    for metric in ("node_load1", "node_memory_MemAvailable_bytes"):
        (series,) = server.items("series", metric=metric)
        assert series["tags"] == {"instance": node, "job": "node"}
    # Everything went through: nothing refused, though summaries without observations send NaN.
    assert own_metric(prometheus, "prometheus_remote_storage_samples_failed_total") == 0
    assert own_metric(prometheus, "prometheus_remote_storage_samples_dropped_total") == 0
    quantiles = server.items("series", metric="prometheus_engine_query_duration_seconds_count")
    assert quantiles
    assert server.items("series", q="le=0.1")
