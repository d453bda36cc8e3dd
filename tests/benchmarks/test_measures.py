"""The measures: what a perfect, a late, a blind and a random detector get."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from benchmarks.measures import APART, Span, Tally, budget, events, spans_of, tally
from monitor.domain.durations import MINUTE_MS

SPANS = [Span(100, 120), Span(400, 401), Span(700, 760)]


def flags(*at: int, points: int = 1_000) -> np.ndarray:
    found = np.zeros(points, np.bool_)
    found[list(at)] = True
    return found


def test_who_sees_all_at_once_is_perfect() -> None:
    told = tally(flags(100, 400, 700), SPANS, MINUTE_MS)
    assert (told.precision, told.recall, told.event_f1, told.delay_f1) == (1.0, 1.0, 1.0, 1.0)
    assert told.delays == [0, 0, 0]
    assert told.false_per_week == 0.0


def test_who_sees_nothing_finds_nothing_and_is_never_wrong() -> None:
    told = tally(flags(), SPANS, MINUTE_MS)
    assert (told.precision, told.recall, told.event_f1, told.delay_f1) == (1.0, 0.0, 0.0, 0.0)


def test_who_comes_late_meets_the_span_but_not_in_time() -> None:
    told = tally(flags(108, 707), SPANS, MINUTE_MS)
    assert told.met == 2
    assert told.delays == [8, 7]
    assert told.true_points == 60
    assert told.missed_points == 21


def test_settling_is_neither_true_nor_false() -> None:
    told = tally(flags(130, 600), SPANS, MINUTE_MS, settling=60)
    assert (told.true_events, told.false_events, told.false_points) == (0, 1, 1)
    assert told.false_per_10k == pytest.approx(10.0)


def test_an_alarm_that_was_on_before_is_no_finding() -> None:
    on = flags(*range(90, 130))
    told = tally(on, SPANS[:1], MINUTE_MS)
    assert (told.met, told.delays, told.true_events, told.false_events) == (0, [], 0, 1)
    again = flags(*range(90, 103), 110)
    assert tally(again, SPANS[:1], MINUTE_MS).delays == [10]


def test_an_alarm_may_begin_a_few_points_early_where_people_labelled() -> None:
    on = flags(*range(97, 110))
    assert tally(on, SPANS[:1], MINUTE_MS).delays == [0]
    assert tally(on, SPANS[:1], MINUTE_MS, early=0).met == 0


def test_random_alarms_score_badly() -> None:
    rng = np.random.default_rng(1)
    told = Tally.of(tally(rng.random(1_000) < 0.001, SPANS, MINUTE_MS) for _ in range(300))
    assert told.event_f1 < 0.2
    assert told.delay_f1 < 0.2


@given(some.lists(some.booleans(), max_size=60))
def test_events_cover_all_flags_and_lie_apart(found: list[bool]) -> None:
    flagged = np.array(found, np.bool_)
    told = events(flagged)
    covered = np.zeros(len(flagged), np.bool_)
    for start, end in told:
        assert flagged[start]
        assert flagged[end - 1]
        covered[start:end] = True
    assert not (flagged & ~covered).any()
    assert all(later[0] - earlier[1] >= APART for earlier, later in pairwise(told))


@given(some.lists(some.booleans(), max_size=60))
def test_spans_are_the_labels(found: list[bool]) -> None:
    label = np.array(found, np.bool_)
    again = np.zeros(len(label), np.bool_)
    for span in spans_of(label):
        again[span.start : span.end] = True
    assert np.array_equal(again, label)


def test_the_budget_flags_one_in_a_thousand() -> None:
    scores = np.random.default_rng(2).random(100_000)
    assert (scores > budget(scores)).mean() == pytest.approx(0.001, rel=0.05)
    assert budget(np.full(5, np.nan)) == np.inf
