"""Labels in the contest: without any, nothing; with some, what is raised counts, within bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learners.base import Family
from learners.choice import Choice
from learners.durations import HOUR_MS
from learners.labels import WORTH, Labelled, worth
from learners.select import Window, choose
from learners.synthetic import stream

SPANS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)


def spikes(name: str, seed: int) -> Window:
    """A window with twelve spikes of three to eight usual steps; six were confirmed, six false alarms."""
    y, t = stream(name, 600, seed).y.copy(), np.arange(600)
    rng = np.random.default_rng(seed)
    usual = np.median(np.abs(np.diff(y)))
    at = rng.choice(np.arange(220, 590, 4), 12, replace=False)
    y[at] += usual * rng.choice([-1, 1], 12) * rng.uniform(3, 8, 12)
    real, false = np.sort(at[:6]), np.sort(at[6:])
    first = np.concatenate([real, false])
    labelled = Labelled(first, first + 1, np.arange(12) < 6, t[real], y[real], np.full(6, np.nan))
    kept = ~np.isin(t, real)
    return Window(t[kept], y[kept], np.full(594, np.nan), HOUR_MS, labelled=labelled)


def plain(window: Window) -> Choice:
    return choose(replace(window, labelled=None))


def heard(choice: Choice) -> list[str]:
    return [one for one in choice.reasons if "labelled spans" in one or "confirmed" in one]


@pytest.mark.parametrize("name", ["smooth", "seasonal", "count"])
def test_without_a_label_the_choice_is_the_same_to_the_bit(name: str) -> None:
    """Whatever the series lives by, and also where every label is of what the window begins with."""
    window = spikes(name, 3)
    before = replace(window, labelled=replace(window.labelled, first=np.zeros(12, np.int64)))  # type: ignore[type-var]
    for present in (None, Family.EMA, Family.KALMAN):
        assert choose(replace(before, present=present)).to_body() == plain(window).to_body()
        assert choose(replace(window, labelled=None, present=present)).to_body() == plain(window).to_body()


@given(SPANS)
def test_what_labels_are_worth_is_bounded_and_nothing_without_any(spans: list[tuple[bool, bool]]) -> None:
    raised = np.array([one for one, _ in spans], np.bool_)
    confirmed = np.array([one for _, one in spans], np.bool_)
    assert abs(worth(raised, confirmed)) < WORTH
    assert spans or worth(raised, confirmed) == 0.0
    assert abs(worth(raised, confirmed)) <= WORTH * len(spans) / (len(spans) + 2) + 1e-12


@given(SPANS, st.integers(0, 39))
def test_raising_a_confirmed_span_gains_and_raising_a_false_alarm_loses(
    spans: list[tuple[bool, bool]], place: int
) -> None:
    if place >= len(spans):
        return
    raised = np.array([one for one, _ in spans], np.bool_)
    confirmed = np.array([one for _, one in spans], np.bool_)
    raised[place] = False
    without = worth(raised, confirmed)
    raised[place] = True
    assert (worth(raised, confirmed) > without) == bool(confirmed[place])


def test_who_raises_more_of_what_was_confirmed_wins_a_near_draw() -> None:
    window = spikes("smooth", 8)
    assert plain(window).champion.family == Family.KALMAN
    choice = choose(replace(window, present=Family.KALMAN))
    assert choice.champion.family == Family.EMA
    assert heard(choice) == [
        "of labelled spans ema(0.4) would raise 2 of 6 confirmed and 0 of 6 false alarms",
        "of labelled spans kalman(1) would raise 0 of 6 confirmed and 0 of 6 false alarms",
    ]


def test_who_drops_a_false_alarm_wins_a_near_draw() -> None:
    window = spikes("smooth", 5)
    assert plain(window).champion.family == Family.EMA
    choice = choose(replace(window, present=Family.EMA))
    assert choice.champion.family == Family.KALMAN
    assert heard(choice)[1].endswith("0 of 6 confirmed and 1 of 6 false alarms")


def test_who_would_miss_a_confirmed_span_does_not_win_however_well_it_foretells() -> None:
    window = spikes("seasonal", 4)
    assert plain(window).champion.family == Family.SEASONAL_PROFILE
    choice = choose(replace(window, present=Family.HOLT_WINTERS))
    assert choice.champion.family == Family.HOLT_WINTERS
    assert heard(choice)[-1].endswith("foretells better, and would miss what people confirmed")
    assert choose(window).champion.family == Family.SEASONAL_PROFILE


def test_who_is_barred_is_neither_champion_nor_challenger() -> None:
    window = replace(spikes("seasonal", 4), labelled=None)
    choice = choose(replace(window, barred=Family.SEASONAL_PROFILE))
    assert Family.SEASONAL_PROFILE not in (choice.champion.family, choice.challenger.family)
    few = replace(window, t=window.t[:40], y=window.y[:40], n=window.n[:40])
    assert choose(replace(few, barred=Family.EMA)).to_body() == choose(few).to_body()  # there is no other


def test_losses_move_by_no_more_than_labels_are_worth() -> None:
    for name in ("smooth", "seasonal", "count"):
        window = spikes(name, 11)
        with_labels, without = choose(window).losses, plain(window).losses
        assert with_labels.keys() == without.keys()
        assert all(abs(with_labels[key] - without[key]) < WORTH for key in without)
