"""A slow, obvious twin of the remote-write decoders, one object a field."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from monitor.domain.series import Identity
from tests.naive.json_samples import TS_MS_MAX, Refused, name
from tests.naive.protobuf import Fields, double, last, of, parse, signed, varints

Labels = list[tuple[str, str]]


@dataclass
class Outcome:
    """Kept samples in order (identity, ts_ms, value), faults by (reason, place), what was set aside."""

    samples: list[tuple[bytes, int, float]] = field(default_factory=list)
    faults: list[tuple[str, int]] = field(default_factory=list)
    aside: Counter[str] = field(default_factory=Counter)


def decode_1(body: bytes) -> Outcome:
    def labels(series: Fields) -> Labels:
        found = []
        for message in of(series, 1, 2):
            label = parse(message)
            found.append((text(last(label, 1, 2, b"")), text(last(label, 2, 2, b""))))
        return found

    request = parse(body)
    if of(request, 5, 2):
        raise Refused("the other version")
    messages = [parse(message) for message in of(request, 1, 2)]
    for series in messages:
        for message in of(series, 1, 2):
            parse(message)  # a broken label breaks the whole
    return outcome_of(messages, labels, histogram=4)


def decode_2(body: bytes) -> Outcome:
    request = parse(body)
    if of(request, 1, 2):
        raise Refused("the other version")
    symbols = of(request, 4, 2)

    def refs(series: Fields) -> list[int]:
        found = []
        for number, wire, value in series:
            if (number, wire) == (1, 2):
                found += varints(value)
            elif (number, wire) == (1, 0):
                found.append(value)
        return found

    def labels(series: Fields) -> Labels:
        numbers = refs(series)
        if len(numbers) % 2 or any(number >= len(symbols) for number in numbers):
            raise Refused("bad_name")
        texts = [text(symbols[number]) for number in numbers]
        return list(zip(texts[::2], texts[1::2], strict=True))

    messages = [parse(message) for message in of(request, 5, 2)]
    for series in messages:
        refs(series)
    return outcome_of(messages, labels, histogram=3)


def outcome_of(messages: list[Fields], labels: Callable[[Fields], Labels], histogram: int) -> Outcome:
    outcome = Outcome()
    place = 0
    for series in messages:
        identity: bytes | None
        try:
            identity = identity_of(labels(series))
        except Refused:
            identity = None
        for number, wire, value in series:
            if wire != 2 or number not in (2, histogram):
                continue
            point = parse(value)
            ts_ms = signed(last(point, 2, 0, 0))
            number_sent = double(last(point, 1, 1, 0))
            if identity is None:
                outcome.faults.append(("bad_name", place))
            elif number == histogram:
                outcome.faults.append(("native_histogram", place))
            elif math.isnan(number_sent):
                outcome.aside["missing_value"] += 1
            elif not 0 <= ts_ms <= TS_MS_MAX:
                outcome.faults.append(("bad_timestamp", place))
            elif math.isinf(number_sent):
                outcome.faults.append(("not_finite", place))
            else:
                outcome.samples.append((identity, ts_ms, number_sent))
            place += 1
    return outcome


def text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Refused("bad_name") from None


def identity_of(labels: Labels) -> bytes:
    metrics = [value for key, value in labels if key == "__name__"]
    tags = [(key, value) for key, value in labels if key != "__name__" and value]
    if len(metrics) != 1 or len(tags) > 40 or len({key for key, _ in tags}) < len(tags):
        raise Refused("bad_name")
    name(metrics[0], 512, True)
    for key, value in tags:
        name(key, 256, True)
        name(value, 2048, False)
    return Identity.of(metrics[0], dict(tags)).canonical()
