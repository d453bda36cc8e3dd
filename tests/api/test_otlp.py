"""What an OpenTelemetry exporter is told, in its own messages."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import Parse
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from monitor.domain.errors import Overloaded
from tests.api.conftest import App
from tests.hostile.otlp import JSON, PATH, PROTOBUF, gauge, number
from tests.reference.otlp import as_json, request_of


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
def test_partial_success_in_the_encoding_of_the_request(app: App, headers: dict[str, str]) -> None:
    request = request_of([gauge(number(), number(at_ns=0), number(at_ns=0))])
    body = as_json(request) if headers is JSON else request.SerializeToString()
    answer = app.http.post(PATH, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, headers["Content-Type"])
    said = ExportMetricsServiceResponse()
    if headers is JSON:
        Parse(answer.content, said)
    else:
        said.ParseFromString(answer.content)
    assert said.partial_success.rejected_data_points == 2
    assert (
        said.partial_success.error_message == "refused: 2 bad_timestamp. bad_timestamp: 0; bad_timestamp: 0"
    )
    assert len(app.engine.submitted[0].batch) == 1


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
def test_full_success_says_nothing(app: App, headers: dict[str, str]) -> None:
    request = request_of([gauge(number())])
    body = as_json(request) if headers is JSON else request.SerializeToString()
    for _ in range(2):
        answer = app.http.post(PATH, content=body, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"{}" if headers is JSON else b"")
    assert len(app.engine.submitted) == 1


@pytest.mark.parametrize("headers", [PROTOBUF, JSON])
def test_a_refusal_is_a_status_in_the_encoding_of_the_request(app: App, headers: dict[str, str]) -> None:
    answer = app.http.post(PATH, content=b"\xff", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, headers["Content-Type"])
    said = Status()
    if headers is JSON:
        Parse(answer.content, said)
    else:
        said.ParseFromString(answer.content)
    assert said.code == 3
    assert "ExportMetricsServiceRequest" in said.message


def test_trouble_is_503_and_worth_a_retry(app: App) -> None:
    app.engine.fail = [Overloaded("full", 7)]
    body = request_of([gauge(number())]).SerializeToString()
    answer = app.http.post(PATH, content=body, headers=PROTOBUF)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
    assert Status.FromString(answer.content) == Status(code=14, message="full")
