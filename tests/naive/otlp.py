"""A slow, obvious twin of the OTLP decoder, one object a field."""

from __future__ import annotations

import math
from typing import Any

from monitor.domain.series import Identity
from tests.naive.json_samples import Refused, name
from tests.naive.protobuf import Fields, double, last, of, parse, signed
from tests.naive.remote_write import Outcome, text

RESOURCE_TAGS = {
    "service.name",
    "service.namespace",
    "service.instance.id",
    "deployment.environment",
    "deployment.environment.name",
    "host.name",
    "k8s.cluster.name",
    "k8s.namespace.name",
    "k8s.pod.name",
    "cloud.region",
}
# By field of a metric: attributes, flags, min, max in its data points.
DATA = {5: (7, 8, 0, 0), 7: (7, 8, 0, 0), 9: (9, 10, 11, 12), 10: (1, 10, 12, 13), 11: (7, 8, 0, 0)}

Attributes = list[tuple[bytes, Fields]]


def decode(body: bytes) -> Outcome:
    outcome = Outcome()
    place = 0
    for resource_metrics in map(parse, of(parse(body), 1, 2)):
        resource = attributes(parse(last(resource_metrics, 1, 2, b"")), 1)
        for scope in map(parse, of(resource_metrics, 2, 2)):
            for metric in map(parse, of(scope, 2, 2)):
                metric_name = last(metric, 1, 2, b"")
                for field, wire, data in metric:
                    if field in DATA and wire == 2:
                        for point in map(parse, of(parse(data), 1, 2)):
                            take(outcome, place, resource, metric_name, field, point)
                            place += 1
    return outcome


def attributes(message: Fields, number: int) -> Attributes:
    found = []
    for one in map(parse, of(message, number, 2)):
        values = [parse(value) for value in of(one, 2, 2)]
        found.append((last(one, 1, 2, b""), values[-1] if values else []))
    return found


def take(
    outcome: Outcome, place: int, resource: Attributes, metric: bytes, field: int, point: Fields
) -> None:
    number, flags, least, most = DATA[field]
    own = attributes(point, number)
    ts_ms = last(point, 3, 1, 0) // 10**6
    unrecorded = last(point, flags, 0, 0) & 1
    for suffix, quantile, value in numbers(point, field, least, most, bool(unrecorded)):
        try:
            identity = identity_of(resource, own, metric, suffix, quantile)
        except Refused:
            outcome.faults.append(("bad_name", place))
            continue
        if unrecorded or math.isnan(value):
            outcome.aside["missing_value"] += 1
        elif ts_ms == 0:
            outcome.faults.append(("bad_timestamp", place))
        elif math.isinf(value):
            outcome.faults.append(("not_finite", place))
        else:
            outcome.samples.append((identity, ts_ms, value))


def numbers(
    point: Fields, field: int, least: int, most: int, unrecorded: bool
) -> list[tuple[str, float | None, float]]:
    if field in (5, 7):
        value = math.nan
        for number, wire, bits in point:
            if (number, wire) == (4, 1):
                value = double(bits)
            elif (number, wire) == (6, 1):
                value = float(signed(bits))
        return [("", None, value)]
    found: list[tuple[str, float | None, float]] = [(".count", None, float(last(point, 4, 1, 0)))]
    quantiles = [parse(one) for one in of(point, 6, 2)] if field == 11 else []
    if unrecorded:
        return found
    parts: list[tuple[str, Any]] = [(".sum", last(point, 5, 1, 0 if field == 11 else None))]
    if field != 11:
        parts += [(".min", last(point, least, 1, None)), (".max", last(point, most, 1, None))]
    for suffix, bits in parts:
        if bits is not None and not math.isnan(double(bits)):
            found.append((suffix, None, double(bits)))
    return found + [("", double(last(q, 1, 1, 0)), double(last(q, 2, 1, 0))) for q in quantiles]


def identity_of(
    resource: Attributes, own: Attributes, metric: bytes, suffix: str, quantile: float | None
) -> bytes:
    tags: dict[str, str] = {}
    for key, value in resource:
        if text(key) in RESOURCE_TAGS and (said := written(value)):
            tags[text(key)] = said
    if len({key for key, _ in own}) < len(own):
        raise Refused("bad_name")
    for key, value in own:
        tags[text(key)] = written(value)
    tags = {key: value for key, value in tags.items() if value}
    if quantile is not None:
        tags["quantile"] = repr(quantile)
    full = text(metric) and text(metric) + suffix
    name(full, 512, True)
    for key_text, value_text in tags.items():
        name(key_text, 256, True)
        name(value_text, 2048, False)
    if len(tags) > 40:
        raise Refused("bad_name")
    return Identity.of(full, tags).canonical()


def written(value: Fields) -> str:
    said = ""
    for number, wire, part in value:
        match number, wire:
            case 1, 2:
                said = text(part)
            case 2, 0:
                said = "true" if part else "false"
            case 3, 0:
                said = str(signed(part))
            case 4, 1:
                said = repr(double(part))
            case _:
                raise Refused("bad_name")
    return said
