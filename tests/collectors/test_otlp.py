"""OTLP metrics against the reference package and a slow twin."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.errors import BadRequest, TooManySamples
from collectors.keys import WireKeys
from collectors.otlp import OtlpDecoder, OtlpJsonDecoder
from monitor.domain.series import Identity, fingerprint
from tests.collectors.wire import assert_same, damaged
from tests.naive import otlp as naive
from tests.naive.json_samples import Refused
from tests.reference.otlp import ExportMetricsServiceRequest, as_json, attribute, pb, request_of

NOW_NS = 1_700_000_000_123_456_789
NAMES = st.sampled_from(
    ["m", "http.server.duration", "", "ü", "a\x00", "watchkeeper.x", "service.name", "quantile"]
)
VALUES = st.one_of(
    st.none(),
    st.sampled_from(["", "v", "ü"]),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.just(b"x"),
    st.just(["x"]),
)
ATTRIBUTES = st.lists(st.builds(attribute, NAMES, VALUES), max_size=3)
TIMES = st.sampled_from([NOW_NS, NOW_NS, NOW_NS + 10**9, 0, 999_999, 10**6, 2**64 - 1])
NUMBERS = st.one_of(st.floats(), st.floats(-100, 100))
FLAGS = st.sampled_from([0, 0, 0, 1, 3])
DAMAGE = st.one_of(
    st.sampled_from([b"", b"\x00", b"\x0a", b"\x12", b"\x80", b"\xff" * 9, b"\x08\x7f", b"\x0b", b"\x3a"]),
    st.binary(max_size=3),
)


@st.composite
def number_points(draw: st.DrawFn) -> Any:
    point = pb.NumberDataPoint(time_unix_nano=draw(TIMES), flags=draw(FLAGS), attributes=draw(ATTRIBUTES))
    kind = draw(st.integers(0, 4))
    if kind < 3:
        point.as_double = draw(NUMBERS)
    elif kind == 3:
        point.as_int = draw(st.integers(-(2**63), 2**63 - 1))
    return point


@st.composite
def distributions(draw: st.DrawFn, make: Any) -> Any:
    point = make(time_unix_nano=draw(TIMES), flags=draw(FLAGS), attributes=draw(ATTRIBUTES))
    point.count = draw(st.integers(0, 2**64 - 1))
    for name in ("sum", "min", "max"):
        if draw(st.booleans()):
            setattr(point, name, draw(NUMBERS))
    return point


@st.composite
def summaries(draw: st.DrawFn) -> Any:
    quantiles = draw(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 0.99]), NUMBERS), max_size=3))
    return pb.SummaryDataPoint(
        time_unix_nano=draw(TIMES),
        flags=draw(FLAGS),
        attributes=draw(ATTRIBUTES),
        count=draw(st.integers(0, 9)),
        sum=draw(NUMBERS),
        quantile_values=[pb.SummaryDataPoint.ValueAtQuantile(quantile=q, value=v) for q, v in quantiles],
    )


@st.composite
def metrics(draw: st.DrawFn) -> Any:
    metric = pb.Metric(name=draw(NAMES), unit="ms", description="d")
    kind = draw(st.integers(0, 4))
    if kind == 0:
        metric.gauge.data_points.extend(draw(st.lists(number_points(), max_size=3)))
    elif kind == 1:
        metric.sum.data_points.extend(draw(st.lists(number_points(), max_size=3)))
        metric.sum.aggregation_temporality = draw(st.sampled_from([0, 1, 2]))
    elif kind == 2:
        metric.histogram.data_points.extend(draw(st.lists(distributions(pb.HistogramDataPoint), max_size=2)))
    elif kind == 3:
        points = draw(st.lists(distributions(pb.ExponentialHistogramDataPoint), max_size=2))
        metric.exponential_histogram.data_points.extend(points)
    else:
        metric.summary.data_points.extend(draw(st.lists(summaries(), max_size=2)))
    return metric


@st.composite
def requests(draw: st.DrawFn) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    for _ in range(draw(st.integers(0, 2))):
        one = request.resource_metrics.add()
        one.resource.attributes.extend(draw(ATTRIBUTES))
        for _ in range(draw(st.integers(0, 2))):
            one.scope_metrics.add(metrics=draw(st.lists(metrics(), max_size=3)))
    return request


@settings(max_examples=120)
@given(damaged(requests().map(lambda r: r.SerializeToString()), DAMAGE))
def test_any_bytes_are_answered_as_by_the_naive_twin(body: bytes) -> None:
    decoder = OtlpDecoder(WireKeys(seed=3))
    try:
        expected = naive.decode(body)
    except Refused:
        with pytest.raises(BadRequest):
            decoder.decode(body)
        return
    for _ in range(2):  # the second time its memory is warm
        assert_same(decoder.decode(body, all_identities=True), expected)


@settings(max_examples=60)
@given(requests())
def test_json_says_the_same_as_protobuf(request: ExportMetricsServiceRequest) -> None:
    decoded = OtlpJsonDecoder(WireKeys(seed=3)).decode(as_json(request))
    assert_same(decoded, naive.decode(request.SerializeToString()))


def test_what_becomes_of_each_kind() -> None:
    at = {"time_unix_nano": NOW_NS}
    tags = [attribute("path", "/"), attribute("code", 200), attribute("ok", True)]
    quantile = pb.SummaryDataPoint.ValueAtQuantile(quantile=0.99, value=7.0)
    number = pb.NumberDataPoint(as_int=3, attributes=tags, **at)
    histogram = pb.HistogramDataPoint(count=4, sum=2.5, **at)
    summary = pb.SummaryDataPoint(count=1, sum=7, quantile_values=[quantile], **at)
    told = request_of(
        [
            pb.Metric(name="g", gauge=pb.Gauge(data_points=[number])),
            pb.Metric(name="h", histogram=pb.Histogram(data_points=[histogram])),
            pb.Metric(name="s", summary=pb.Summary(data_points=[summary])),
        ],
        {"service.name": "shop", "process.pid": 7},
    )
    shop = {"service.name": "shop"}
    expected = {
        Identity.of("g", shop | {"path": "/", "code": "200", "ok": "true"}): 3.0,
        Identity.of("h.count", shop): 4.0,
        Identity.of("h.sum", shop): 2.5,
        Identity.of("s.count", shop): 1.0,
        Identity.of("s.sum", shop): 7.0,
        Identity.of("s", shop | {"quantile": "0.99"}): 7.0,
    }
    for decoder, body in (
        (OtlpDecoder(WireKeys(seed=1)), told.SerializeToString()),
        (OtlpJsonDecoder(WireKeys(seed=1)), as_json(told)),
    ):
        batch = decoder.decode(body).batch
        assert dict(zip(batch.fingerprint.tolist(), batch.value.tolist(), strict=True)) == {
            fingerprint(one.canonical()): value for one, value in expected.items()
        }
        assert set(batch.ts_ms.tolist()) == {NOW_NS // 10**6}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"resourceMetrics": {}}',
        b'{"resourceMetrics": [1]}',
        b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": 5}]}]}]}',
        b'{"resourceMetrics": [{"resource": []}]}',
        b"[" * 100_000,
        b'{"resourceMetrics": NaN}',
        b'{"resourceMetrics": "\xff"}',
    ],
)
def test_json_in_another_shape_is_refused_whole(body: bytes) -> None:
    with pytest.raises(BadRequest):
        OtlpJsonDecoder(WireKeys(seed=1)).decode(body)


@pytest.mark.parametrize(
    ("point", "value"),
    [
        ('"asInt": "-7"', -7.0),
        ('"asInt": 7', 7.0),
        ('"asDouble": "1.5"', 1.5),
        ('"asDouble": 2', 2.0),
        ('"asDouble": "NaN"', math.nan),
        ('"asInt": 9223372036854775808', None),
        ('"asInt": "x"', None),
        ('"asInt": true', None),
        ('"asInt": 1.5', None),
        ('"asDouble": true', None),
        ('"asDouble": "1_0"', None),
        ('"asDouble": ""', None),
        ('"asDouble": 1, "flags": -1', None),
        ('"asDouble": 1, "attributes": [{"key": "a", "value": {"boolValue": 1}}]', None),
        ('"asDouble": 1, "attributes": [{"key": "a", "value": {"bytesValue": "*"}}]', None),
    ],
)
def test_numbers_in_json(point: str, value: float | None) -> None:
    metric = f'{{"name": "m", "gauge": {{"dataPoints": [{{"timeUnixNano": "{NOW_NS}", {point}}}]}}}}'
    body = f'{{"resourceMetrics": [{{"scopeMetrics": [{{"metrics": [{metric}]}}]}}]}}'.encode()
    decoder = OtlpJsonDecoder(WireKeys(seed=1))
    if value is None:
        with pytest.raises(BadRequest):
            decoder.decode(body)
    elif math.isnan(value):
        assert decoder.decode(body).aside == {"missing_value": 1}
    else:
        assert decoder.decode(body).batch.value.tolist() == [value]


def test_too_many_numbers_are_refused_whole() -> None:
    def body(count: int) -> bytes:
        points = [pb.HistogramDataPoint(count=1, sum=1.0, time_unix_nano=NOW_NS)] * count
        metric = pb.Metric(name="h", histogram=pb.Histogram(data_points=points))
        written: bytes = request_of([metric]).SerializeToString()
        return written

    decoder = OtlpDecoder(WireKeys(seed=1), samples_max=4)
    assert len(decoder.decode(body(2)).batch) == 4
    with pytest.raises(TooManySamples):
        decoder.decode(body(3))
