"""Remote-write messages by the reference protobuf library, from the published definitions.

1.0: ``prompb/remote.proto`` and ``types.proto``; 2.0: ``prompb/io/prometheus/write/v2/types.proto`` of
prometheus/prometheus. No package of the registry has the second, so both are declared here, every field;
of 2.0 those of all its release candidates (the created timestamp of a series became start timestamps).
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "string": _Field.TYPE_STRING,
    "double": _Field.TYPE_DOUBLE,
    "int64": _Field.TYPE_INT64,
    "uint64": _Field.TYPE_UINT64,
    "uint32": _Field.TYPE_UINT32,
    "sint32": _Field.TYPE_SINT32,
    "sint64": _Field.TYPE_SINT64,
    "enum": _Field.TYPE_INT32,
}


def _classes(package: str, messages: dict[str, list[tuple[str, int, str, bool]]]) -> dict[str, Any]:
    """Message classes of one package: fields as (name, number, type, repeated)."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, members in messages.items():
        message = file.message_type.add(name=name)
        for field, number, kind, repeated in members:
            label = _Field.LABEL_REPEATED if repeated else _Field.LABEL_OPTIONAL
            one = message.field.add(name=field, number=number, label=label)
            if kind in _TYPES:
                one.type = _TYPES[kind]
            else:
                one.type, one.type_name = _Field.TYPE_MESSAGE, f".{package}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in messages
    }


_HISTOGRAM = [
    ("count_int", 1, "uint64", False),
    ("count_float", 2, "double", False),
    ("sum", 3, "double", False),
    ("schema", 4, "sint32", False),
    ("zero_threshold", 5, "double", False),
    ("zero_count_int", 6, "uint64", False),
    ("zero_count_float", 7, "double", False),
    ("negative_spans", 8, "BucketSpan", True),
    ("negative_deltas", 9, "sint64", True),
    ("negative_counts", 10, "double", True),
    ("positive_spans", 11, "BucketSpan", True),
    ("positive_deltas", 12, "sint64", True),
    ("positive_counts", 13, "double", True),
    ("reset_hint", 14, "enum", False),
    ("timestamp", 15, "int64", False),
    ("custom_values", 16, "double", True),
]
_SPAN = [("offset", 1, "sint32", False), ("length", 2, "uint32", False)]

_V1 = _classes(
    "prometheus",
    {
        "WriteRequest": [("timeseries", 1, "TimeSeries", True), ("metadata", 3, "MetricMetadata", True)],
        "TimeSeries": [
            ("labels", 1, "Label", True),
            ("samples", 2, "Sample", True),
            ("exemplars", 3, "Exemplar", True),
            ("histograms", 4, "Histogram", True),
        ],
        "Label": [("name", 1, "string", False), ("value", 2, "string", False)],
        "Sample": [("value", 1, "double", False), ("timestamp", 2, "int64", False)],
        "Exemplar": [
            ("labels", 1, "Label", True),
            ("value", 2, "double", False),
            ("timestamp", 3, "int64", False),
        ],
        "Histogram": _HISTOGRAM,
        "BucketSpan": _SPAN,
        "MetricMetadata": [
            ("type", 1, "enum", False),
            ("metric_family_name", 2, "string", False),
            ("help", 4, "string", False),
            ("unit", 5, "string", False),
        ],
    },
)
_V2 = _classes(
    "io.prometheus.write.v2",
    {
        "Request": [("symbols", 4, "string", True), ("timeseries", 5, "TimeSeries", True)],
        "TimeSeries": [
            ("labels_refs", 1, "uint32", True),
            ("samples", 2, "Sample", True),
            ("histograms", 3, "Histogram", True),
            ("exemplars", 4, "Exemplar", True),
            ("metadata", 5, "Metadata", False),
            ("created_timestamp", 6, "int64", False),
        ],
        "Sample": [
            ("value", 1, "double", False),
            ("timestamp", 2, "int64", False),
            ("start_timestamp", 3, "int64", False),
        ],
        "Exemplar": [
            ("labels_refs", 1, "uint32", True),
            ("value", 2, "double", False),
            ("timestamp", 3, "int64", False),
        ],
        "Histogram": [*_HISTOGRAM, ("start_timestamp", 17, "int64", False)],
        "BucketSpan": _SPAN,
        "Metadata": [
            ("type", 1, "enum", False),
            ("help_ref", 3, "uint32", False),
            ("unit_ref", 4, "uint32", False),
        ],
    },
)

WriteRequest: Any = _V1["WriteRequest"]
Request: Any = _V2["Request"]

Labels = list[tuple[str, str]]
Series = tuple[Labels, list[tuple[int, float]]]


def version_1(series: list[Series]) -> bytes:
    """A message of these series: labels, and samples as (ts_ms, value)."""
    request = WriteRequest()
    for labels, samples in series:
        one = request.timeseries.add()
        for name, text in labels:
            one.labels.add(name=name, value=text)
        for ts_ms, value in samples:
            one.samples.add(timestamp=ts_ms, value=value)
    return bytes(request.SerializeToString())


def version_2(series: list[Series]) -> bytes:
    """The same as a message of version 2.0, each text once."""
    request = Request()
    symbols = {"": 0}
    for labels, samples in series:
        one = request.timeseries.add()
        for label in labels:
            one.labels_refs.extend(symbols.setdefault(text, len(symbols)) for text in label)
        for ts_ms, value in samples:
            one.samples.add(timestamp=ts_ms, value=value)
    request.symbols.extend(symbols)
    return bytes(request.SerializeToString())
