"""A declaration by pattern does what the same one does under the name of each metric that it decides for."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.declared import Declared
from monitor.domain.durations import MINUTE_MS
from monitor.domain.series import Identity
from monitor.shard.state import BELOW_MIN_CHANGE
from tests.shard.driving import START, Run, noise, play

NAMES = [Identity.of(name) for name in ("latency.db", "latency.web", "orders")]
bodies = st.sampled_from(
    [
        {},
        {"polarity": "down"},
        {"min_change_absolute": 100.0},
        {"static_upper": 101.0},
        {"aggregation": "mean"},
        {"cadence_ms": 5 * MINUTE_MS},
    ]
)
names = st.sampled_from(["*", "latency.*", "*.db", "latency.db", "orders"])
steps = st.lists(st.tuples(st.integers(0, 90), names, bodies), min_size=1, max_size=4)


def part(first: int, end: int, row: int) -> tuple[list[int], list[float]]:
    values = noise(150, seed=row)
    values[[60, 110]] += 40.0
    return [START + i * MINUTE_MS for i in range(first, end)], values[first:end].tolist()


def send(run: Run, first: int, end: int) -> None:
    for row in range(len(NAMES)):
        run.send(*part(first, end, row), row=row)


@settings(max_examples=25)
@given(steps, st.booleans())
def test_like_the_same_declarations_by_name(
    steps: list[tuple[int, str, dict[str, Any]]], resumed: bool
) -> None:
    run, named = Run(NAMES), Run(NAMES)
    said, at = Declared(), 0
    for after, name, body in sorted(steps, key=lambda step: step[0]):
        for one in (run, named):
            send(one, at, after)
        at = after
        before = [dict(said.of(identity.metric)) for identity in NAMES]
        said.declare(name, body)
        run.declare(name, **body)
        for identity, old in zip(NAMES, before, strict=True):
            if said.of(identity.metric) != old:
                named.declare(identity.metric, **said.of(identity.metric))
        if resumed:
            run.resume()
    for one in (run, named):
        send(one, at, 150)
    assert run.outcome() == named.outcome()


def test_a_pattern_reaches_series_that_are_there_and_series_to_come() -> None:
    values = noise(120)
    values[100] += 400.0
    for before in (0, 90):
        run = Run([Identity.of("latency.db")])
        play(values[:before], run=run)
        run.declare("latency.*", min_change_absolute=500.0)
        play(values[before:], start=START + before * MINUTE_MS, run=run)
        run.tick(START + 200 * MINUTE_MS)
        assert run.verdicts()[100] == BELOW_MIN_CHANGE
        assert run.told(0, "opened")[:1] == [] or run.told(0, "opened")[0].kind == "no data"
