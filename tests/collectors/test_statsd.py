"""StatsD lines to samples of an interval."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.statsd import IDLE_INTERVALS, SAMPLE_VALUES_MAX, SET_VALUES_MAX, StatsdTable
from monitor.domain.batch import SampleBatch
from monitor.domain.series import Identity
from tests.hostile import statsd
from tests.hostile.case import Case


def told(batch: SampleBatch) -> dict[str, float]:
    named = (str(Identity.from_canonical(batch.identities[int(one)])) for one in batch.fingerprint)
    return dict(zip(named, batch.value.tolist(), strict=True))


def after(*lines: str) -> dict[str, float]:
    table = StatsdTable(100)
    for line in lines:
        table.take(line.encode())
    assert not table.refused
    return told(table.flush(60_000))


@pytest.mark.parametrize(
    ("lines", "samples"),
    [
        (["a:1|c", "a:2|c"], {"a": 3.0}),
        (["a:1|c|@0.1"], {"a": 10.0}),
        (["a:5|g", "a:7|g"], {"a": 7.0}),
        (["a:5|g", "a:+2|g", "a:-4|g"], {"a": 3.0}),
        (["a:x|s", "a:y|s", "a:x|s"], {"a": 2.0}),
        (["a:1|c|#env:prod,host:h1", "a:1|c|#env:dev"], {"a{env=prod,host=h1}": 1.0, "a{env=dev}": 1.0}),
        (["a:1|c|#urgent"], {"a{urgent=true}": 1.0}),
        (["a:1|c|#url:http://x"], {"a{url=http://x}": 1.0}),
        (["a:1|c|@0.5|#k:v|c:container|T1656581400"], {"a{k=v}": 2.0}),
        (["a:1:2:3|c"], {"a": 6.0}),
        (["a:1|c\nb:2|g\r\n"], {"a": 1.0, "b": 2.0}),
        (["_e{5,4}:title|text", "_sc|name|0"], {}),
    ],
)
def test_what_an_interval_says(lines: list[str], samples: dict[str, float]) -> None:
    assert after(*lines) == samples


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50),
    st.sampled_from([1.0, 0.5, 0.1]),
    st.sampled_from(["ms", "h", "d"]),
)
def test_timers_say_count_mean_extremes_and_quantiles(values: list[float], rate: float, kind: str) -> None:
    found = after(*(f"t:{value!r}|{kind}|@{rate}" for value in values))
    assert found["t.count"] == pytest.approx(len(values) / rate)
    assert found["t.mean"] == pytest.approx(math.fsum(values) / len(values), abs=1e-6)
    assert (found["t.min"], found["t.max"]) == (min(values), max(values))
    assert found["t.min"] <= found["t.p50"] <= found["t.p95"] <= found["t.p99"] <= found["t.max"]


@pytest.mark.parametrize("case", statsd.cases(), ids=str)
def test_hostile_lines_are_counted_and_the_rest_kept(case: Case) -> None:
    table = StatsdTable(100)
    table.take(case.body)
    assert table.refused == case.reasons
    found = told(table.flush(0))
    assert len(found) == case.kept
    assert all(map(math.isfinite, found.values()))
    if statsd.GOOD in case.body:
        assert found == {"good": 2.0}


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_break_it(lines: list[bytes]) -> None:
    table = StatsdTable(3)
    for line in lines:
        table.take(b"a:1|c|#" + line)
        table.take(line)
    assert all(math.isfinite(value) for value in table.flush(0).value)


def test_counters_say_zero_for_a_while_and_gauges_nothing() -> None:
    table = StatsdTable(100)
    table.take(b"c:5|c\ng:5|g\nt:1|ms\ns:1|s")
    table.flush(0)
    silent = [told(table.flush(i)) for i in range(1, IDLE_INTERVALS + 5)]
    assert silent == [{"c": 0.0}] * IDLE_INTERVALS + [{}] * 4
    assert len(table) == 0


def test_a_gauge_remembers_its_level() -> None:
    table = StatsdTable(100)
    table.take(b"g:5|g")
    table.flush(0)
    table.take(b"g:+1|g")
    assert told(table.flush(1)) == {"g": 6.0}


def test_memory_is_bounded() -> None:
    table = StatsdTable(10)
    table.take(b"\n".join(b"m%d:1|c" % i for i in range(1_000)))
    assert len(table) == 10
    assert table.refused == {"series_limit": 990}
    table.take(b"m0:2|c")
    assert told(table.flush(0))["m0"] == 3.0
    wide = StatsdTable(10)
    wide.take(b"\n".join(b"t:%d|ms\ns:%d|s" % (i, i) for i in range(20_000)))
    (timer, members) = wide._known.values()
    assert len(timer.values) == SAMPLE_VALUES_MAX
    assert len(members.members) == SET_VALUES_MAX
    found = told(wide.flush(0))
    assert (found["t.count"], found["t.min"], found["t.max"]) == (20_000, 0, 19_999)
    assert found["t.p50"] == pytest.approx(10_000, rel=0.1)
