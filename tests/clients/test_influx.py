"""InfluxDB's official Python client, unchanged, as the page shows it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.docs.tables import ROOT, section
from tests.faults.serving import Server

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "sources" / "influx.md"


def test_the_example_of_the_page(server: Server) -> None:
    shown = section(PAGE, "## Python").split("```python\n")[1].split("```")[0]
    exec(shown.replace("http://127.0.0.1:8321", server.url), {})
    server.settled()
    assert [one["tags"] for one in server.items("series", metric="checkout_orders")] == [{"country": "NL"}]
    assert server.items("series", metric="checkout")


def test_batches_of_many_points_and_what_is_refused(server: Server) -> None:
    from influxdb_client import InfluxDBClient, Point, WriteOptions
    from influxdb_client.client.write_api import SYNCHRONOUS
    from influxdb_client.rest import ApiException

    failures: list[Any] = []
    with InfluxDBClient(url=server.url, token="t", org="o", enable_gzip=True) as client:
        with client.write_api(
            write_options=WriteOptions(batch_size=500, flush_interval=1_000),
            error_callback=lambda *told: failures.append(told),
        ) as batching:
            points = (Point("load").tag("host", f"h{i % 50}").field("one", float(i)) for i in range(2_000))
            batching.write(bucket="b", record=points)
        with pytest.raises(ApiException) as refused:
            client.write_api(write_options=SYNCHRONOUS).write(bucket="b", record="load one=x")
    assert not failures
    assert refused.value.status == 400
    assert "line 1: bad_value: x" in refused.value.message
    server.settled()
    assert len(server.items("series", metric="load_one")) == 50
