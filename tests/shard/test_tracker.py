"""Stories of one series, told in event time: what opens, of which kind, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from learners.score import L_CLOSE, L_OPEN, score
from monitor.domain.anomaly import Verdict
from monitor.domain.batch import Mode
from monitor.domain.durations import DAY_MS, HOUR_MS, MINUTE_MS
from monitor.domain.series import Identity
from monitor.shard.new_level import SETTLED
from tests.shard.driving import START, Run, Told, noise, play

USUAL = 1_500  # more than a day: before, little is supported


def shown(told: list[Told]) -> list[tuple[str, str, int]]:
    return [(t.change, t.kind, (t.onset_ms - START) // MINUTE_MS) for t in told]


def test_noise_raises_nothing() -> None:
    run = play(noise(3 * USUAL))
    assert run.told() == []
    assert set(run.verdicts()[40:]) <= {Verdict.IN_BAND, Verdict.LEARNING}


@pytest.mark.parametrize(("by", "kind", "direction"), [(30.0, "spike", 1), (-30.0, "dip", -1)])
def test_a_spike_or_a_dip(by: float, kind: str, direction: int) -> None:
    values = noise(USUAL + 100)
    values[USUAL] += by
    run = play(values)
    opened, closed = run.told()
    assert (opened.change, opened.kind, opened.direction) == ("opened", kind, direction)
    assert opened.onset_ms == closed.onset_ms == START + USUAL * MINUTE_MS
    assert opened.at_ms == START + (USUAL + 2) * MINUTE_MS, "known once its bucket is final"
    assert (closed.change, closed.end_ms) == ("closed", START + (USUAL + 1) * MINUTE_MS)
    assert closed.buckets == 1
    assert run.verdicts()[USUAL] == Verdict.ANOMALY
    assert closed.at_ms == opened.at_ms + 3 * MINUTE_MS


def test_an_anomaly_teaches_the_forecast_nothing() -> None:
    values = noise(USUAL + 12)
    calm = play(values).observations().expected
    values[USUAL : USUAL + 8] += 50.0
    assert np.abs(play(values).observations().expected[USUAL:] - calm[USUAL:])[:9].max() < 0.5


def test_sixteen_buckets_on_one_side_are_a_level_shift() -> None:
    for length, kind in ((15, "spike"), (16, "level shift")):
        values = noise(USUAL + 100)
        values[USUAL : USUAL + length] += 30.0
        told = play(values).told()
        assert len({t.onset_ms for t in told}) == 1
        assert told[-1].change == "closed"
        assert told[-1].kind == kind
        assert told[-1].end_ms == START + (USUAL + length) * MINUTE_MS
        assert told[-1].buckets == length


def test_a_level_shift_is_on_the_side_on_which_it_stays() -> None:
    values = noise(USUAL + 100)
    values[USUAL] += 30.0
    values[USUAL + 1 : USUAL + 60] -= 30.0
    told = play(values).told()
    assert len({t.onset_ms for t in told}) == 1
    assert (told[0].kind, told[0].direction) == ("spike", 1)
    assert (told[-1].kind, told[-1].direction) == ("level shift", -1)


def test_in_an_open_anomaly_the_score_says_what_is_new() -> None:
    values = noise(USUAL + 40)
    values[USUAL : USUAL + 8] += [40.0, 30.0, 20.0, 30.0, 60.0, 50.0, 40.0, 20.0]
    found = play(values).observations().score[USUAL : USUAL + 8]
    assert found[4] > found[0] > 65.0, "in full at the onset, and where it is larger than ever before"
    known = found[[1, 2, 3, 5, 6, 7]]
    assert np.all((known > score(L_OPEN)) & (known < score(L_OPEN + 0.1)))
    assert list(np.argsort(known)) == list(np.argsort(values[USUAL + np.array([1, 2, 3, 5, 6, 7])]))


def test_buckets_between_closing_level_and_three_quiet_ones_belong_to_it() -> None:
    values = noise(USUAL + 60)
    values[[USUAL, USUAL + 2, USUAL + 5]] += 30.0
    told = play(values).told()
    assert [t.change for t in told if t.change != "updated"] == ["opened", "closed"]
    assert told[-1].end_ms == START + (USUAL + 6) * MINUTE_MS
    assert told[-1].level > L_CLOSE


def test_two_spikes_apart_are_two_anomalies() -> None:
    values = noise(USUAL + 200)
    values[[USUAL, USUAL + 100]] += 60.0
    assert [t.change for t in play(values).told() if t.change != "updated"] == ["opened", "closed"] * 2


# ---------------------------------------------------------------------- adoption

SHIFT = 900
NEEDED = 200  # at one hour the longest of 7 days, two seasons and 200 buckets


def shifted(count: int, back: int | None = None, by: float = 30.0) -> NDArray[np.float64]:
    values = noise(count)
    values[SHIFT:back] += by
    return values


def test_a_level_that_lasts_is_adopted() -> None:
    run = play(shifted(SHIFT + NEEDED + 300), HOUR_MS)
    told = run.told()
    assert {t.onset_ms for t in told} == {START + SHIFT * HOUR_MS}
    assert (told[-1].change, told[-1].kind) == ("closed", "level shift")
    assert told[-1].end_ms == START + (SHIFT + NEEDED) * HOUR_MS
    assert np.abs(run.observations().expected[SHIFT + NEEDED + 1 :] - 130.0).max() < 3.0
    assert set(run.verdicts()[SHIFT + NEEDED + 1 :]) == {int(Verdict.IN_BAND)}


def test_it_is_not_adopted_before() -> None:
    run = play(shifted(SHIFT + NEEDED + 1), HOUR_MS)
    assert "closed" not in [t.change for t in run.told()]


@pytest.mark.parametrize("later", [1, 20, 150])
def test_a_return_to_the_old_level_starts_no_new_story(later: int) -> None:
    back = SHIFT + NEEDED + later
    run = play(shifted(back + 300, back), HOUR_MS)
    assert len(run.told(0, "opened")) == 1
    assert np.abs(run.observations().expected[back + 2 :] - 100.0).max() < 3.0


def test_something_else_after_an_adoption_is_noticed() -> None:
    values = shifted(SHIFT + NEEDED + 100)
    values[SHIFT + NEEDED + 30] += 60.0
    opened = play(values, HOUR_MS).told(0, "opened")
    assert [(t.onset_ms - START) // HOUR_MS for t in opened] == [SHIFT, SHIFT + NEEDED + 30]


def test_silence_after_an_adoption_is_noticed() -> None:
    values = shifted(SHIFT + NEEDED + 100)
    values[SHIFT + NEEDED + 30 : SHIFT + NEEDED + 60] = np.nan
    assert [t.kind for t in play(values, HOUR_MS).told(0, "opened")] == ["spike", "no data"]


def test_long_after_an_adoption_the_old_level_is_news() -> None:
    back = SHIFT + 2 * NEEDED + 50
    run = play(shifted(back + 40, back), HOUR_MS)
    assert [t.direction for t in run.told(0, "opened")] == [1, -1]


# ---------------------------------------------------------------------- inside a level shift


def test_at_its_new_level_a_series_is_as_expected_and_its_shift_goes_on() -> None:
    run = play(shifted(SHIFT + 150), HOUR_MS)
    assert "closed" not in [t.change for t in run.told()]
    later = slice(SHIFT + SETTLED, SHIFT + 148)
    seen = run.observations()
    assert set(run.verdicts()[later]) == {int(Verdict.SHIFTED)}
    assert np.abs(seen.expected[later] - 130.0).max() < 3.0
    assert np.all((seen.lower[later] < 130.0) & (seen.upper[later] < 150.0))
    assert seen.score[later].max() < score(L_OPEN)


@pytest.mark.parametrize("by", [60.0, -80.0])
def test_a_spike_inside_a_level_shift_is_an_anomaly_of_its_own(by: float) -> None:
    values = shifted(SHIFT + 150)
    values[SHIFT + 100] += by
    run = play(values, HOUR_MS)
    told = [t for t in run.told() if t.onset_ms == START + (SHIFT + 100) * HOUR_MS]
    assert [(t.change, t.direction) for t in told] == [("opened", np.sign(by)), ("closed", np.sign(by))]
    assert told[1].buckets == 1
    assert run.verdicts()[SHIFT + 100] == Verdict.ANOMALY
    assert set(run.verdicts()[SHIFT + 101 : SHIFT + 148]) == {int(Verdict.SHIFTED)}
    assert int(run.shard.directory["n_episodes"][0]) == 1, "the level shift is still open"


def test_a_return_from_a_level_shift_is_its_end_and_nothing_else() -> None:
    back = SHIFT + 3 * 24
    run = play(shifted(back + 200, back), HOUR_MS)
    opened, closed = (run.told(0, what) for what in ("opened", "closed"))
    assert (len(opened), len(closed)) == (1, 1)
    assert closed[0].end_ms == START + back * HOUR_MS


def test_a_level_that_shifts_again_is_the_same_story() -> None:
    values = shifted(SHIFT + 190)
    values[SHIFT + 80 :] += 60.0
    run = play(values, HOUR_MS)
    assert [(t.onset_ms - START) // HOUR_MS for t in run.told(0, "opened")] == [SHIFT, SHIFT + 80]
    assert [(t.onset_ms - START) // HOUR_MS for t in run.told(0, "closed")] == [SHIFT + 80]
    assert set(run.verdicts()[SHIFT + 80 + 16 : SHIFT + 188]) == {int(Verdict.SHIFTED)}


def test_a_level_is_adopted_though_something_is_open_inside_it() -> None:
    values = shifted(SHIFT + NEEDED + 50)
    values[SHIFT + 80 : SHIFT + NEEDED + 20 : 2] += 60.0
    values[SHIFT + 81 : SHIFT + NEEDED + 20 : 2] -= 60.0
    run = play(values, HOUR_MS)
    closed = {(t.onset_ms - START) // HOUR_MS: t for t in run.told(0, "closed")}
    assert closed[SHIFT].end_ms == closed[SHIFT + 80].end_ms == START + (SHIFT + NEEDED) * HOUR_MS
    assert closed[SHIFT].kind == "level shift"


def test_an_ended_series_closes_what_is_open_inside_a_level_shift_too() -> None:
    values = shifted(SHIFT + 61)
    values[SHIFT + 60] += 60.0
    run = play(values, HOUR_MS)
    run.tick(START + (SHIFT + 61) * HOUR_MS + 21 * DAY_MS)
    assert len(run.told(0, "opened")) + 1 == len(run.told(0, "closed")), "ended is closed at once"
    assert int(run.shard.directory["n_episodes"][0]) == 0


# ---------------------------------------------------------------------- flat lines and silence


def test_a_flat_line() -> None:
    values = noise(USUAL + 120)
    values[USUAL : USUAL + 60] = values[USUAL]
    told = play(values).told()
    assert (told[0].change, told[0].kind, told[0].direction) == ("opened", "flat line", 0)
    assert START + USUAL * MINUTE_MS < told[0].onset_ms < START + (USUAL + 30) * MINUTE_MS
    assert (told[-1].change, told[-1].end_ms) == ("closed", START + (USUAL + 60) * MINUTE_MS)


def test_a_constant_series_is_no_flat_line() -> None:
    assert play(np.full(2 * USUAL, 5.0)).told() == []


def test_plus_and_minus_zero_are_one_value() -> None:
    zeros = np.zeros(2 * USUAL)
    zeros[::2] = -0.0
    run = play(zeros)
    assert run.told() == []
    assert int(run.shard.clocks["run_max"][0]) + int(run.shard.clocks["streak"][0]) > USUAL


def test_no_data_by_tick_and_on_return_is_one_story() -> None:
    silence = slice(USUAL, USUAL + 50)
    values = noise(USUAL + 60)
    values[silence] = np.nan
    on_return = play(values)
    by_tick = play(values[:USUAL])
    assert by_tick.told() == []
    by_tick.tick(START + (USUAL + 30) * MINUTE_MS)
    (opened,) = by_tick.told()
    assert (opened.kind, opened.onset_ms) == ("no data", START + USUAL * MINUTE_MS)
    assert opened.at_ms <= START + (USUAL + 30) * MINUTE_MS
    play(values[USUAL + 50 :], start=START + (USUAL + 50) * MINUTE_MS, run=by_tick)
    assert by_tick.told() == on_return.told()
    closed = on_return.told()[-1]
    assert (closed.change, closed.end_ms) == ("closed", START + (USUAL + 50) * MINUTE_MS)
    assert closed.buckets == 50


def test_a_silence_of_a_few_buckets_is_no_news() -> None:
    values = noise(USUAL + 60)
    values[USUAL : USUAL + 4] = np.nan
    assert play(values).told() == []


@pytest.mark.parametrize(("cadence", "gone"), [(MINUTE_MS, 7 * DAY_MS), (DAY_MS, 20 * DAY_MS)])
def test_an_ended_series_is_told_once(cadence: int, gone: int) -> None:
    run = play(noise(USUAL), cadence)
    last = START + USUAL * cadence
    run.tick(last + gone - 2 * cadence)
    assert [t.kind for t in run.told()] == ["no data"]
    for day in range(3):
        run.tick(last + gone + 4 * cadence + day * DAY_MS)
    assert [(t.change, t.kind) for t in run.told()] == [
        ("opened", "no data"),
        ("closed", "no data"),
        ("closed", "ended"),
    ]
    assert run.told()[-1].onset_ms == last
    end = run.told()[1].end_ms
    assert end is not None
    assert gone <= end - last <= gone + 2 * cadence


def test_a_young_series_ends_without_a_word_before() -> None:
    run = play(noise(20), HOUR_MS)
    for day in (6, 9, 12):
        run.tick(START + day * DAY_MS)
        assert [t.kind for t in run.told()] == (["ended"] if day > 7 else [])


def test_a_series_with_long_gaps_is_given_time() -> None:
    """Gaps of five days are known, so eight are no news; twelve are, and it has ended at once."""
    values = noise(800)
    for at in (100, 300, 500):
        values[at : at + 120] = np.nan
    run = play(values, HOUR_MS)
    before = run.told()
    end = START + 800 * HOUR_MS
    run.tick(end + 8 * DAY_MS)
    assert run.told() == before
    run.tick(end + 20 * DAY_MS)
    assert [(t.change, t.kind) for t in run.told()[len(before) :]] == [
        ("opened", "no data"),
        ("closed", "no data"),
        ("closed", "ended"),
    ]
    assert all(t.buckets >= 240 for t in run.told()[len(before) : -1])


def test_ten_years_of_silence_cost_nothing() -> None:
    run = play(noise(USUAL))
    later = START + 10 * 365 * DAY_MS
    run.send(later + MINUTE_MS * np.arange(12), noise(12))
    run.tick(later + 30 * MINUTE_MS)
    assert [t.kind for t in run.told()] == ["no data", "no data", "ended"]
    assert len(run.observations()) == USUAL + 12
    assert int(run.shard.common["episode"][0]) == -1


# ---------------------------------------------------------------------- declarations


def test_static_bounds_hold_from_the_first_sample() -> None:
    run = Run()
    run.declare("orders", static_upper=50.0, static_lower=-50.0)
    values = np.zeros(20)
    values[0], values[10] = 60.0, -51.0
    play(values, run=run)
    opened = run.told(0, "opened")
    assert [(t.kind, t.direction) for t in opened] == [("spike", 1), ("dip", -1)]
    assert opened[0].onset_ms == START
    assert [i for i, v in enumerate(run.verdicts()) if v == Verdict.STATIC_BOUND] == [0, 10]


@pytest.mark.parametrize(
    ("polarity", "kinds"), [("both", ["spike", "dip"]), ("up", ["spike"]), ("down", ["dip"])]
)
def test_only_the_side_that_matters_is_told(polarity: str, kinds: list[str]) -> None:
    run = Run()
    run.declare("orders", polarity=polarity)
    values = noise(USUAL + 200)
    values[USUAL] += 30.0
    values[USUAL + 100] -= 30.0
    play(values, run=run)
    assert [t.kind for t in run.told(0, "opened")] == kinds
    verdicts = [run.verdicts()[at] for at in (USUAL, USUAL + 100)]
    assert verdicts.count(Verdict.BELOW_MIN_CHANGE) == 2 - len(kinds)


@pytest.mark.parametrize("declared", [{"min_change_absolute": 40.0}, {"min_change_relative": 0.4}])
def test_a_change_too_small_to_matter(declared: dict[str, float]) -> None:
    run = Run()
    run.declare("orders", **declared)
    values = noise(USUAL + 200)
    values[USUAL] += 30.0
    values[USUAL + 100] += 50.0
    play(values, run=run)
    assert [(t.onset_ms - START) // MINUTE_MS for t in run.told(0, "opened")] == [USUAL + 100]
    assert run.verdicts()[USUAL] == Verdict.BELOW_MIN_CHANGE
    assert run.verdicts()[USUAL + 100] == Verdict.ANOMALY


def shares(count: int, n: int, p: float = 0.02) -> NDArray[np.float64]:
    return np.random.default_rng(5).binomial(n, p, count) / n


def test_a_share_of_few_cases_cannot_alarm() -> None:
    run = Run()
    run.declare("orders", kind="ratio")
    y = shares(USUAL + 50, 50)
    n = np.full(len(y), 50.0)
    y[USUAL], n[USUAL] = 0.5, 2.0  # one of two
    y[USUAL + 25], n[USUAL + 25] = 0.6, 50.0  # thirty of fifty
    run.send(START + MINUTE_MS * np.arange(len(y)), y, 0, n)
    assert [(t.onset_ms - START) // MINUTE_MS for t in run.told(0, "opened")] == [USUAL + 25]
    seen = run.observations()
    assert (seen.lower[600:] >= 0.0).all()
    assert (seen.upper[600:] <= 1.0).all()
    assert not np.isnan(seen.score).any()


def test_a_share_of_few_cases_teaches_less() -> None:
    """In proportion to its cases, beside the usual number; of more it teaches no more."""

    def moved(cases: float) -> float:
        run = Run()
        run.declare("orders", kind="ratio")
        y = shares(USUAL + 5, 50, 0.2)
        n = np.full(len(y), 50.0)
        y[USUAL], n[USUAL] = 0.3, cases
        run.send(START + MINUTE_MS * np.arange(len(y)), y, 0, n)
        return float(np.diff(run.observations().expected[USUAL : USUAL + 2])[0])

    usual = moved(50.0)
    assert usual > 0.0
    assert moved(5.0) == pytest.approx(0.1 * usual, rel=0.1)
    assert moved(500.0) == pytest.approx(usual, rel=0.05)


# ---------------------------------------------------------------------- civil time


def daily(zone: str, first: str, last: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """A day's cycle by the clock on the wall, every hour."""
    at = [int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) for day in (first, last)]
    seconds = np.arange(at[0], at[1], 3600)
    clock = np.array([datetime.fromtimestamp(int(s), ZoneInfo(zone)).hour for s in seconds])
    busy = np.where((clock >= 8) & (clock < 18), 200.0, 20.0)
    return seconds * 1000, busy + np.random.default_rng(3).standard_normal(len(busy))


def test_a_day_by_the_wall_clock_over_both_changes_of_it() -> None:
    ts, values = daily("America/New_York", "2026-01-19", "2026-12-01")
    by_tag = Run([Identity.of("orders", {"tz": "America/New_York"})])
    declared = Run()
    declared.declare("orders", timezone="America/New_York")
    default = Run(zone="America/New_York")
    for run in (by_tag, declared, default):
        run.send(ts, values, mode=Mode.BACKFILL)
        told = np.array([one.onset_ms for one in run.told(0, "opened")])
        assert len(told) <= 4, "one in ten weeks is what is asked for"
        for change in ("2026-03-08", "2026-11-01"):
            apart = told - datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp() * 1000
            assert np.all(np.abs(apart) > 7 * DAY_MS)
    assert by_tag.outcome() == declared.outcome() == default.outcome()
    without = Run()
    without.send(ts, values, mode=Mode.BACKFILL)
    assert without.told() != []
