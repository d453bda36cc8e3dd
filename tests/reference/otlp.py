"""OTLP requests by the reference package, in protobuf and in JSON."""

from __future__ import annotations

from typing import Any

from google.protobuf.json_format import MessageToJson
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.metrics.v1 import metrics_pb2

pb: Any = metrics_pb2
"""The messages of metrics; not typed, since enumerations are numbers here."""

__all__ = ["ExportMetricsServiceRequest", "as_json", "attribute", "pb", "request_of"]


def attribute(key: str, value: Any) -> KeyValue:
    match value:
        case None:
            return KeyValue(key=key)
        case bool():
            return KeyValue(key=key, value=AnyValue(bool_value=value))
        case int():
            return KeyValue(key=key, value=AnyValue(int_value=value))
        case float():
            return KeyValue(key=key, value=AnyValue(double_value=value))
        case bytes():
            return KeyValue(key=key, value=AnyValue(bytes_value=value))
        case list():
            array = ArrayValue(values=[AnyValue(string_value=str(one)) for one in value])
            return KeyValue(key=key, value=AnyValue(array_value=array))
        case _:
            return KeyValue(key=key, value=AnyValue(string_value=value))


def request_of(metrics: list[Any], resource: dict[str, Any] | None = None) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    one = request.resource_metrics.add()
    one.resource.attributes.extend(attribute(k, v) for k, v in (resource or {}).items())
    one.scope_metrics.add(metrics=metrics).scope.name = "scope"
    return request


def as_json(request: ExportMetricsServiceRequest) -> bytes:
    return str(MessageToJson(request, use_integers_for_enums=True)).encode()
