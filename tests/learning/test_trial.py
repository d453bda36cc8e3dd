"""When a new champion is worse than its predecessor, and when it is the world that became wilder."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.single import Model
from learners.synthetic import stream
from monitor.domain.durations import HOUR_MS
from monitor.domain.series import Identity
from monitor.learning.trial import LONG, by_chance, news_to, stretch_of, worse
from tests.shard.driving import START, Run

FIVE_MINUTES, DAY = 300_000, 288
COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_chance_is_a_probability_and_falls_with_what_is_seen(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    here = by_chance(one, two)
    assert 0.0 <= here <= 1.0
    few, of = two
    if few:
        assert by_chance((one[0] + 1, one[1]), (few - 1, of)) >= here - 1e-9 or one[0] == one[1]


def test_by_chance_new_champions_that_are_no_worse_are_rarely_found_so() -> None:
    rng = np.random.default_rng(1)
    drawn = [(int(rng.binomial(1_800, 0.01)), int(rng.binomial(288, 0.01))) for _ in range(4_000)]
    found = sum(by_chance((one, 1_800), (two, 288)) < 1e-3 for one, two in drawn)
    assert found <= 8  # twice the four that one in a thousand makes


def columns(value: np.ndarray, verdict: int = 0) -> dict[str, np.ndarray]:
    count = len(value)
    edges = {"lower": np.full(count, -3.0), "upper": np.full(count, 3.0)}
    return {"ts_ms": np.arange(count) * 10, "value": value, "verdict": np.full(count, verdict), **edges}


def test_a_long_run_is_many_cases_and_what_people_confirmed_is_none() -> None:
    value = np.zeros(100)
    value[10:14], value[40:80] = 5.0, 5.0
    seen = stretch_of(columns(value), [], [])
    assert (seen.buckets, seen.outside) == (100, 1 + -(-40 // LONG))
    seen = stretch_of(columns(value), [(400, 800)], [(100, 140)])
    assert (seen.buckets, seen.outside, seen.labelled, seen.false) == (60, 1, 2, 1)
    assert stretch_of(columns(value[:0]), [], []).buckets == 0
    assert worse(seen, stretch_of(columns(value[:0]), [], [])) == ()


def test_a_storm_is_news_to_the_predecessor_too() -> None:
    y = stream("white", 600, 3).y
    model = Model("ema", alpha=0.1)
    for t, value in enumerate(y[:300].tolist()):
        model.learn_one(value, t)
    quiet = news_to(model, (0.0, 0.3), np.arange(300, 600), y[300:], HOUR_MS)
    storm = y[300:] + np.where(np.arange(300) % 30 < 2, 50.0, 0.0)
    assert quiet <= 2
    assert news_to(model, (0.0, 0.3), np.arange(300, 600), storm, HOUR_MS) >= 8


@pytest.mark.slow
@pytest.mark.parametrize("second", ["correlated", "loud"])
def test_alternating_regimes_bring_one_switch_each_at_most(second: str) -> None:
    """Of white noise and another law, ten days each. Between a season and a walk there are up to four
    (docs/adr/0035)."""
    regime, turns, count = 10 * DAY, 4, 4
    rng = np.random.default_rng(4)
    y = rng.standard_normal((turns * regime, count))
    for at in range(regime, len(y)):
        if at // regime % 2:
            y[at] = 0.9 * y[at - 1] + y[at] if second == "correlated" else 5.0 * y[at]
    run = Run([Identity.of("load", {"host": str(place)}) for place in range(count)])
    for at in range(0, len(y), DAY):
        for place in range(count):
            run.send(START + FIVE_MINUTES * np.arange(at, at + DAY), y[at : at + DAY, place], row=place)
    for place in range(count):
        model = run.observations(place).model[520:]
        switched = (np.flatnonzero(np.diff(model.astype(int))) + 521) // regime
        assert np.bincount(switched, minlength=turns).max() <= 1
