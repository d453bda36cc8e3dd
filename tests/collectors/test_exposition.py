"""What exporters show reads as `prometheus_client` reads it; what is broken is refused as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, Summary
from prometheus_client import exposition as text_form
from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import exposition as openmetrics_form
from prometheus_client.openmetrics import parser as openmetrics_parser

from collectors.errors import BadRequest
from collectors.exposition import exposition, only_rises, series_of

# Of these some are typed and some are not.
generate_latest: Any = text_form.generate_latest
generate_openmetrics: Any = openmetrics_form.generate_latest
read_text: Any = text_parser.text_string_to_metric_families
read_openmetrics: Any = openmetrics_parser.text_string_to_metric_families

Sample = tuple[str, tuple[tuple[str, str], ...], float, int | None]

NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
KEYS = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n"\\{},= #'), max_size=12)
NUMBERS = st.floats(allow_nan=False) | st.sampled_from([math.inf, -math.inf])
ROWS = st.lists(
    st.tuples(NAMES, st.dictionaries(KEYS, TEXTS, max_size=4), NUMBERS, st.none() | st.integers(0, 2**40)),
    max_size=10,
)


def ours(text: str, *, openmetrics: bool = False) -> list[Sample]:
    found = exposition(text, openmetrics=openmetrics, samples_max=1_000)
    rows = zip(found.series, found.values, found.times_ms, strict=True)
    return [one(*series_of(written), value, ts_ms) for written, value, ts_ms in rows]


def theirs(families: Iterable[Any]) -> list[Sample]:
    return [
        one(
            sample.name,
            sample.labels,
            sample.value,
            None if sample.timestamp is None else round(float(sample.timestamp) * 1_000),
        )
        for family in families
        for sample in family.samples
    ]


def one(name: str, labels: dict[str, str], value: float, ts_ms: int | None) -> Sample:
    return name, tuple(sorted((key, cell) for key, cell in labels.items() if cell)), value, ts_ms


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


@settings(max_examples=30)
@given(rows=ROWS, spaces=st.sampled_from([" ", "  ", "\t"]), comma=st.booleans())
def test_any_text_reads_as_the_reference_reads_it(rows: list[Any], spaces: str, comma: bool) -> None:
    lines = []
    for name, labels, value, ts_ms in rows:
        pairs = ",".join(f'{key}="{escaped(cell)}"' for key, cell in labels.items())
        braces = f"{{{pairs}{',' if comma and pairs else ''}}}" if pairs else ""
        lines.append(f"{name}{braces}{spaces}{value!r}" + ("" if ts_ms is None else f" {ts_ms}") + "\n")
    text = "# HELP a b\n\n" + "".join(lines)
    # The reference groups samples into families, so it may give them in another order.
    assert sorted(ours(text), key=repr) == sorted(theirs(read_text(text)), key=repr)


def shown() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("orders", "o", ["country"], registry=registry).labels('N"L\\\n').inc(3)
    Gauge("depth", "d", registry=registry).set(-1.5e-7)
    Gauge("my.depth", "quoted", ["my.label"], registry=registry).labels("x").set(2)
    waits = Histogram("wait_seconds", "w", ["path"], registry=registry)
    waits.labels("/a b}").observe(0.2, {"trace": "1"})
    Summary("size", "s", registry=registry).observe(4)
    Info("build", "b", registry=registry).info({"version": "1.0"})
    return registry


def test_what_the_official_client_shows() -> None:
    registry = shown()
    text = generate_latest(registry).decode()
    assert sorted(ours(text), key=repr) == sorted(theirs(read_text(text)), key=repr)
    text = generate_openmetrics(registry).decode()
    assert "# {" in text  # an exemplar
    assert sorted(ours(text, openmetrics=True), key=repr) == sorted(theirs(read_openmetrics(text)), key=repr)


@pytest.mark.parametrize("openmetrics", [False, True])
def test_what_only_rises_is_known(openmetrics: bool) -> None:
    text = (generate_openmetrics if openmetrics else generate_latest)(shown()).decode()
    found = exposition(text, openmetrics=openmetrics, samples_max=1_000)
    names = {series_of(written)[0] for written in found.series}
    assert {name for name in names if only_rises(name, found.kinds)} == {
        "orders_total",
        "wait_seconds_bucket",
        "wait_seconds_count",
        "wait_seconds_sum",
        "size_count",
        "size_sum",
    }


@pytest.mark.parametrize(
    "text", ["a", "a b", "a 1 2 3", 'a{b="c} 1', 'a{b="c"', "a 1_0", "{} 1 x", "1a 1", "a\x001", "a 1 1e400"]
)
def test_a_broken_line_refuses_the_whole(text: str) -> None:
    with pytest.raises(BadRequest):
        exposition(f"good 1\n{text}\n", openmetrics=False, samples_max=10)


@pytest.mark.parametrize("text", ['a{b="1",b="2"}', 'a{b=""', "{}", '{"a","b"}', 'a{b="1"c="2"}'])
def test_a_series_that_is_none(text: str) -> None:
    with pytest.raises(BadRequest):
        series_of(text)


def test_limits_and_an_end() -> None:
    with pytest.raises(BadRequest, match="more than 2 samples"):
        exposition("a 1\nb 1\nc 1\n", openmetrics=False, samples_max=2)
    with pytest.raises(BadRequest, match="EOF"):
        exposition("a 1\n", openmetrics=True, samples_max=2)


@given(text=st.text(max_size=60))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        found = exposition(text, openmetrics=False, samples_max=10)
    except BadRequest:
        return
    for written in found.series:
        try:
            series_of(written)
        except BadRequest:
            continue
