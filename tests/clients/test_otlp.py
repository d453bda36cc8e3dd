"""OpenTelemetry's SDK for Python, unchanged, as the page shows it."""

from __future__ import annotations

from tests.docs.tables import ROOT, section
from tests.faults.serving import Server

PAGE = ROOT / "docs" / "sources" / "otlp.md"


def test_the_example_of_the_page(server: Server) -> None:
    shown = section(PAGE, "## Python").split("```python\n")[1].split("```")[0]
    exec(shown.replace("http://127.0.0.1:8321", server.url), {})
    server.settled()
    tags = {"country": "NL", "service.name": "shop", "service.instance.id": "shop-1"}
    names = ["orders", "latency.count", "latency.sum", "latency.min", "latency.max"]
    for name in names:
        assert tags in [one["tags"] for one in server.items("series", metric=name)]
